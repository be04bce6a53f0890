"""Rules of this file: what the outcomes on one partition of ``journey-log`` add up to.

Each message counts in the fortnight in which it was sent, whenever its outcome comes, so that no more can follow than
were told; a message that failed is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from orchestrator.engine.models import HOURS
from orchestrator.learning.tally import Tally, fortnight_of

ACTIONS_KEPT: Final = 1_000
"""Pairs of action and channel."""
GROUPS_KEPT: Final = 300
CHANNELS_KEPT: Final = 30

TRIED, OPENED, CLICKED, CONVERTED, FOLLOWED = range(5)
"""The columns of actions and groups; who replies has clicked, so to say."""
SENT_AT, READ_AT, OPENED_AT = (HOURS * block for block in range(3))
"""Where blocks of 24 hours begin in the row of a channel: sent, read by hour of sending, opened by hour of opening."""

_FAILED: Final = "failed"
_READ: Final = frozenset({"opened", "clicked", "replied"})
_ANSWERED: Final = frozenset({"clicked", "replied"})


class Outcomes:
    """Counts of one partition.

    ``actions`` is by action and channel, ``groups`` by group and channel, ``hours`` by channel.
    """

    KIND: Final = "outcomes"
    LINE: Final = b'{"kind":"outcome",'

    __slots__ = ("actions", "groups", "hours")

    def __init__(self) -> None:
        self.actions = Tally(FOLLOWED + 1, ACTIONS_KEPT)
        self.groups = Tally(FOLLOWED + 1, GROUPS_KEPT)
        self.hours = Tally(HOURS * 3, CHANNELS_KEPT)

    def take(self, line: Mapping[str, Any]) -> None:
        """Counts a line of kind "outcome". Raises KeyError, TypeError or ValueError for a damaged one."""
        changes = _changes(line)
        if not changes:
            return
        channel, sent_at = str(line["channel"]), _milliseconds(line["sent_at"])
        fortnight = fortnight_of(sent_at)
        self.actions.add((str(line["action"]), channel), fortnight, changes)
        if line["group"] is not None:
            self.groups.add((str(line["group"]), channel), fortnight, changes)
        hours = _hours(changes, int(line["sent_hour"]), int(line["hour"]))
        if hours:
            self.hours.add((channel,), fortnight, hours)

    def plain(self) -> dict[str, Any]:
        """As JSON has it; the same counts are the same bytes."""
        return {"actions": self.actions.plain(), "groups": self.groups.plain(), "hours": self.hours.plain()}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Outcomes:
        """The counts of ``plain``. Raises KeyError, TypeError or ValueError for something else."""
        outcomes = cls()
        outcomes.actions.take(plain["actions"])
        outcomes.groups.take(plain["groups"])
        outcomes.hours.take(plain["hours"])
        return outcomes


def _changes(line: Mapping[str, Any]) -> list[tuple[int, int]]:
    """What a line changes: of what was counted of the message before, nothing is counted again."""
    what, was = line["what"], line["was"]
    changes = []
    if what == "published" or was == _FAILED != what:
        changes.append((TRIED, 1))
    elif what == _FAILED:
        changes.append((TRIED, -1))
    if what in _READ and was not in _READ:
        changes.append((OPENED, 1))
    if what in _ANSWERED and was not in _ANSWERED:
        changes.append((CLICKED, 1))
    if what == "converted" and line["first"]:
        changes.append((CONVERTED, 1))
    if line["followed"]:
        changes.append((FOLLOWED, 1))
    return changes


def _hours(changes: list[tuple[int, int]], sent_hour: int, hour: int) -> list[tuple[int, int]]:
    hours = []
    for column, count in changes:
        if column == TRIED:
            hours.append((SENT_AT + sent_hour, count))
        elif column == OPENED:
            hours += [(READ_AT + sent_hour, count), (OPENED_AT + hour, count)]
    return hours


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
