"""One customer's story, line by line: what they did, and what the orchestrator did about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from orchestrator.console.sentences import headline, printable
from orchestrator.shop.line import Line

_LONGEST: Final = 18
_MERGE_WEIGHT: Final = 3
_WITHDRAWN_WEIGHT: Final = 3


@dataclass(frozen=True, slots=True)
class Happening:
    """One line. ``tag`` says what kind of thing it is: a story of many kinds is a rich one."""

    at: str
    order: int
    text: str
    tag: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Story:
    """A customer and what happened, in order of time."""

    customer_id: str
    happenings: Sequence[Happening]

    @property
    def richness(self) -> int:
        """Kinds of happenings, and some more for those that show what is special; long stories are tiring."""
        weights = {happening.tag: happening.weight for happening in self.happenings}
        return sum(weights.values()) - 2 * max(0, len(self.happenings) - _LONGEST)

    def lines(self) -> list[str]:
        """For a person: the moment stands where it changes."""
        lines, before = [], ""
        for happening in self.happenings:
            moment = f"{datetime.fromisoformat(happening.at):%d %b %H:%M}"
            lines.append(f"{moment if moment != before else '':<12}  {happening.text}")
            before = moment
        return lines


def richest(by_customer: Mapping[str, Iterable[dict[str, Any]]], lines: Iterable[Line]) -> Story | None:
    """The story with the most to see; None when nothing happened to anybody."""
    told = {customer: list(values) for customer, values in by_customer.items()}
    owners = _owners(told)
    # Only stays in journeys that came to a decision are told.
    fruitful = {
        (owners.get(customer, customer), value["instance"])
        for customer, values in told.items()
        for value in values
        if value["kind"] == "decision"
    }
    gathered: dict[str, list[Happening]] = {}
    for customer, values in told.items():
        owner = owners.get(customer, customer)
        worth = [value for value in values if value["kind"] != "step" or (owner, value["instance"]) in fruitful]
        gathered.setdefault(owner, []).extend(_happenings(worth))
    stories = [Story(customer, _tidy(happenings)) for customer, happenings in gathered.items()]
    best = max(stories, key=lambda story: (story.richness, story.customer_id), default=None)
    if best is None:
        return None
    ids = {best.customer_id} | {alias for alias, owner in owners.items() if owner == best.customer_id}
    return Story(best.customer_id, _tidy([*best.happenings, *_deeds(lines, ids)]))


def _owners(told: Mapping[str, Iterable[dict[str, Any]]]) -> dict[str, str]:
    """By anonymous id: whose it is in the end."""
    return {
        value["anonymous_id"]: customer
        for customer, values in told.items()
        for value in values
        if value["kind"] == "identity" and value["happened"] == "merged"
    }


def _happenings(values: Iterable[dict[str, Any]]) -> Iterable[Happening]:
    for value in values:
        happening = _of_action(value) or _of_decision(value) or _of_step(value)
        if happening is not None:
            yield happening


def _of_action(value: dict[str, Any]) -> Happening | None:
    at, name = value.get("decided_at", ""), value.get("action", "")
    if value["kind"] == "action":
        text = f"  → {value['channel']}: {name} “{headline(value['content'])}”"
        return Happening(at, 3, text, f"action {name}", 2)
    if value["kind"] == "cancel":
        return Happening(
            at, 2, f"  → {value['channel']}: {name} is withdrawn, since {value['reason']}", "cancel", _WITHDRAWN_WEIGHT
        )
    return None


def _of_decision(value: dict[str, Any]) -> Happening | None:
    if value["kind"] != "decision" or value["outcome"] not in ("refused", "held"):
        return None
    why = "; ".join(printable(reason["detail"]) for reason in value["reasons"])
    what = "is not sent" if value["outcome"] == "refused" else "has to wait"
    return Happening(
        value["decided_at"], 3, f"  {value['action']} {what}: {why}", f"{value['outcome']} {value['action']}"
    )


def _of_step(value: dict[str, Any]) -> Happening | None:
    at, happened = value.get("at", ""), value.get("happened")
    if value["kind"] == "identity":
        if happened != "merged":
            return None
        text = f"  what the visitor {value['anonymous_id'][:8]} did is {value['customer_id']}'s from now on"
        return Happening(at, 1, text, "merged", _MERGE_WEIGHT)
    if value["kind"] != "step":
        return None
    if happened == "entered":
        return Happening(at, 1, f"  enters {value['journey']}", f"entered {value['journey']}")
    if happened == "exited":
        return Happening(
            at, 1, f"  leaves {value['journey']}: {printable(value['reason'])}", f"exited {value['journey']}", 2
        )
    return None


def _tidy(happenings: Iterable[Happening]) -> list[Happening]:
    """In order; what an action's line tells is not told twice, and of equal lines one is enough."""
    ordered = sorted(happenings, key=lambda happening: (happening.at, happening.order))
    tidy: list[Happening] = []
    for happening in ordered:
        if not any(happening.text == other.text and happening.at == other.at for other in tidy[-4:]):
            tidy.append(happening)
    return tidy


def _deeds(lines: Iterable[Line], ids: set[str]) -> Iterable[Happening]:
    """What the customer did that changes things: of clicks only those that say so."""
    for line in lines:
        if line.defect or line.key.decode() not in ids:
            continue
        message = orjson.loads(line.value)
        text = _deed(message)
        if text is not None:
            yield Happening(message["timestamp"], 0, text, "")


def _deed(message: dict[str, Any]) -> str | None:
    properties = message.get("properties") or {}
    name = message.get("event")
    if message["type"] == "identify" and "created_at" in (message.get("traits") or {}):
        return "registers"
    if name == "Product Added":
        return f"puts “{properties.get('name')}” in the cart ({properties.get('total')} {properties.get('currency')})"
    if name == "Order Completed":
        return f"orders for {properties.get('total')} {properties.get('currency')}"
    if name in ("Payment Failed", "Checkout Failed"):
        return f"{name.lower()}: {str(properties.get('error_code')).replace('_', ' ')}"
    if name == "Call Started":
        who = "calls" if properties.get("direction") == "inbound" else "is called"
        return f"{who} about: {properties.get('reason')}"
    if name == "Support Chat Started":
        return f"starts a chat about: {properties.get('topic')}"
    if name == "Consent Changed":
        return f"{'allows' if properties.get('given') else 'forbids'} {properties.get('channel')} marketing"
    return None
