"""Asking for a journey from the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import orjson
import pytest

from orchestrator.commands.enter import check_allowed, check_requested, edits_of, request
from orchestrator.commands.init import init
from orchestrator.console.entrants import Entrant, entrants_in
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


INVITE = """
action: invite
channel: email
editable: {greeting: {default: Hello, max_length: 10}}
content: {subject: "{{ edit.greeting }}", html: "Hello", text: "Hello"}
"""
PARTNERS = "partners: {bikes: {journeys: callback, actions: invite}}"


@pytest.fixture
def branded(project: Path) -> Path:
    """A project with a partner, and a block that may be edited."""
    (project / "actions" / "invite.yaml").write_text(INVITE, "utf-8")
    (project / "partners.yaml").write_text(PARTNERS, "utf-8")
    journey = CALLBACK.replace("- wait: 1 hour", "- act: invite")
    (project / "journeys" / "callback.yaml").write_text(journey, "utf-8")
    return project


def test_who_asks_and_what_is_edited_travel_in_the_request() -> None:
    event = request("callback", "ada", None, anonymous=False, by="bikes", edits={"greeting": "Hi"})
    assert event["properties"] == {"journey": "callback", "by": "bikes", "edits": {"greeting": "Hi"}}


def test_edits_are_written_as_block_and_text() -> None:
    assert edits_of(["greeting=a=b", "invite.words= x"]) == {"greeting": "a=b", "invite.words": " x"}
    with pytest.raises(UsageError, match="write BLOCK=TEXT"):
        edits_of(["greeting"])
    with pytest.raises(UsageError, match="--edit greeting is there twice"):
        edits_of(["greeting=a", "greeting=b"])


@pytest.mark.parametrize(
    ("edits", "by", "said"),
    [
        ({"greeting": "x" * 11}, None, "the block 'greeting' of the action 'invite' takes up to 10 characters"),
        ({"subject": "x"}, None, "'subject' is locked: of the journey 'callback' only blocks may be edited"),
        ({}, "bike", "there is no partner 'bike': did you mean 'bikes'?"),
    ],
)
def test_what_a_worker_would_refuse_is_told_at_once(
    branded: Path, edits: dict[str, str], by: str | None, said: str
) -> None:
    pack = load(branded)
    good = request("callback", "ada", None, anonymous=False, by="bikes", edits={"greeting": "Hi"})
    bad = request("callback", "bo", None, anonymous=False, by=by, edits=edits)
    check_allowed(pack, "callback", [good])
    with pytest.raises(UsageError, match=re.escape(said)):
        check_allowed(pack, "callback", [bad])
    listed = [Entrant("ada", {}, {}, 2), Entrant("bo", {}, {}, 3), Entrant("cy", {}, {}, 5)]
    with pytest.raises(UsageError) as told:
        check_allowed(pack, "callback", [good, bad, bad], Path("list.csv"), listed)
    assert [line.split(": ")[0] for line in str(told.value).splitlines()] == ["list.csv:3", "list.csv:5"]


def test_a_list_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('customer,size,edit.greeting\nada,58,Hi Ada\n"bo",,"a\nb"\n,,\n\nada,60,\n', "utf-8")
    assert entrants_in(path) == [("ada", {"size": "60"}, {}, 7), ("bo", {}, {"greeting": "a\nb"}, 3)]


def test_a_list_may_be_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\ufeffcustomer;edit.greeting;\r\nada;Hi, Ada;\r\n;;\r\n", "utf-8")
    assert entrants_in(path) == [("ada", {}, {"greeting": "Hi, Ada"}, 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id\nada\n", "the first line must name a column 'customer'"),
        ("", "the first line must name a column 'customer'"),
        ("customer\n", "has no customers"),
        ("customer,customer\nada,bo\n", ":1: the column 'customer' is there twice"),
        ("customer,size\n,58\n", ":2: has no customer"),
        ("customer\nada,58\n", ":2: has more cells than the first line"),
        ("customer,\nada,58\n", ":2: '58' stands in a column without a name"),
        ("customer\n\nada\x07\n", ":3: 'customer' has the control character U+0007"),
        ('customer\nada\n"bo\n', ":3: is no CSV: unexpected end of data"),
        ("customer\nada\udcff\n", ":2: is not in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_list(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=re.escape(said)):
        entrants_in(path)


def test_every_mistake_of_a_list_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("customer,size\nada,1,2\nbo,1\n,3\n", "utf-8")
    with pytest.raises(UsageError) as told:
        entrants_in(path)
    assert [line.removeprefix(str(path)) for line in str(told.value).splitlines()] == [
        ":2: has more cells than the first line",
        ":4: has no customer",
    ]


def test_somebody_must_be_asked_for(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "enter", "callback")
    assert result.returncode == 2
    assert b"write --customer ID or --list FILE.csv" in result.stderr
