"""A simulation's outcome in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.console.sentences import printable
from orchestrator.proof.tally import days_of

_BARS: Final = "▁▂▃▄▅▆▇█"
_COLUMNS: Final = 60
_NAMED: Final = 3


def report(outcome: Mapping[str, Any]) -> Iterator[str]:
    """The lines, the first of each part at the margin."""
    yield from _events(outcome)
    yield from _channels(outcome["journeys"])
    for journey in outcome["journeys"]:
        yield ""
        yield from _journey(journey)


def _events(outcome: Mapping[str, Any]) -> Iterator[str]:
    yield f"{outcome['events']:,} events of {outcome['customers']:,} customers and visitors, nothing was sent"
    if outcome["from"] is not None:
        yield f"  from {_day(outcome['from'])} to {_day(outcome['to'])}, in the events' own time"
    odd = [
        (outcome["merged"], "visitors became known"),
        (outcome["duplicates"], "came twice and count once"),
        (outcome["late"], "came too late to begin anything"),
        (sum(outcome["dead_letters"].values()), "were of no use" + _codes(outcome["dead_letters"])),
    ]
    yield from (f"  {count:,} {what}" for count, what in odd if count)
    yield f"{outcome['actions']:,} actions would go out, {outcome['cancelled']:,} of them be withdrawn in time"


def _channels(journeys: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    days = days_of(journeys)
    every = sorted({day for counts in days.values() for day in counts})
    if not every:
        return
    for channel, counts in days.items():
        busiest, most = max(counts.items(), key=lambda row: (row[1], row[0]))
        total, bars = sum(counts.values()), _spark(counts, every)
        yield f"  {channel:<8} {total:>8,}  {bars}  at most {most:,} a day, on {busiest}"


def _journey(journey: Mapping[str, Any]) -> Iterator[str]:
    entered = f"{journey['entered']:,} times, {journey['customers']:,} customers"
    yield f"{journey['journey']} ({journey['version']}): entered {entered}"
    for sample in journey["sample"][:_NAMED]:
        who, when = printable(sample["customer"], 36), _minute(sample["at"])
        yield f"  such as {who} on {when}, by {sample['event'] or 'time'}"
    for reason, count in list(journey["not_let_in"].items())[:_NAMED]:
        yield f"  {count:,} not let in: {printable(reason)}"
    if journey["cap_hits"]:
        yield f"  {journey['cap_hits']:,} times a cap on entries was reached"
    if journey["held_out"]:
        yield f"  {journey['held_out']:,} customers are held out, to be compared with"
    yield from _steps(journey["steps"])
    for experiment, arms in journey["arms"].items():
        yield f"  experiment {experiment}: {', '.join(f'{arm} {count:,}' for arm, count in arms.items())}"
    for goal in journey["goals"]:
        worth = f", worth {goal['value']:,.2f}" if goal["value"] else ""
        yield f"  goal {goal['goal']} reached {goal['reached']:,} times{worth}"
    for action in journey["actions"]:
        cancelled = f", {action['cancelled']:,} withdrawn" if action["cancelled"] else ""
        yield f"  → {action['channel']} {action['action']}: {action['sent']:,}{cancelled}"
        for sample in action["sample"][:1]:
            yield f"      such as “{sample['says']}” to {printable(sample['customer'], 36)} on {_minute(sample['at'])}"
    for found in journey["against"]:
        yield (
            f"  ✕ {found['action']} {found['outcome']} {found['count']:,} times by the rule {found['rule']}, "
            f"such as: {printable(found['detail'], 100)}"
        )


def _steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    width = max((len(step["step"]) for step in steps), default=0)
    yield f"  {'':<{width}}  {'entered':>9} {'left':>9} {'waiting':>9}"
    for step in steps:
        exited = f"  {step['exited']:,} left the journey" if step["exited"] else ""
        ways = ", ".join(f"{name} {count:,}" for name, count in step.get("ways", {}).items())
        numbers = f"{step['entered']:>9,} {step['left']:>9,} {step['waiting']:>9,}"
        yield f"  {step['step']:<{width}}  {numbers}{exited}{f'  ({ways})' if ways else ''}"


def _spark(counts: Mapping[str, int], days: Sequence[str]) -> str:
    """One bar for each day, or for each few days where there are too many."""
    per = -(-len(days) // _COLUMNS)
    sums = [sum(counts.get(day, 0) for day in days[at : at + per]) for at in range(0, len(days), per)]
    most = max(sums)
    return "".join(_BARS[(count * (len(_BARS) - 1) + most - 1) // most] if count else " " for count in sums)


def _codes(codes: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{code} {count:,}' for code, count in codes.items())})" if codes else ""


def _day(moment: str) -> str:
    return moment[:10]


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
