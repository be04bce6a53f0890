"""Channels and actions that the journeys of these tests use."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from orchestrator.testing import JourneyTestDriver

WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
  letter: {address: traits.email, consent: opt_in, content: {text: {}}}
  phone: {address: [traits.mobile, traits.phone], consent: opt_out, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
action: bye
channel: note
content: {text: bye}
---
action: answer
channel: note
purpose: service
content: {text: answer}
---
action: letter
channel: letter
content: {text: letter}
---
action: receipt
channel: letter
purpose: transactional
content: {text: receipt}
---
action: ring
channel: phone
content: {text: ring}
---
action: short-lived
channel: note
expires: 1 hour
content: {text: short-lived}
---
action: named
channel: note
content: {text: "{{ customer.traits.first_name }}"}
"""


@pytest.fixture(scope="session")
def given() -> Callable[[str], JourneyTestDriver]:
    """Makes a driver of the journeys in a text, at nine on a Monday."""
    return lambda journeys: JourneyTestDriver.of_text(f"{WORLD}\n---\n{dedent(journeys)}")
