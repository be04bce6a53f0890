"""Golden histories: recorded events and the actions that they must give. Run it to record the actions anew.

    python tests/golden/history.py [tests/golden/shop-order.yaml ...]

Look at the difference before it is committed: each line of it is something that customers would notice. A history with
``definitions`` of its own has the ids of its actions too, which must never change: senders drop what they have sent by
them, and customers stand in journeys by their version. ``changes`` are definitions that are in force from a moment on.
``besides`` names kinds of lines of the journey log that are recorded among the actions.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from orchestrator.durations import parse_duration
from orchestrator.events.timestamps import read_moment
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.source import read_source
from orchestrator.proof.simulation import Past, Simulation, Watcher, env_of, simulate
from orchestrator.replay.recording import parse
from orchestrator.settings import Settings
from orchestrator.testing.texts import pack_of

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
ACTIONS: Final = "actions:"
_IDS: Final = ("action_id", "journey_version")


class History:
    """One file: ``events`` are Segment calls, one a line; time runs on for ``until`` after the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        value = read_source(path).value
        self.actions: list[dict[str, Any]] = value.get("actions") or []
        self._definitions: str | None = value.get("definitions")
        self._project: str = value.get("project", "")
        self._until_ms = parse_duration(value["until"])
        self._past = [_past(event) for event in value["events"]]
        self._changes: list[dict[str, str]] = value.get("changes") or []
        self._besides = frozenset(value.get("besides") or ())

    def replayed(self) -> list[dict[str, Any]]:
        """The actions that the events give now."""
        sent = _Sent(self._besides, with_ids=self._definitions is not None)
        settings, past = Settings(project=ROOT), list(self._past)
        simulation = Simulation(self._pack(), settings, [sent])
        for change in self._changes:
            at = read_moment(change["at"])
            simulate(simulation, [each for each in past if (each.at or 0) < at])
            past = [each for each in past if (each.at or 0) >= at]
            simulation.run.advance_to(at)
            env = env_of(pack_of(change["definitions"]), settings)
            simulation.run.env = replace(env, pinned={**simulation.run.env.pinned, **env.pinned})
        simulate(simulation, past, self._until_ms)
        return sent.actions

    def packs(self) -> list[Pack]:
        """The definitions that are in force, one after the other."""
        return [self._pack(), *(pack_of(change["definitions"]) for change in self._changes)]

    def record(self) -> None:
        """Writes the actions that the events give now."""
        head = self.path.read_text("utf-8").partition(f"\n{ACTIONS}")[0].rstrip("\n")
        lines = [f"  - {orjson.dumps(action).decode()}" for action in self.replayed()]
        self.path.write_text("\n".join([head, "", ACTIONS if lines else f"{ACTIONS} []", *lines, ""]), "utf-8")

    def _pack(self) -> Pack:
        return pack_of(self._definitions) if self._definitions is not None else load(ROOT / self._project)


class _Sent(Watcher):
    """What goes to channels, without what changes with each edit of a definition."""

    def __init__(self, besides: frozenset[str], *, with_ids: bool) -> None:
        self.actions: list[dict[str, Any]] = []
        self._besides = besides
        self._left_out = () if with_ids else _IDS

    def action(self, value: dict[str, Any]) -> None:
        """As ``Watcher.action``."""
        self.actions.append({name: part for name, part in value.items() if name not in self._left_out})

    def line(self, value: dict[str, Any]) -> None:
        """As ``Watcher.line``."""
        if value["kind"] in self._besides:
            self.actions.append(value)


def _past(event: dict[str, Any]) -> Past:
    record = parse(orjson.dumps(event))
    return Past(record.topic, record.key, record.value, record.at)


def histories() -> list[Path]:
    """All files."""
    return sorted(FOLDER.glob("*.yaml"))


if __name__ == "__main__":
    for argument in sys.argv[1:] or histories():
        History(Path(argument)).record()
