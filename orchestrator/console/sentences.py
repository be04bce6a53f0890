"""Records of the output topics as lines for a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import typer

from orchestrator.contracts.origin import told_by
from orchestrator.kafka import names

_SHOWN: Final = 70
_NEVER_WRITTEN: Final = "-1"
_HEADLINES: Final = ("subject", "title", "content", "text", "reason", "message", "audience", "object")
_TAG: Final = re.compile(r"<[^>]*>")
_OUTCOME_COLOURS: Final = {"published": "green", "refused": "yellow", "held": "blue", "cancelled": "magenta"}


def sentence(topic: str, value: Any, record: Any) -> str:
    """One line for a record of a logical topic; ``value`` is its JSON, or None if it has none."""
    if topic == names.DEAD_LETTER:
        return dead_letter(record)
    if not isinstance(value, dict):
        return printable(f"{topic}: {record.value!r}")
    if topic == names.DECISIONS:
        return arbitration(value) if value.get("kind") == "arbitration" else decision(value)
    if topic == names.JOURNEY_LOG:
        return step(value)
    return action(value)


def action(value: dict[str, Any]) -> str:
    """An action, or its withdrawal."""
    head = f"{_moment(value.get('decided_at'))}  {_coloured(value.get('channel'), 'cyan', 6)}  {_who(value)}"
    if value.get("kind") == "cancel":
        what = typer.style(f"{value.get('action')} withdrawn", fg="magenta")
        return f"{head}  {what}: {printable(value.get('reason'))}"
    what = typer.style(printable(value.get("action")), bold=True)
    cause = (value.get("trigger") or {}).get("type")
    because = f", because of {printable(cause)}" if cause else ""
    return f"{head}  {what} {_quoted(headline(value.get('content')))}({printable(told_by(value))}{because})"


def decision(value: dict[str, Any]) -> str:
    """Why an action was published, held, refused or cancelled."""
    outcome = str(value.get("outcome"))
    reasons = "; ".join(printable(reason.get("detail")) for reason in value.get("reasons") or [])
    return (
        f"{_moment(value.get('decided_at'))}  {_coloured(outcome, _OUTCOME_COLOURS.get(outcome, 'white'), 9)}  "
        f"{_who(value)}  {typer.style(printable(value.get('action')), bold=True)} ({printable(told_by(value))})"
        + (f": {reasons}" if reasons else "")
    )


def arbitration(value: dict[str, Any]) -> str:
    """Which of several actions were chosen."""
    where = printable(told_by(value))
    head = f"{_moment(value.get('decided_at'))}  {_coloured('chosen', 'cyan', 9)}  {_who(value)}"
    return f"{head}  {where}: {printable(arbitrated(value))}"


def arbitrated(value: Mapping[str, Any]) -> str:
    """What was chosen, with its priority, what came next, and how many were excluded."""
    chosen = ", ".join(f"{each['action']} ({each['factors']['priority']:g})" for each in value.get("chosen") or [])
    after = ", ".join(f"{each['action']} ({each['factors']['priority']:g})" for each in value.get("next") or [])
    excluded = ", ".join(f"{count} by {rule}" for rule, count in (value.get("excluded") or {}).items())
    told = [chosen or "nothing", f"then {after}" if after else "", f"excluded {excluded}" if excluded else ""]
    return "; ".join(part for part in told if part)


def step(value: dict[str, Any]) -> str:
    """A step of a customer in a journey, what became of an identity, or a segment that was entered or left."""
    if value.get("kind") == "journal":
        return f"journal of partition {value.get('partition')}: {len(value.get('entries') or [])} entries"
    said = _REASONS.get(str(value.get("kind")), _reason)(value)
    reason = f": {printable(said)}" if said else ""
    happened = _coloured(value.get("happened") or value.get("kind"), "cyan", 8)
    if value.get("kind") == "identity":
        return f"{_moment(value.get('at'))}  {happened}  {_who(value)}  {printable(value.get('anonymous_id'))}{reason}"
    if value.get("kind") in ("late", "answer", "purchase", "outcome"):
        return f"{_moment(value.get('at'))}  {happened}  {_who(value)} {reason.removeprefix(':')}"
    if value.get("kind") == "segment":
        return (
            f"{_moment(value.get('at'))}  {happened}  {_who(value)}  segment {printable(value.get('segment'))}{reason}"
        )
    place = f" at {printable(value['step'])}" if value.get("step") else ""
    return f"{_moment(value.get('at'))}  {happened}  {_who(value)}  {printable(value.get('journey'))}{place}{reason}"


def _reason(value: dict[str, Any]) -> str:
    return str(value.get("reason") or "")


def _exposure(value: dict[str, Any]) -> str:
    control = " (control)" if value.get("control") else ""
    return f"{value.get('arm')}{control} of experiment {value.get('experiment')}"


def _holdout(value: dict[str, Any]) -> str:
    scope = "all journeys" if value.get("scope") == "all" else "this journey"
    return f"{'held out of' if value.get('held') else 'not held out of'} {scope}"


def _goal(value: dict[str, Any]) -> str:
    worth = f", worth {value['value']}" if value.get("value") is not None else ""
    return f"{value.get('goal')}{worth}"


def answered(value: Mapping[str, Any]) -> str:
    """What a program that asked over HTTP was told to show."""
    shown = ", ".join(str(action.get("action")) for action in value.get("actions") or []) or "nothing"
    left_out = "".join(f", {count} left out by {rule}" for rule, count in (value.get("excluded") or {}).items())
    where = f"{value['placement']} on {value.get('channel')}" if value.get("placement") else value.get("channel")
    return f"{value.get('caller')} asked for {where}, and was told {shown}{left_out}"


def _survey(value: dict[str, Any]) -> str:
    return f"{value.get('score')} in the survey {value.get('survey')} ({value.get('group')})"


def _purchase(value: dict[str, Any]) -> str:
    return ", ".join(map(str, value.get("bought") or ()))


def outcome(value: Mapping[str, Any]) -> str:
    """What became of an action."""
    worth = f", worth {value['value']}" if value.get("value") is not None else ""
    joined = ", the last that was said" if value.get("joined") == "last_touch" else ""
    return f"{value.get('what')}: {value.get('action')} on {value.get('channel')}{joined}{worth}"


_REASONS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "exposure": _exposure,
    "holdout": _holdout,
    "goal": _goal,
    "outcome": outcome,
    "answer": answered,
    "purchase": _purchase,
    "survey": _survey,
}


def dead_letter(record: Any) -> str:
    """What could not be used, where it was, why, and how it begins."""
    told = dead_letter_headers(record)
    place = f"{told.get('topic')}/{told.get('partition')}"
    if told.get("offset") != _NEVER_WRITTEN:
        place += f"@{told.get('offset')}"
    begins = printable((record.value or b"").decode("utf-8", "replace"))
    return (
        f"{_moment(told.get('time'))}  {typer.style(printable(told.get('code')), fg='red')}  {place}  "
        f"{printable(told.get('reason'), 200)}  {typer.style(begins, dim=True)}"
    )


def dead_letter_headers(record: Any) -> dict[str, str]:
    """What the orchestrator wrote on a dead letter: code, reason, topic, partition, offset, timestamp, time."""
    return {
        name.removeprefix("dead-letter-"): value.decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith("dead-letter-") and value is not None
    }


def is_journal(value: Any) -> bool:
    """Whether the value of a record of ``journey-log`` is for the oracle and not for people."""
    return isinstance(value, dict) and value.get("kind") == "journal"


def headline(content: Any) -> str:
    """What an action says first."""
    if not isinstance(content, dict):
        return ""
    texts = [content.get(name) for name in _HEADLINES]
    fields = content.get("fields")
    if isinstance(fields, dict):
        texts.insert(0, fields.get("subject"))
    return next((printable(" ".join(_TAG.sub(" ", text).split())) for text in texts if isinstance(text, str)), "")


def printable(text: Any, length: int = _SHOWN) -> str:
    """A text that can't move the cursor of whoever reads it, shortened."""
    clean = "".join(char if char.isprintable() else " " for char in str(text))
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def _quoted(text: str) -> str:
    return f'"{text}" ' if text else ""


def _who(value: dict[str, Any]) -> str:
    return f"{printable(value.get('customer_id'), 36):<9}"


def _moment(moment: Any) -> str:
    return typer.style(printable(moment)[:19].replace("T", " "), dim=True)


def _coloured(text: Any, colour: str, width: int) -> str:
    return typer.style(f"{printable(text):<{width}}", fg=colour)
