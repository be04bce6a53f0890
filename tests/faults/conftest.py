"""Real topics and real workers; whatever a test leaves running ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.harness import Stage


@pytest.fixture
def make_stage(bootstrap: str, prefix: str, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def make(**flags: Any) -> Stage:
        stage = Stage(bootstrap, prefix, tmp_path, **flags)
        stages.append(stage)
        stage.apply_topics()
        return stage

    yield make
    for stage in stages:
        stage.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """With the default settings: exactly once, four partitions."""
    return make_stage()
