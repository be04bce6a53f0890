"""What all tests share: one real broker a session, and names that no other test has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from orchestrator.kafka.broker import EmbeddedBroker

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the broker needs it."""
    for item in items:
        if {"bootstrap", "broker"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A running broker of this test session; it ends with it, however that ends."""
    folder: Path = tmp_path_factory.mktemp("kafka")
    with EmbeddedBroker(folder, port=0) as broker:
        yield broker


@pytest.fixture(scope="session")
def bootstrap(request: pytest.FixtureRequest) -> str:
    """The bootstrap servers of the cluster that ORCHESTRATOR_KAFKA names, else of the session's broker."""
    named = os.environ.get("ORCHESTRATOR_KAFKA")
    if named:
        return named
    broker: EmbeddedBroker = request.getfixturevalue("broker")
    return broker.start()


@pytest.fixture
def prefix() -> str:
    """A topic prefix that no other test has."""
    return f"t{uuid4().hex[:10]}."
