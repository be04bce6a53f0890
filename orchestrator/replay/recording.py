"""Recorded events, line by line, each on its way to the topic where it belongs."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from orchestrator.errors import BadRecord, UsageError
from orchestrator.events.cloudevents import segment_data
from orchestrator.events.routing import CLICK, key_of, topic_of
from orchestrator.events.timestamps import EARLIEST_MS, LATEST_MS, happened, read_moment, time_field
from orchestrator.kafka.names import EVENT_TOPICS
from orchestrator.moments import format_moment

STDIN: Final = "-"
_GZIP_MAGIC: Final = b"\x1f\x8b"
LINE_BYTES_ALLOWED: Final = 16 << 20
_CHUNK_BYTES: Final = 1 << 20


@dataclass(slots=True)
class Recorded:
    """One record to send.

    ``topic`` is the logical name. ``at`` is when it is to come (UTC ms), None for what tells no time. ``unreadable``
    says that it is no JSON object, so that the orchestrator will put it on the dead-letter topic.
    """

    topic: str
    key: bytes
    value: bytes
    at: int | None
    unreadable: bool = False


class Recording:
    """The records of a file of JSON Lines, plain or gzipped; ``-`` is the standard input.

    Iterating raises UsageError when the file can't be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.live = str(path) == STDIN
        self._file: Any = None

    def __iter__(self) -> Iterator[Recorded]:
        try:
            with self._open() as file, gzip.GzipFile(fileobj=file) as unzipped:
                self._file = file
                # Its first bytes tell, so that a zipped standard input and a file of any name will do.
                zipped = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
                for line in self._lines(unzipped if zipped else file):
                    text = line.strip()
                    if text:
                        yield parse(text)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{self.path} can't be read: {reason}") from error

    def _open(self) -> Any:
        if self.live:
            # A reader of our own: Python ends badly while somebody waits for a line of its sys.stdin.
            return os.fdopen(0, "rb", closefd=False)
        return self.path.open("rb", buffering=_CHUNK_BYTES)

    def _lines(self, file: Any) -> Iterator[bytes]:
        """The lines, none of which takes more memory than a record may."""
        number = 0
        while line := file.readline(LINE_BYTES_ALLOWED + 1):
            number += 1
            if len(line) > LINE_BYTES_ALLOWED:
                raise UsageError(
                    f"{self.path}: line {number} is longer than {LINE_BYTES_ALLOWED} bytes: is it a file of one event "
                    "a line?"
                )
            yield line

    def share(self) -> float | None:
        """How much of a file has been read, from 0 to 1; None for the standard input."""
        if self.live or self._file is None:
            return None
        if self._file.closed:
            return 1.0
        return float(self._file.tell() / max(1, self.path.stat().st_size))


def parse(line: bytes) -> Recorded:
    """A Segment call, a CloudEvent in JSON, or a record with its topic, as ``orchestrator.shop.clickstream`` writes."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return Recorded(CLICK, b"", line, None, unreadable=True)
    if type(record) is not dict:
        return Recorded(CLICK, b"", line, None, unreadable=True)
    if record.get("topic") in EVENT_TOPICS and ("value" in record or "raw" in record):
        return _addressed(record)
    return Recorded(topic_of(record), key_of(record), line, moment_of(record))


def moment_of(record: dict[str, Any]) -> int | None:
    """When an event happened by its own word, if it tells a moment that can be."""
    try:
        moment = happened(_timed(record))
        if moment is None and "specversion" in record:
            moment = read_moment(record.get("time"))
    except (BadRecord, ValueError):
        return None
    return moment if moment is not None and EARLIEST_MS <= moment < LATEST_MS else None


def dated(value: bytes, at: int) -> bytes:
    """The event with another moment."""
    record = orjson.loads(value)
    timed = _timed(record)
    if "specversion" in record and time_field(timed) is None:
        record["time"] = format_moment(at)
    else:
        timed["timestamp"] = format_moment(at)
    return orjson.dumps(record)


def _timed(record: dict[str, Any]) -> dict[str, Any]:
    """The part of the record that tells the time: the Segment call, be it inside of a CloudEvent or not."""
    data = record.get("data")
    if "specversion" not in record:
        return record
    return data if segment_data(data) else {}


def _addressed(record: dict[str, Any]) -> Recorded:
    value = record["raw"].encode() if type(record.get("raw")) is str else orjson.dumps(record.get("value"))
    at = record.get("timestamp_ms")
    key = record.get("key")
    return Recorded(
        record["topic"],
        key.encode() if type(key) is str else b"",
        value,
        at if type(at) is int and EARLIEST_MS <= at < LATEST_MS else None,
        unreadable=type(record.get("raw")) is str,
    )
