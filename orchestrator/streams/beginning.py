"""What a worker does with its project's folder at its start: apply it, if it is new."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.errors import PlanRefused
from orchestrator.journeys.applied import pack_digest
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.journeys.origin import Origin, origin_of
from orchestrator.journeys.pack import Pack
from orchestrator.settings import Settings
from orchestrator.streams.changes import Change, change
from orchestrator.streams.definitions import limits_in
from orchestrator.streams.planning import is_new, other_project, plan_of, refuse

_log = logging.getLogger(__name__)

_WHAT: Final = "start of a worker"


async def apply_folder(client_options: Mapping[str, Any], settings: Settings, catalogue: Catalogue, pack: Pack) -> bool:
    """Whether the folder was applied: it is not if it is in force, or was and has been replaced since.

    Without the second a worker that starts again with an old folder would undo what others have applied.

    Raises:
        PlanRefused: its plan is refused and nothing else is in force, or what is in force is of another project.
        SettingsError, InfrastructureError: as ``changes.change``.
    """

    async def decide(known: Catalogue) -> Change | None:
        if not is_new(known, pack, limits_in(settings)):
            return None
        plan = (await plan_of(client_options, settings, known, pack, count=False)).plan
        refuse(plan)
        for warning in plan.warnings:
            _log.warning("%s", warning)
        return starting(known, pack, origin_of(settings.project, project=settings.project_name))

    if not is_new(catalogue, pack, limits_in(settings)):
        _say_what_is_in_force(catalogue, pack)
        return False
    foreign = other_project(catalogue, settings)
    if foreign is not None:
        raise PlanRefused(foreign)
    try:
        applied = await change(client_options, settings, decide)
    except PlanRefused as error:
        go_on_without(catalogue, error)
        return False
    if applied is not None:
        _log.info("applied definitions %s", applied.version)
    return applied is not None


def starting(known: Catalogue, pack: Pack, origin: Origin) -> Change:
    """The change that a worker makes. If its folder is in force, and only its settings differ, the rest stays."""
    current = known.current
    if current is None:
        return Change(pack, _WHAT, origin)
    same = current.pack == pack_digest(pack.to_json())
    unmapped = same and current.end_unmapped
    return Change(pack, _WHAT, origin, current.states, end_unmapped=unmapped, pauses=current.pauses)


def go_on_without(catalogue: Catalogue, error: PlanRefused) -> None:
    """Says that the folder is not applied, and why. Raises the refusal again if there is nothing to go on with."""
    current = catalogue.current
    if current is None:
        raise error
    _log.error(
        "the project's folder is not put in force, and this worker goes on with definitions %s by %s: %s",
        current.version,
        current.who,
        error,
    )


def _say_what_is_in_force(catalogue: Catalogue, pack: Pack) -> None:
    current = catalogue.current
    if current is not None and current.pack != pack_digest(pack.to_json()):
        _log.warning(
            "the project's folder was in force once and has been replaced: definitions %s by %s are in force; "
            "'orchestrator apply' puts the folder in force again",
            current.version,
            current.who,
        )
