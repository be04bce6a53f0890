"""Tests of journeys without a broker."""

from orchestrator.testing.driver import JourneyTestDriver

__all__ = ["JourneyTestDriver"]
