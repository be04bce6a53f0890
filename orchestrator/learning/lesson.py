"""Rules of this file: what one partition of ``journey-log`` has taught, and up to where.

The counts are a function of the log's beginning and of nothing else: whoever reads a partition up to an offset has the
counts that anybody else has who read it up to there. So a record that holds counts and offset together is right,
whenever it was written and by whom. Two learners of one partition, as there may be for a moment after a rebalance,
write records of which each is right; at worst the older one stands last, and then the next reader begins there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from orchestrator.learning.outcomes import Outcomes
from orchestrator.learning.snapshot import Counts, Part, encode, key_of


class Lesson:
    """The counts of one kind of one partition while it is read.

    ``offset`` is where to read on, ``skipped`` counts lines that could not be read. How a line of the kind begins says
    its ``LINE``: the others, which are most, are not parsed.
    """

    def __init__(self, partition: int, known: Part | None = None, kind: type[Counts] = Outcomes) -> None:
        self.partition = partition
        self.offset = known.offset if known is not None else 0
        self.skipped = 0
        self._counts = known.counts if known is not None else kind()
        self._written = self.offset
        self._changed = False

    @property
    def unwritten(self) -> int:
        """How far it has read on since it was written down: so much is read again after a crash."""
        return self.offset - self._written

    @property
    def has_news(self) -> bool:
        """Whether there is something to write down that decisions would see."""
        return self._changed

    def hear(self, offset: int, value: bytes | None) -> None:
        """Counts one line of the log; one that was counted before changes nothing."""
        if offset < self.offset:
            return
        self.offset = offset + 1
        if value is not None and value.startswith(self._counts.LINE):
            self._take(value)

    def write(self) -> tuple[bytes, bytes]:
        """The record to write down now, key and value; ``wrote`` says that it is."""
        return key_of(self._counts.KIND, self.partition), encode(Part(self.partition, self.offset, self._counts))

    def wrote(self, offset: int) -> None:
        """What stands before an offset is safe."""
        self._written = max(self._written, offset)
        self._changed = self._changed and self.offset > offset

    def _take(self, value: bytes) -> None:
        try:
            line: Mapping[str, Any] = orjson.loads(value)
            self._counts.take(line)
        except (KeyError, TypeError, ValueError):
            self.skipped += 1
        else:
            self._changed = True
