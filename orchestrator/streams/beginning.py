"""What a worker does with its project's folder at its start: apply it, if it is new."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from orchestrator.journeys.applied import pack_digest
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.journeys.origin import origin_of
from orchestrator.journeys.pack import Pack
from orchestrator.settings import Settings
from orchestrator.streams.changes import Change, change
from orchestrator.streams.definitions import limits_in
from orchestrator.streams.planning import is_new, plan_of, refuse

_log = logging.getLogger(__name__)


async def apply_folder(client_options: Mapping[str, Any], settings: Settings, catalogue: Catalogue, pack: Pack) -> bool:
    """Whether the folder was applied: it is not if it is in force, or was and has been replaced since.

    Without the second a worker that starts again with an old folder would undo what others have applied.

    Raises:
        PlanRefused: its plan is refused.
        SettingsError, InfrastructureError: as ``changes.change``.
    """

    async def decide(known: Catalogue) -> Change | None:
        if not is_new(known, pack, limits_in(settings)):
            return None
        refuse((await plan_of(client_options, settings, known, pack, count=False)).plan)
        states = known.current.states if known.current is not None else {}
        return Change(pack, "start of a worker", origin_of(settings.project), states)

    if not is_new(catalogue, pack, limits_in(settings)):
        _say_what_is_in_force(catalogue, pack)
        return False
    applied = await change(client_options, settings, decide)
    if applied is not None:
        _log.info("applied definitions %s", applied.version)
    return applied is not None


def _say_what_is_in_force(catalogue: Catalogue, pack: Pack) -> None:
    current = catalogue.current
    if current is not None and current.pack != pack_digest(pack.to_json()):
        _log.warning(
            "the project's folder was in force once and has been replaced: definitions %s by %s are in force; "
            "'orchestrator apply' puts the folder in force again",
            current.version,
            current.who,
        )
