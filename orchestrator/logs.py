"""Log lines: readable on a terminal, JSON everywhere else."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import orjson

_NOISY = ("faust", "mode", "aiokafka", "asyncio", "kafka")
_SERVICE = "[^"
"""How faust's services begin each line about their own coming and going, under whatever name subclasses them."""


_SAID_AGAIN_S: Final = 30.0


class Once:
    """Lets a noisy library say the same thing once in half a minute: in an outage it says it many times a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        """Whether the line is shown. What differs in its arguments alone is the same."""
        if record.name.partition(".")[0] not in _NOISY:
            return True
        what, now = (record.name, str(record.msg)), self._clock()
        if now - self._said.get(what, -_SAID_AGAIN_S) < _SAID_AGAIN_S:
            return False
        self._said[what] = now
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """As ``logging.Formatter.format``."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(log_format: Literal["auto", "json", "text"], level: str) -> None:
    """Sends all logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-8s %(message)s", "%H:%M:%S") if text else JsonFormatter()
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "ERROR")
    if level != "debug":
        # It tries again by itself, and calls each try an error.
        logging.getLogger("aiokafka.consumer.fetcher").setLevel("CRITICAL")
        handler.addFilter(lambda record: not record.getMessage().startswith(_SERVICE))
        handler.addFilter(Once())
