"""Asking for a journey from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import orjson
import pytest

from orchestrator.commands.enter import check_requested, request
from orchestrator.commands.init import init
from orchestrator.errors import UsageError
from orchestrator.events.routing import key_of, topic_of
from orchestrator.journeys.load import load

Run = Callable[..., CompletedProcess[bytes]]


CALLBACK = "journey: callback\npurpose: service\nentry: {api: true}\nsteps:\n  - wait: 1 hour\n"


def test_what_became_of_it_stands_on_the_journey_log(event_project: Path, run: Run, tmp_path: Path) -> None:
    (event_project / "journeys" / "callback.yaml").write_text(CALLBACK, "utf-8")
    assert run(event_project, "apply", "--yes").returncode == 0
    user = f"ada-{uuid4().hex[:6]}"
    result = run(event_project, "enter", "callback", "--customer", user, "--data", '{"reason": "a call"}')
    assert result.returncode == 0, result.stderr
    assert f"asked: {user} is to enter callback".encode() in result.stderr
    told = run(event_project, "tail", "journey-log", "--customer", user, "--from", "beginning", "--count", "1")
    line = orjson.loads(told.stdout)
    assert (line["journey"], line["happened"]) == ("callback", "entered")
    assert line["trigger"]["type"] == "Journey Requested"

    # Of a folder with the settings alone, what is in force counts.
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "orchestrator.toml").write_bytes((event_project / "orchestrator.toml").read_bytes())
    assert run(alone, "enter", "callback", "--customer", user).returncode == 0
    result = run(alone, "enter", "callbak", "--customer", user)
    assert result.returncode == 2
    assert b"there is no journey 'callbak': did you mean 'callback'?" in result.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine")
    (tmp_path / "mine" / "journeys" / "callback.yaml").write_text(CALLBACK, "utf-8")
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("journey", "said"),
    [
        ("callbak", "there is no journey 'callbak': did you mean 'callback'?"),
        ("x", "there is no journey 'x': there are callback, cart-reminder, payment-help"),
        (
            "cart-reminder",
            "the journey 'cart-reminder' is entered by 'on', and not on request: give its entry 'api: true' in",
        ),
    ],
)
def test_what_nobody_can_enter_on_request(project: Path, run: Run, journey: str, said: str) -> None:
    result = run(project, "enter", journey, "--customer", "ada")
    assert result.returncode == 2
    assert result.stderr.decode().startswith(f"error: {said}")


def test_what_can_be_asked_for(project: Path) -> None:
    check_requested("callback", load(project).journeys)


def test_without_any_journeys_nothing_can_be_asked_for() -> None:
    with pytest.raises(UsageError, match="there is no journey: write one"):
        check_requested("callback", {})


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
