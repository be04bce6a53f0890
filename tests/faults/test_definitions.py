"""Definitions that change under running workers: on all of them, within a moment, and nothing is lost or said twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.journeys.catalogue import APPLIED
from orchestrator.kafka import names
from tests.faults.harness import PROJECT, Stage


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, whose files a test may change."""
    shutil.copytree(PROJECT, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def stage(make_stage: Callable[..., Stage], project: Path) -> Stage:
    return make_stage(project=project)


def applied(stage: Stage) -> list[dict[str, Any]]:
    """All changes, in order."""
    records = stage.catch_up().records[names.DEFINITIONS]
    return [record.json for record in records if (record.key or b"").startswith(APPLIED)]


def test_two_workers_that_start_with_the_same_folder_apply_it_once(stage: Stage) -> None:
    workers = [stage.start_worker(), stage.start_worker()]
    for worker in workers:
        worker.wait_ready()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n // 50) for n in range(500))
    stage.settle()
    assert [change["number"] for change in applied(stage)] == [1]
    assert stage.problems() == []
