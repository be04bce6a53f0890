"""Rules of this file: from the records of the topic ``models`` to what a decision asks, the same whoever does it.

A record has the counts of one partition of ``journey-log``, and the offset up to which they go; the newest of a key
counts. Counts of all partitions are added up as whole numbers, then weighed by age against the newest of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from orchestrator.engine.cooccurrence import Cooccurrence
from orchestrator.engine.models import HOURS, Counted, Models, Rate
from orchestrator.errors import BadRecord
from orchestrator.learning.outcomes import FOLLOWED, OPENED_AT, READ_AT, SENT_AT, TRIED, Outcomes
from orchestrator.learning.purchases import Purchases
from orchestrator.learning.tally import Tally, weights

Counts = Outcomes | Purchases
"""What a learner keeps of one partition."""

KINDS: Final[tuple[type[Counts], ...]] = (Outcomes, Purchases)
"""All that is learned; each has records of its own."""

_KINDS: Final[Mapping[str, type[Counts]]] = {kind.KIND: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Part:
    """What a record says: these counts are of all that stands before this offset of this partition."""

    partition: int
    offset: int
    counts: Counts


def key_of(kind: str, partition: int) -> bytes:
    """The key of the record of one partition."""
    return f"{kind}/{partition}".encode()


def encode(part: Part) -> bytes:
    """The value of its record; the same counts give the same bytes."""
    plain = {"kind": part.counts.KIND, "partition": part.partition, "offset": part.offset, **part.counts.plain()}
    return orjson.dumps(plain)


def read_model(key: bytes | None, value: bytes | None) -> tuple[str, Part | None]:
    """The key of a record, and what it says; None if it takes back what was said.

    Raises:
        BadRecord: it is none of ours.
    """
    name = (key or b"").decode("utf-8", "replace")
    try:
        kind = _KINDS[name.partition("/")[0]]
        if value is None:
            return name, None
        plain = orjson.loads(value)
        return name, Part(int(plain["partition"]), int(plain["offset"]), kind.of(plain))
    except (KeyError, TypeError, ValueError) as error:
        raise BadRecord("bad_model", f"the model '{name[:80]}' cannot be read: {error!r}") from error


def changed(models: Models, changes: Mapping[str, Part | None], version: int) -> Counted:
    """The snapshot after some records, at a version."""
    parts = {**models.parts, **changes} if isinstance(models, Counted) else dict(changes)
    there = {key: part for key, part in parts.items() if part is not None}
    if any(not key.startswith(Purchases.KIND) for key in changes) or not isinstance(models, Counted):
        return snapshot(there, version)
    return replace(models, version=version, cooccurrence=_cooccurrence(there), parts=there)


def snapshot(parts: Mapping[str, Part], version: int) -> Counted:
    """What these counts amount to."""
    all_counts = [counts for key in sorted(parts) if isinstance(counts := parts[key].counts, Outcomes)]
    weight = weights(max((counts.actions.newest for counts in all_counts), default=0))
    actions = _weighed([counts.actions for counts in all_counts], weight)
    groups = _weighed([counts.groups for counts in all_counts], weight)
    hours = _weighed([counts.hours for counts in all_counts], weight)
    by_channel: dict[str, list[Rate]] = {}
    for (_, channel), row in actions.items():
        by_channel.setdefault(channel, []).append(_followed(row))
    hourly = {channel: _hourly(row) for (channel,), row in hours.items()}
    return Counted(
        version=version,
        followed={(action, channel): _followed(row) for (action, channel), row in actions.items()},
        group_followed={(group, channel): _followed(row) for (group, channel), row in groups.items()},
        channel_followed={channel: _total(rates) for channel, rates in by_channel.items()},
        read={channel: _total(rates) for channel, rates in hourly.items()},
        hourly=hourly,
        opened={channel: tuple(row[OPENED_AT : OPENED_AT + HOURS]) for (channel,), row in hours.items()},
        cooccurrence=_cooccurrence(parts),
        parts=dict(parts),
    )


def _cooccurrence(parts: Mapping[str, Part]) -> Cooccurrence:
    learned = (counts for key in sorted(parts) if isinstance(counts := parts[key].counts, Purchases))
    return Cooccurrence(*(counts.affinities for counts in learned))


def _weighed(tallies: Iterable[Tally], weight: Mapping[int, float]) -> dict[tuple[str, ...], list[float]]:
    whole: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for tally in tallies:
        for key, fortnight, row in tally:
            mine = whole.get((key, fortnight))
            whole[key, fortnight] = row if mine is None else [one + other for one, other in zip(mine, row, strict=True)]
    sums: dict[tuple[str, ...], list[float]] = {}
    for (key, fortnight), row in sorted(whole.items()):
        if fortnight in weight:
            before = sums.get(key)
            weighed = [count * weight[fortnight] for count in row]
            sums[key] = weighed if before is None else [one + more for one, more in zip(before, weighed, strict=True)]
    return sums


def _followed(row: list[float]) -> Rate:
    return _rate(row[TRIED], row[FOLLOWED])


def _hourly(row: list[float]) -> tuple[Rate, ...]:
    return tuple(_rate(row[SENT_AT + hour], row[READ_AT + hour]) for hour in range(HOURS))


def _rate(tried: float, succeeded: float) -> Rate:
    """A message that failed after it was followed, as providers say at times, is no try any more: it was one."""
    return Rate(max(tried, succeeded, 0.0), max(succeeded, 0.0))


def _total(rates: Iterable[Rate]) -> Rate:
    columns = tuple(zip(*rates, strict=True))
    return Rate(*map(sum, columns)) if columns else Rate(0.0, 0.0)


def table(models: Counted) -> list[dict[str, Any]]:
    """What was learned of each action in each channel, as rows for a person: those with most messages first."""
    parts = [part for _, part in sorted(models.parts.items()) if isinstance(part, Part)]
    counts = [part.counts for part in parts if isinstance(part.counts, Outcomes)]
    columns = ("published", "opened", "clicked", "converted", "followed")
    totals: dict[tuple[str, ...], list[int]] = {}
    for tally in counts:
        for key, _, row in tally.actions:
            mine = totals.get(key)
            totals[key] = list(row) if mine is None else [a + b for a, b in zip(mine, row, strict=True)]
    rows = [
        {"action": action, "channel": channel, **dict(zip(columns, row, strict=True))}
        | {"propensity": round(_general(models, action, channel), 4)}
        for (action, channel), row in totals.items()
    ]
    return sorted(rows, key=lambda row: (-row["published"], row["action"], row["channel"]))


def _general(models: Counted, action: str, channel: str) -> float:
    """What is thought of all customers, if the action says nothing of itself."""
    return models.followed.get((action, channel), Rate(0.0, 0.0)).mean(models.supposed(channel, None))
