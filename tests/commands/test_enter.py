"""Asking for a journey from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import orjson
import pytest

from orchestrator.commands.enter import request
from orchestrator.errors import UsageError
from orchestrator.events.routing import key_of, topic_of

Run = Callable[..., CompletedProcess[bytes]]


def test_what_became_of_it_stands_on_the_journey_log(event_project: Path, run: Run) -> None:
    user = f"ada-{uuid4().hex[:6]}"
    result = run(event_project, "enter", "cart-reminder", "--customer", user, "--data", '{"reason": "a call"}')
    assert result.returncode == 0, result.stderr
    assert f"asked: {user} is to enter cart-reminder".encode() in result.stderr
    told = run(event_project, "tail", "journey-log", "--customer", user, "--from", "beginning", "--count", "1")
    line = orjson.loads(told.stdout)
    assert (line["journey"], line["happened"]) == ("cart-reminder", "refused")
    assert line["reason"] == "the journey is not entered on request: its entry has no 'api: true'"
    assert line["trigger"]["type"] == "Journey Requested"


def test_it_is_keyed_by_the_customer() -> None:
    event = request("callback", "ada", None, anonymous=False)
    assert (topic_of(event), key_of(event), event["userId"]) == ("events.profile", b"ada", "ada")
    assert event["properties"] == {"journey": "callback"}


def test_a_visitor_is_asked_for_by_their_own_id() -> None:
    event = request("callback", "laptop", {"urgent": True}, anonymous=True)
    assert (key_of(event), event["anonymousId"], "userId" in event) == (b"laptop", "laptop", False)
    assert event["properties"] == {"journey": "callback", "data": {"urgent": True}}


def test_each_request_is_one_of_its_own() -> None:
    ids = {request("callback", "ada", None, anonymous=False)["messageId"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(("journey", "customer"), [("Call Back", "ada"), ("callback", ""), ("callback", "a\nb")])
def test_what_cannot_be_asked_for(journey: str, customer: str) -> None:
    with pytest.raises(UsageError):
        request(journey, customer, None, anonymous=False)


@pytest.mark.parametrize(
    ("data", "said"), [("{", b"--data is no JSON"), ("[1]", b"--data must be an object"), ("7", b"--data must be")]
)
def test_data_that_is_no_object(tmp_path: Path, run: Run, data: str, said: bytes) -> None:
    result = run(tmp_path, "enter", "callback", "--customer", "ada", "--data", data)
    assert result.returncode == 2
    assert said in result.stderr
