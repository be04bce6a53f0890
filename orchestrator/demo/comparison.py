"""The demo's last table: the same events without and with the policy, and what the live run did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final

import orjson

from orchestrator.console.sentences import printable
from orchestrator.journeys.pack import Pack
from orchestrator.proof.contact_pressure import (
    NIGHT_FROM,
    NIGHT_UNTIL,
    WEEKLY,
    ContactPressure,
    personal_channels,
)
from orchestrator.proof.simulation import Past, Simulation, simulate
from orchestrator.settings import Settings
from orchestrator.shop.line import Line

_WIDTH: Final = 62
_AT_ONCE: Final = "0 minutes"
_ACTIONS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was said without the policy, with it, and by the worker; ``told`` has the worker's records by customer."""

    before: ContactPressure
    after: ContactPressure
    live: ContactPressure
    told: Mapping[str, list[dict[str, Any]]]


def compare(
    pack: Pack,
    settings: Settings,
    lines: Iterable[Line],
    told: Mapping[str, list[dict[str, Any]]],
    until_ms: int,
    wanted: Callable[[], bool] = lambda: True,
) -> Comparison:
    """Shows the events to the pure engine twice, and takes in what the worker said, by customer.

    It ends early, and says nothing of use, once it is not ``wanted`` any more.
    """
    past = [Past(line.topic, line.key, line.value, line.timestamp_ms) for line in lines]
    before, after, live = (_watching(pack) for _ in range(3))
    for watcher, definitions in ((before, without_policy(pack)), (after, pack)):
        simulation = Simulation(definitions, settings, [watcher])
        simulate(simulation, takewhile(lambda _: wanted(), past), until_ms if wanted() else 0)
    for values in told.values():
        live.take(values)
    return Comparison(before, after, live, told)


def without_policy(pack: Pack) -> Pack:
    """The same journeys and offers, without the contact policy and without service before sales.

    Nothing goes first for its goal, and no journey keeps other messages away.
    """
    plain = orjson.loads(pack.to_json())
    policy = plain.setdefault("policy", {})
    policy.pop("contact", None)
    policy["arbitration"] = {"first": []}
    plain.pop("suppressed", None)
    _end_quiets(plain["journeys"])
    return Pack.from_json(orjson.dumps(plain))


def _end_quiets(plain: Any) -> None:
    """A quiet that ends as it begins keeps nothing away, and leaves all steps their ids."""
    if isinstance(plain, dict):
        if isinstance(plain.get("quiet"), dict) and "for" in plain["quiet"]:
            plain["quiet"]["for"] = _AT_ONCE
        for inner in plain.values():
            _end_quiets(inner)
    elif isinstance(plain, list):
        for inner in plain:
            _end_quiets(inner)


def _watching(pack: Pack) -> ContactPressure:
    addresses = {name: channel.address for name, channel in pack.channels.items()}
    return ContactPressure(personal_channels(addresses), pack.policy.timezone, pack.policy.arbitration.first)


def table(comparison: Comparison) -> Iterator[str]:
    """The lines, at most 100 characters wide."""
    yield ""
    yield "Contact pressure: the same events through the engine without and with the policy, and live"
    yield "  without: no contact policy, no quiet for service; live: what the worker said, in fast motion,"
    yield "  where an event that comes hours later by the data's time finds its offer for a page expired"
    yield _row("", ("without", "with", "live"))
    yield from _pressure(comparison)
    yield ""
    yield from _kept(comparison)
    yield ""
    yield from _goals(comparison)
    yield ""
    yield from _service(comparison)


def _pressure(comparison: Comparison) -> Iterator[str]:
    runs = [run.figures() for run in (comparison.before, comparison.after, comparison.live)]
    night = f"{NIGHT_FROM}:00 to {NIGHT_UNTIL:02}:00"
    for name, values in (
        ("messages by mail, call and the like", [run.messages for run in runs]),
        ("  of them marketing", [run.marketing for run in runs]),
        ("customers who got any", [run.customers for run in runs]),
        ("messages in a customer's week with any: mean", [f"{run.mean:.2f}" for run in runs]),
        ("  in 95 of 100 such weeks at most", [run.p95 for run in runs]),
        ("  at most", [run.most for run in runs]),
        (f"customers with more than {WEEKLY} marketing messages in 7 days", [run.crowded for run in runs]),
        ("marketing messages after the first of the same day", [run.same_day for run in runs]),
        (f"marketing messages at night, {night} where they are", [run.at_night for run in runs]),
    ):
        yield _row(name, values)


