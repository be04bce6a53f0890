"""Log lines: readable on a terminal, JSON everywhere else."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson

_NOISY = ("faust", "mode", "aiokafka", "asyncio", "kafka")
_SERVICE = "[^"
"""How faust's services begin each line about their own coming and going, under whatever name subclasses them."""


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
