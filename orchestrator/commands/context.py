"""What every command needs: the project's settings, and the cluster that they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.kafka.cluster import bootstrap_of, embedded_broker

if TYPE_CHECKING:
    from orchestrator.settings import Settings

__all__ = ["bootstrap_of", "embedded_broker", "settings_of"]


def settings_of(context: typer.Context, **flags: Any) -> Settings:
    """The settings of the project that ``--project`` names; flags win, unless they are None."""
    from orchestrator.settings import Settings

    project: Path = context.find_root().params["project"]
    return Settings.load(project, **flags)
