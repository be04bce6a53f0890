"""Where a demo lives: a folder of its own in the project, empty at the start, with a project that names its Kafka."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from orchestrator.contracts.product_file import FILE as PRODUCTS
from orchestrator.durations import format_duration
from orchestrator.errors import InfrastructureError, UsageError
from orchestrator.journeys.event_schemas import EVENTS
from orchestrator.journeys.load import (
    ACTIONS,
    BRAND,
    CHANNELS,
    JOURNEYS,
    PARTNERS,
    PLACEMENTS,
    POLICY,
    SEGMENTS,
    TRAITS,
)
from orchestrator.journeys.partials import PARTIALS
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.settings import FILE_NAME, Settings

_KEPT: Final = (
    "partitions",
    "strict_topics",
    "dedupe_count",
    "dedupe_window",
    "max_event_age",
    "future_tolerance",
    "max_event_bytes",
)
"""Settings of the user's project that decide what happens, and not where."""
_FILES: Final = (CHANNELS, EVENTS, POLICY, TRAITS, SEGMENTS, PRODUCTS, PLACEMENTS, PARTNERS, BRAND)
_LATE_AFTER_MS: Final = 3 * 86_400_000


class DemoFolder:
    """``.orchestrator/demo`` of a project; while it is open no other demo may use it.

    Args:
        settings: Of the project.
        source: Where the journeys are.
    """

    def __init__(self, settings: Settings, source: Path) -> None:
        self.path = settings.project / ".orchestrator" / "demo"
        self.project = self.path / "project"
        self.kafka = self.path / "kafka"
        self.worker_log = self.path / "worker.log"
        self._settings = settings
        self._source = source
        self._lock: Any = None

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path.parent / "demo.lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UsageError(f"a demo runs in {self.path} already: end it there with Ctrl-C") from None
        except OSError as error:
            raise UsageError(
                f"{self.path.parent} can't be written ({error.strerror}): name another --project"
            ) from error
        # One that outlived a demo that was killed.
        EmbeddedBroker(self.kafka).stop()
        self._wipe()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def write_project(self, bootstrap: str) -> Settings:
        """A project with the same journeys and the demo's own Kafka; its settings."""
        self.project.mkdir(parents=True)
        for name in (JOURNEYS, ACTIONS, PARTIALS):
            if (self._source / name).is_dir():
                shutil.copytree(self._source / name, self.project / name)
        for name in _FILES:
            if (self._source / name).is_file():
                shutil.copy(self._source / name, self.project / name)
        plain = self._settings.model_dump(mode="json")
        values = {name: plain[name] for name in _KEPT} | {
            # In fast motion an event that is sent on to another home arrives a day later.
            "late_after": format_duration(max(self._settings.late_after, _LATE_AFTER_MS)),
            "kafka": bootstrap,
            "clock": "event",
            "http_port": 0,
            "log_format": "json",
            "state_folder": str(self.path / "state"),
        }
        (self.project / FILE_NAME).write_text(_toml(values), "utf-8")
        return Settings(project=self.project, **values)

    def _wipe(self) -> None:
        try:
            if self.path.exists():
                shutil.rmtree(self.path)
            self.path.mkdir()
        except OSError as error:
            raise InfrastructureError(f"{self.path} can't be emptied ({error.strerror}): delete it") from error


def _toml(values: Mapping[str, Any]) -> str:
    """Texts, numbers and lists of texts are written in TOML as in JSON."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["# Written by 'orchestrator demo', which deletes it when it starts again.", *lines, ""])
