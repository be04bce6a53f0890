"""A partner's key: customers into their journeys within what they may, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.town import Served, served, town_of

INVITES = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
partners:
  bikes: {journeys: invite, actions: invite, keys: shop}
---
action: invite
channel: note
editable: {words: {default: Hello, max_length: 10}}
content: {text: "{{ edit.words }}"}
---
journey: invite
entry: {api: true}
steps: [{act: invite}, {wait: 1 day}]
---
journey: callback
entry: {api: true}
steps: [{wait: 1 day}]
"""
ADA: dict[str, Any] = {"customer": {"userId": "ada"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(town_of(INVITES)) as running:
        yield running


@pytest.fixture
def partner(running: Served) -> Served:
    """A worker that knows the caller as the partner "bikes"."""
    running.move_to(town_of(INVITES))
    return running


def refused(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["detail"]


def test_what_a_partner_puts_in_is_theirs(partner: Served) -> None:
    body = {**ADA, "edits": {"words": "Hi Ada"}}
    assert partner.client.post("/v1/journeys/invite/enter", json=body).status_code == 202
    (said,) = [output for output in partner.town.said if output.topic == "actions.note"]
    assert b'"text":"Hi Ada"' in (said.value or b"")
    assert b'"by":"bikes"' in (said.value or b"")


def test_a_bad_edit_is_told_at_once(partner: Served) -> None:
    body = {**ADA, "edits": {"words": "longer than ten"}}
    said = "the block 'words' of the action 'invite' takes up to 10 characters, and this has 15"
    assert refused(partner.client.post("/v1/journeys/invite/enter", json=body)) == (422, said)
    assert partner.town.said == []


def test_another_journey_is_not_theirs(partner: Served) -> None:
    said = "the partner 'bikes' may enter nobody into the journey 'callback', only into invite"
    assert refused(partner.client.post("/v1/journeys/callback/enter", json=ADA)) == (403, said)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/decide", {**ADA, "channel": "note"}),
        ("POST", f"/v1/actions/{'0' * 32}/outcome", {**ADA, "outcome": "opened"}),
        ("GET", "/v1/customers/ada", None),
    ],
)
def test_a_partner_learns_nothing_of_customers(partner: Served, method: str, path: str, body: Any) -> None:
    response = partner.client.request(method, path, json=body, headers={"Idempotency-Key": "k"})
    said = "the key is that of the partner 'bikes', who may only put customers into journeys"
    assert refused(response) == (403, said)
