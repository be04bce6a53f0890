"""What of the definitions matters to customers who exist already, as a version of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final

from orchestrator.engine.contact_policy import Pause
from orchestrator.engine.journey import Journey
from orchestrator.engine.occasions import Occasions
from orchestrator.journeys.applied import State
from orchestrator.journeys.audience import audience_version
from orchestrator.journeys.pack import Pack

_LENGTH: Final = 12


def adaption_of(
    pack: Pack,
    current: Iterable[Journey],
    states: Mapping[str, State],
    occasions: Occasions,
    pauses: Sequence[Pause] = (),
    *,
    ends_unmapped: bool = False,
) -> str:
    """12 hex digits of all for which ``engine.adapt`` has something to do; empty if there is no such thing.

    When it differs between two envs, each customer is gone through once.
    """
    migrations = {journey.name: journey.version for journey in current if journey.migrate is not None}
    parts: Mapping[str, Any] = {
        "migrations": migrations,
        "unmapped": "end" if migrations and ends_unmapped else "",
        # What is only stopped lets those finish who are in it.
        "states": {name: state for name, state in states.items() if state != "stopped"},
        "audience": audience_version(pack.traits, pack.segments),
        "occasions": occasions.version,
        # What is held falls due when nothing holds it any more.
        "pauses": sorted(map(_text, pauses)),
    }
    matters = {name: part for name, part in parts.items() if part}
    if not matters:
        return ""
    return hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:_LENGTH]


def _text(pause: Pause) -> str:
    names = [sorted(part) for group in (pause.scope.names, pause.scope.besides) for part in astuple(group)]
    return json.dumps([names, sorted(pause.scope.free), pause.refuses])