def _kept(comparison: Comparison) -> Iterator[str]:
    runs = [run.stopped for run in (comparison.before, comparison.after, comparison.live)]
    yield "Messages held for a while, and not sent at all, by rule"
    for rule, outcome in sorted({key for run in runs for key in run}):
        words = "held" if outcome == "held" else "not sent"
        yield _row(f"{rule}: {words}", [run[rule, outcome] for run in runs])


def _goals(comparison: Comparison) -> Iterator[str]:
    runs = [run.by_goal() for run in (comparison.before, comparison.after, comparison.live)]
    yield "Actions by goal and channel"
    for goal, channel in sorted({key for run in runs for key in run}):
        yield _row(f"{goal:<11} {channel}", [run[goal, channel] for run in runs])


def _service(comparison: Comparison) -> Iterator[str]:
    runs = [comparison.before, comparison.after, comparison.live]
    yield "Service before sales: what was due together with service, and service won"
    yield _row("marketing due while a journey had asked for quiet", [len(run.withheld) for run in runs])
    yield _row("  went out when that was over", [run.sent_later for run in runs])
    yield _row("  was not sent", [len(run.withheld) - run.sent_later for run in runs])
    yield _row("placements filled without the marketing that such a quiet holds", [run.hushed for run in runs])
    yield _row("choices in which service stood before what was worth more", [len(run.outranked) for run in runs])
    most = Counter(value["action"] for value in comparison.live.withheld.values()).most_common(_ACTIONS_SHOWN)
    if most:
        yield "  live, most of all: " + ", ".join(f"{action} {count}" for action, count in most)
    yield from example(comparison)


def example(comparison: Comparison) -> Iterator[str]:
    """One conflict line by line: who asked for quiet, what was due, and what became of it."""
    first = comparison.live.first
    found = [told for value in comparison.live.withheld.values() if (told := _told(comparison, value, first)).lines]
    if found:
        yield "  One of them, line by line:"
        best = max(found, key=lambda told: (told.served, len(told.lines)))
        yield from (f"    {line}" for line in best.lines)


@dataclass(frozen=True, slots=True)
class _Told:
    """A conflict in lines, and whether service said something meanwhile; no lines if it does not show who asked."""

    lines: list[str]
    served: bool = False


def _told(comparison: Comparison, due: dict[str, Any], first: Collection[str]) -> _Told:
    customer, at, id_ = due["customer_id"], due["decided_at"], due["action_id"]
    values = comparison.told.get(customer, [])
    asked = [value for value in values if _asks_for_quiet(value) and value["at"] <= at]
    if not asked:
        return _Told([])
    last = max(asked, key=lambda value: str(value["at"]))
    trigger = last["trigger"]["type"] if last["trigger"] is not None else "a time"
    actions = [value for value in values if value["kind"] == "action"]
    during = [
        value
        for value in actions
        if value.get("journey") == last["journey"] and last["at"] <= value["decided_at"] <= at
    ]
    what = "has to wait" if due["outcome"] == "held" else "is not sent"
    lines = [
        f"{_moment(last['at'])}  {customer}: {trigger} begins {last['journey']}, which asks for quiet",
        *(f"{_moment(value['decided_at'])}  {value['action']} goes out on {value['channel']}" for value in during),
        f"{_moment(at)}  {due['action']} is due and {what}:",
        f"              {printable(due['reasons'][0]['detail'])}",
        *(
            f"{_moment(value['decided_at'])}  {value['action']} goes out on {value['channel']}"
            for value in actions
            if value["action_id"] == id_
        ),
    ]
    return _Told(lines, any(value.get("goal") in first for value in during))


def _asks_for_quiet(value: Mapping[str, Any]) -> bool:
    return (value["kind"], value.get("happened")) == ("step", "quiet")


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%d %b %H:%M}"


def _row(name: str, values: Iterable[object]) -> str:
    cells = (f"{value:,}" if isinstance(value, int) else str(value) for value in values)
    return f"  {name:<{_WIDTH + 2}}" + "".join(f"{cell:>10}" for cell in cells)
