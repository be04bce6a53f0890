"""What goes wrong on purpose, so that dead letters, duplicates and late events can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Any
from zlib import crc32

import orjson

from orchestrator.moments import format_moment
from orchestrator.shop.line import CLICK, Defect, Line

_DUPLICATE_ONE_IN = 1000
_LATE_ONE_IN = 2500
_DUPLICATE_MS = (200, 90_000)
_LATE_MS = (2 * 3_600_000, 72 * 3_600_000)
_BAD_COUNT = 20
_KEY = b"synthetic-defect"
_NOT_JSON = (
    b'{"messageId":"synthetic-cut-off","type":"track","event":"Product Vie',
    b"<html><body>502 Bad Gateway (synthetic)</body></html>",
    b"synthetic;Product Viewed;P-101",
)
_NO_IDENTITY = (
    {"type": "track", "event": "Product Viewed"},
    {"type": "track", "event": "Product Viewed", "userId": "", "anonymousId": None},
)
_HOME = {"type": "page", "name": "Home", "userId": "synthetic-user"}
_ABSURD_TIMES = ("9999-12-31T23:59:59.000Z", "0001-01-01T00:00:00Z", "yesterday at noon")


def with_defects(lines: Iterable[Line], seed: int) -> list[Line]:
    """The lines with duplicates, late ones and bad records among them, in order of their record times."""
    told = sorted(lines, key=_time)
    hurt = [hurt for line in told for hurt in _hurt(line, seed)]
    bad = _bad(told[0].timestamp_ms, told[-1].timestamp_ms)
    return sorted([*hurt, *bad], key=_time)


def _time(line: Line) -> int:
    return line.timestamp_ms


def _hurt(line: Line, seed: int) -> Iterator[Line]:
    """A line, perhaps late or followed by its duplicate: its own bytes decide."""
    dice = crc32(line.value, seed)
    if line.topic == CLICK and dice % _LATE_ONE_IN == 1:
        yield _again(line, Random(dice).randint(*_LATE_MS), Defect.LATE)
        return
    yield line
    if dice % _DUPLICATE_ONE_IN == 0:
        yield _again(line, Random(dice).randint(*_DUPLICATE_MS), Defect.DUPLICATE)


def _again(line: Line, after_ms: int, defect: Defect) -> Line:
    return replace(line, timestamp_ms=line.timestamp_ms + after_ms, defect=defect)


def _bad(first_ms: int, last_ms: int) -> Iterator[Line]:
    """Records that nobody can use, spread over the whole time."""
    for index in range(_BAD_COUNT):
        at_ms = first_ms + (last_ms - first_ms) * (2 * index + 1) // (2 * _BAD_COUNT)
        defect, value = _bad_value(index, at_ms)
        yield Line(CLICK, _KEY, value, at_ms, defect)


def _bad_value(index: int, at_ms: int) -> tuple[Defect, bytes]:
    turn, kind = divmod(index, 3)
    if kind == 0:
        return Defect.NOT_JSON, _NOT_JSON[turn % len(_NOT_JSON)]
    message: dict[str, Any] = {"messageId": f"synthetic-{index:02d}", "context": {"synthetic": True}}
    if kind == 1:
        message |= {"timestamp": format_moment(at_ms)} | _NO_IDENTITY[turn % len(_NO_IDENTITY)]
        return Defect.NO_IDENTITY, orjson.dumps(message)
    message |= {"timestamp": _ABSURD_TIMES[turn % len(_ABSURD_TIMES)]} | _HOME
    return Defect.ABSURD_TIME, orjson.dumps(message)
