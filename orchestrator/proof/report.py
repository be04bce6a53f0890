"""A simulation's outcome in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.console.counting import counted, times
from orchestrator.console.sentences import printable
from orchestrator.proof.tally import days_of

_BARS: Final = "▁▂▃▄▅▆▇█"
_COLUMNS: Final = 60
_NAMED: Final = 3


def report(outcome: Mapping[str, Any]) -> Iterator[str]:
    """The lines, the first of each part at the margin."""
    if not outcome["events"] and not outcome["dead_letters"]:
        yield "there was nothing to simulate: no event was read"
        return
    yield from _events(outcome)
    yield from _channels(outcome["journeys"])
    for journey in outcome["journeys"]:
        yield ""
        yield from _journey(journey)


def _events(outcome: Mapping[str, Any]) -> Iterator[str]:
    whose = counted(outcome["customers"], "customer or visitor", "customers and visitors")
    yield f"{counted(outcome['events'], 'event')} of {whose}, nothing was sent"
    if outcome["from"] is not None:
        yield f"  from {_day(outcome['from'])} to {_day(outcome['to'])}, in the events' own time"
    odd = [
        (outcome["merged"], "visitor", "became known"),
        (outcome["duplicates"], "event", "came twice and counted once"),
        (outcome["late"], "event", "came too late to begin anything"),
        (sum(outcome["dead_letters"].values()), "record", "could not be used" + _codes(outcome["dead_letters"])),
    ]
    yield from (f"  {counted(count, thing)} {what}" for count, thing, what in odd if count)
    yield f"{counted(outcome['actions'], 'action')} would go out, {outcome['cancelled']:,} withdrawn in time"


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
    entered = f"{times(journey['entered'])}, by {counted(journey['customers'], 'customer')}"
    yield f"{journey['journey']} ({journey['version']}): entered {entered if journey['entered'] else 'by nobody'}"
    for sample in journey["sample"][:_NAMED]:
        who, when = printable(sample["customer"], 36), _minute(sample["at"])
        yield f"  such as {who} on {when}, by {sample['event'] or 'time'}"
    for reason, count in list(journey["not_let_in"].items())[:_NAMED]:
        yield f"  {count:,} not let in: {printable(reason)}"
    if journey["cap_hits"]:
        yield f"  a cap on entries was reached {times(journey['cap_hits'])}"
    if journey["held_out"]:
        yield f"  held out, to be compared with: {counted(journey['held_out'], 'customer')}"
    yield from _steps(journey["steps"])
    for experiment, arms in journey["arms"].items():
        yield f"  experiment {experiment}: {', '.join(f'{arm} {count:,}' for arm, count in arms.items())}"
    for goal in journey["goals"]:
        worth = f", worth {goal['value']:,.2f}" if goal["value"] else ""
        yield f"  goal {goal['goal']} reached {times(goal['reached'])}{worth}"
    for action in journey["actions"]:
        cancelled = f", {action['cancelled']:,} withdrawn" if action["cancelled"] else ""
        yield f"  → {action['channel']} {action['action']}: {action['sent']:,}{cancelled}"
        for sample in action["sample"][:1]:
            yield f"      such as “{sample['says']}” to {printable(sample['customer'], 36)} on {_minute(sample['at'])}"
    for found in journey["against"]:
        yield (
            f"  ✕ {found['action']} {found['outcome']} {times(found['count'])} by the rule {found['rule']}, "
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
