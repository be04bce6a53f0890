"""Log lines: what a library says again and again is shown once in a while."""

from __future__ import annotations

import logging

from orchestrator.logs import Once


def line(logger: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.ERROR, "", 0, message, arguments, None)


def test_a_library_says_a_thing_once_in_half_a_minute() -> None:
    clock = [0.0]
    shown = Once(lambda: clock[0])
    assert shown(line("aiokafka.client", "Unable to connect to node %s", 1))
    assert not shown(line("aiokafka.client", "Unable to connect to node %s", 2))
    assert shown(line("aiokafka.client", "something else"))
    clock[0] = 31.0
    assert shown(line("aiokafka.client", "Unable to connect to node %s", 1))


def test_our_own_lines_are_all_shown() -> None:
    shown = Once(lambda: 0.0)
    assert all(shown(line("orchestrator.streams", "again")) for _ in range(3))
