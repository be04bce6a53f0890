"""Rules of this file: definitions over recorded events, in the events' own time, without side effects.

The same intake, engine and work as in a worker. Time is that of the events: what falls due between two of them happens
between them. Nothing is read or written but what the caller hands in.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from orchestrator import engine
from orchestrator.contracts.product_file import catalogue_in
from orchestrator.engine.home import References
from orchestrator.events.intake import Intake, Limits
from orchestrator.journeys.compile import compile_env
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams.limits import limits_of
from orchestrator.streams.work import Output
from orchestrator.testing.run import Run

_GARBAGE_THRESHOLDS: Final = (50_000, 20, 100)
_ACTIONS: Final = names.action_topic("")


@dataclass(slots=True)
class Past:
    """One event that was recorded: as ``replay.recording.Recorded``, with its headers."""

    topic: str
    key: bytes
    value: bytes
    at: int | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)


class Watcher:
    """Whoever wants to know what a simulation does overrides some of these; ``value`` is the record's JSON."""

    def action(self, value: dict[str, Any]) -> None:
        """An action or a cancel goes to a channel."""

    def decision(self, value: dict[str, Any]) -> None:
        """A decision was made."""

    def arbitration(self, value: dict[str, Any]) -> None:
        """The best of several actions were chosen."""

    def line(self, value: dict[str, Any]) -> None:
        """A line of the journey log, that of a step or of an identity."""

    def dead_letter(self, code: str, reason: str) -> None:
        """An event could not be used."""


class Simulation:
    """Definitions that events are shown to, one by one.

    Args:
        pack: the definitions.
        settings: of the project: what is late, what is refused.
        watchers: are told all that would leave.
        event_clock: whether an event counts when its own time stamp says, or when it was recorded.
    """

    def __init__(
        self, pack: Pack, settings: Settings, watchers: Sequence[Watcher], *, event_clock: bool = True
    ) -> None:
        # As it travels: the order of keys in a file is no part of a version, and must not show in actions.
        self.env = env_of(Pack.from_json(pack.to_json()), settings)
        self.events = 0
        self.first_at: int | None = None
        self._watchers = watchers
        self.run = Run(self.env, Intake(_limits(settings, event_clock)), self._take)
        self.run.references = References(catalogue_in(settings.project))

    @property
    def now(self) -> int:
        """How far time has come, UTC milliseconds."""
        return self.run.now

    def know(self, record: engine.Record, at: int) -> None:
        """Makes a customer known before the first event; time begins at this moment, the same for all."""
        self.first_at = self.run.now = at
        self.run.put(record)

    def take(self, past: Past) -> None:
        """Decides one event; time goes on to it, never back."""
        run, at = self.run, past.at
        self.events += 1
        if at is not None:
            if self.first_at is None:
                self.first_at = run.now = at
            elif at > run.now:
                run.advance_to(at)
        run.produce(past.topic, past.key, past.value, past.headers, timestamp=at)

    def finish(self, until_ms: int = 0) -> None:
        """Lets so much time pass after the last event."""
        self.run.advance_to(self.run.now + until_ms)

    def _take(self, output: Output) -> None:
        topic = output.topic
        if topic == names.DEAD_LETTER:
            headers = {name: value.decode("utf-8", "replace") for name, value in output.headers}
            for watcher in self._watchers:
                watcher.dead_letter(headers["dead-letter-code"], headers["dead-letter-reason"])
            return
        value = orjson.loads(output.value or b"null")
        if topic == names.JOURNEY_LOG:
            for watcher in self._watchers:
                watcher.line(value)
        elif topic == names.DECISIONS:
            for watcher in self._watchers:
                (watcher.decision if value["kind"] == "decision" else watcher.arbitration)(value)
        elif topic.startswith(_ACTIONS):
            for watcher in self._watchers:
                watcher.action(value)


def simulate(simulation: Simulation, past: Iterable[Past], until_ms: int = 0) -> None:
    """Shows all events to a simulation, and lets time pass after them."""
    with _seldom_collecting():
        for each in past:
            simulation.take(each)
        simulation.finish(until_ms)


def env_of(pack: Pack, settings: Settings) -> engine.Env:
    """The definitions under a project's settings, as a worker compiles them."""
    return compile_env(
        pack,
        dedupe_count=settings.dedupe_count,
        dedupe_window_ms=settings.dedupe_window,
        late_after_ms=settings.late_after,
    )


def _limits(settings: Settings, event_clock: bool) -> Limits:
    return limits_of(settings.model_copy(update={"clock": "event" if event_clock else "wall"}))


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Events make short-lived objects and no cycles, for which Python's own thresholds look in vain."""
    before = gc.get_threshold()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
