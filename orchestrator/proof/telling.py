"""A customer's story in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.console.sentences import answered, arbitrated, headline, outcome, printable
from orchestrator.contracts.origin import told_by
from orchestrator.proof.explained import said
from orchestrator.proof.story import Chapter, Record, Story, journey_of
from orchestrator.proof.watching import Asked

_SHOWN: Final = 160
_CANDIDATES: Final = 30
_FIELDS: Final = 4
_REASONS: Final = 3
_HAPPENED: Final = {
    "entered": "enters",
    "exited": "leaves",
    "ended": "is through",
    "refused": "is not let in",
    "waiting": "waits",
    "moved": "goes on",
    "unmet": "cannot be evaluated",
    "merged": "two stays become one",
    "migrated": "comes to this version",
    "unmapped": "stays in this version",
    "updated": "sets a trait",
    "joined": "sends the customer into another journey",
}
_SEGMENT: Final = {"entered": "comes into", "left": "leaves"}
_BEFORE_ALL: Final = ("migrated", "unmapped")


def tell(story: Story, *, single: bool) -> Iterator[str]:
    """The lines; ``single`` says that one journey was asked about, so what it did not do is told each time."""
    ids = [id_ for id_ in story.ids if id_ != story.customer]
    also = f", also known as {', '.join(ids)}" if ids else ""
    yield f"{story.customer}{also}"
    for name, said_last in sorted(story.consents.items()):
        yield f"  consent to {name}: {said_last.partition('T')[0]}"
    for caveat in story.caveats:
        yield f"note: {caveat}"
    for chapter in story.chapters:
        lines = list(_chapter(chapter, single=single))
        if lines:
            yield ""
            yield f"{chapter.at[:19].replace('T', ' ')}  {_cause(chapter)}"
            yield from (f"  {line}" for line in lines)
    yield from _held(story)
    yield from _never(story)


def tell_action(story: Story, action_id: str) -> Iterator[str]:
    """What was decided about one action, first."""
    for decision in story.decisions(action_id):
        yield (
            f"{decision['action']} on {decision['channel']}, {_by(decision)}: "
            f"{decision['outcome']} on {decision['decided_at'][:19].replace('T', ' ')}"
        )
        for reason in decision["reasons"]:
            yield f"  because of the rule {reason['rule']}: {reason['detail']}"
    yield ""


def _candidates(told: list[dict[str, Any]]) -> Iterator[str]:
    """Every action that could have been chosen, the best first, then why each of the others was not."""
    fit = sorted((each for each in told if "factors" in each), key=lambda each: -each["factors"]["priority"])
    for each in [*fit, *(each for each in told if "rule" in each)][:_CANDIDATES]:
        yield f"  {printable(_candidate(each), _SHOWN + 40)}"
    if len(told) > _CANDIDATES:
        yield f"  and {len(told) - _CANDIDATES} more: --json has all"


def _candidate(told: dict[str, Any]) -> str:
    if "rule" in told:
        return f"not {told['action']}, {told['rule']}: {told['detail']}"
    made = told["factors"]
    weights = "".join(f" x {factor:g} ({name})" for name, factor in made["weights"].items())
    product = f"{made['propensity']:g} ({made['propensity_source']}){weights} x ({made['value']:g} - {made['cost']:g})"
    notes = "".join(f"; {note}" for note in made.get("notes") or [])
    return f"{told['action']}: {made['priority']:g} = {product} x {made['lever']:g}{notes}"


def _by(decision: Record) -> str:
    if decision["journey"] is None:
        return f"in {decision['placement']}"
    return f"by step {decision['step']} of {decision['journey']} {decision['journey_version']}"


def _cause(chapter: Chapter) -> str:
    event = chapter.event
    if event is None:
        return chapter.change or "time passed"
    values = {**(event.get("properties") or {}), **(event.get("traits") or {})}
    shown = ", ".join(f"{name}: {said(value)}" for name, value in list(values.items())[:_FIELDS])
    more = ", …" if len(values) > _FIELDS else ""
    return printable(f"{event['name']}{f' {{{shown}{more}}}' if shown else ''}", _SHOWN)


def _chapter(chapter: Chapter, *, single: bool) -> Iterator[str]:
    if chapter.note is not None:
        yield chapter.note
    for record in chapter.records:
        if record["kind"] != "late" or chapter.note is None:
            yield from _of_customer(record)
    for journey in chapter.journeys:
        part = chapter.about(journey)
        if part.not_entered and not part.records:
            # Why not is told below, with the same values.
            part.asked = [asked for asked in part.asked if not asked.place.startswith("entry")]
        if part.records or single:
            yield from _journey(journey, part)
    if single:
        for missed in chapter.not_entered:
            yield f"{missed.journey}: does not enter: {printable(missed.reason, _SHOWN)}"


def _of_customer(record: Record) -> Iterator[str]:
    """What is told of the customer and not of a journey."""
    kind = record["kind"]
    if kind == "answer":
        yield printable(answered(record), _SHOWN)
    elif record.get("placement") is not None:
        yield from _record(record)
    elif kind == "identity":
        yield f"what {record['anonymous_id']} did is {record['happened']}: {record['reason'] or 'by this event'}"
    elif kind == "segment":
        reason = f": {record['reason']}" if record["reason"] else ""
        yield f"{_SEGMENT.get(record['happened'], record['happened'])} the segment {record['segment']}{reason}"
    elif kind == "late":
        yield printable(record["reason"], _SHOWN)
    elif kind == "outcome" and record["what"] != "published":
        yield printable(outcome(record), _SHOWN)


def _journey(journey: str, part: Chapter) -> Iterator[str]:
    version = next((record.get("version") or record.get("journey_version") for record in part.records), None)
    # Whoever is brought to other definitions is so before anything else.
    moved = [record for record in part.records if record.get("happened") in _BEFORE_ALL]
    others = [record for record in part.records if record.get("happened") not in _BEFORE_ALL]
    lines = [*map(_step, moved), *map(_asked, part.asked), *(line for record in others for line in _record(record))]
    if lines:
        yield f"{journey}{f' {version}' if version else ''}"
        yield from (f"  {line}" for line in lines)


def _asked(asked: Asked) -> str:
    holds = {True: "yes", False: "no", None: "cannot be evaluated"}[asked.explained.holds]
    return printable(f"{asked.place}? {holds}: {asked.explained.sentence()}", _SHOWN)


def _record(record: Record) -> Iterator[str]:
    kind = record["kind"]
    if kind == "step":
        yield _step(record)
    elif kind == "decision":
        reasons = "; ".join(f"{reason['rule']}: {reason['detail']}" for reason in record["reasons"])
        what = f"{record['action']} on {record['channel']} is {record['outcome']}"
        yield printable(f"{what}{f', {reasons}' if reasons else ''}  (action {record['action_id']})", _SHOWN + 40)
    elif kind == "arbitration":
        yield printable(f"{told_by(record)}: {arbitrated(record)}", _SHOWN + 40)
        yield from _candidates(record.get("all") or [])
    elif kind == "action":
        yield f"→ {record['channel']}: “{headline(record['content'])}”"
    elif kind == "cancel":
        yield printable(f"→ {record['channel']}: withdrawn, since {record['reason']}", _SHOWN)
    elif kind == "exposure":
        control = ", the control" if record["control"] else ""
        first = ", given now" if record["first"] else ""
        yield f"experiment {record['experiment']}: arm {record['arm']}{control}{first}"
    elif kind == "holdout":
        of = "all journeys" if record["scope"] == "all" else "this journey"
        yield f"{'held out of' if record['held'] else 'not held out of'} {of}, for good"
    elif kind == "goal":
        worth = f", worth {record['value']}" if record["value"] is not None else ""
        yield f"reaches the goal {record['goal']}{worth}"


def _step(record: Mapping[str, Any]) -> str:
    if record["happened"] == "branched":
        return printable(f"at {record['step']} goes on by {record['reason']}", _SHOWN)
    place = f" at {record['step']}" if record["step"] else ""
    stay = record["instance"].partition("/")[2]
    key = f" ({stay})" if stay and record["happened"] in ("entered", "refused") else ""
    reason = f": {record['reason']}" if record["reason"] else ""
    return printable(f"{_HAPPENED.get(record['happened'], record['happened'])}{key}{place}{reason}", _SHOWN)


def _held(story: Story) -> Iterator[str]:
    """Where the customer stands still."""
    if story.held:
        yield ""
        yield "Now"
    for stay, step in sorted(story.held.items()):
        journey = journey_of(stay)
        remedy = f"what falls due is held until 'orchestrator resume {journey}'"
        yield f"  {stay}: stands at {step}; {story.shut[journey]}, and {remedy}"


def _never(story: Story) -> Iterator[str]:
    """Journeys that the customer never came into, and why not."""
    lines = []
    for journey, begins in sorted(story.begins.items()):
        if story.entered(journey):
            continue
        missed = list(story.missed(journey))
        if missed:
            at, last = missed[-1]
            times = f"{len(missed)} times not, " if len(missed) > 1 else ""
            line = f"{journey}: {times}last on {at[:19].replace('T', ' ')}: {last.reason}"
        else:
            while_open = " while it ran" if journey in story.interrupted or journey in story.shut else ""
            line = f"{journey}: it begins {begins}, and that never was{while_open}"
        lines.append(line + (f"; {story.shut[journey]}" if journey in story.shut else ""))
    if lines:
        yield ""
        yield "Never entered"
        yield from (f"  {printable(line, _SHOWN)}" for line in lines)
