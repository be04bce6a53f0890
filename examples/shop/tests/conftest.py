"""A fresh shop on a Monday morning, and one customer of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.testing import JourneyTestDriver

SHOP = Path(__file__).resolve().parents[1]


@pytest.fixture
def driver() -> JourneyTestDriver:
    """The shop's journeys, with a clock that only the test moves."""
    return JourneyTestDriver.of_project(SHOP, start="2026-03-02T10:00:00Z")


@pytest.fixture
def ada(driver: JourneyTestDriver) -> str:
    """A customer who can be called and has said yes to marketing by mail."""
    driver.identify("ada", {"first_name": "Ada", "email": "ada@example.org", "phone": "+447700900123"})
    driver.consent("ada", "email")
    return "ada"
