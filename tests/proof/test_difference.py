"""What two versions of a project do differently to the same events."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrator.errors import UsageError
from orchestrator.proof.checkout import project_at
from orchestrator.proof.difference import Difference, Sayings, difference, lines
from orchestrator.proof.simulation import Past, Simulation, simulate
from orchestrator.settings import Settings
from orchestrator.testing.texts import pack_of

WORLD = """
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    action: letter
    channel: email
    purpose: service
    content: {subject: Hello, html: <p>Hello</p>, text: Hello}
    ---
    journey: cart
    entry: {on: Product Added, key: event.properties.cart}
    exit: [{on: Order Completed}]
    steps:
      - act: note
      - wait: 1 hour
      - {id: mail, act: letter}
"""
HOUR = 3_600_000
START = 1_767_603_600_000


def event(name: str, hours: float, user: str = "ada", cart: str = "c1", **ids: str) -> Past:
    at = START + int(hours * HOUR)
    who = ids or {"userId": user}
    call = {"type": "track", "event": name, **who, "messageId": f"{name}-{user}-{hours}-{cart}", "timestamp": at}
    return Past("events.click", user.encode(), orjson.dumps({**call, "properties": {"cart": cart}}), at)


def identify(user: str, anonymous: str, hours: float) -> Past:
    call: dict[str, Any] = {
        "type": "identify",
        "userId": user,
        "anonymousId": anonymous,
        "traits": {"email": "a@example.org"},
    }
    call |= {"traits": {"email": "a@example.org"}, "timestamp": START + int(hours * HOUR)}
    call["messageId"] = f"identify-{user}-{hours}"
    return Past("events.profile", user.encode(), orjson.dumps(call), START + int(hours * HOUR))


def said(text: str, past: list[Past]) -> Sayings:
    sayings = Sayings()
    simulate(Simulation(pack_of(text), Settings(project=Path()), [sayings]), past, 24 * HOUR)
    return sayings


def compared(old: str, new: str, *past: Past) -> Difference:
    every = [identify("ada", "tab", -1), *past]
    return difference(said(WORLD, every).all(), said(WORLD.replace(old, new), every).all())


def counts(found: Difference) -> dict[str, int]:
    return {kind: count for kind, count in found.to_json()["counts"].items() if count}


def test_one_project_does_the_same_twice() -> None:
    found = compared("x", "x", event("Product Added", 0))
    assert found.none
    assert counts(found) == {"same": 2}


def test_another_time_is_a_change() -> None:
    found = compared("1 hour", "2 hours", event("Product Added", 0))
    assert counts(found) == {"changed": 1, "same": 1}
    (example,) = found.examples["changed"]
    assert example["changes"] == ["at: 2026-01-05T10:00:00.000Z → 2026-01-05T11:00:00.000Z"]
    assert (example["customer"], example["journey"], example["step"]) == ("ada", "cart", "mail")


def test_another_content_is_a_change_of_these_fields() -> None:
    found = compared("subject: Hello", "subject: Bonjour", event("Product Added", 0))
    (example,) = found.examples["changed"]
    assert example["changes"] == ["content: subject, “Hello” → “Bonjour”"]


def test_another_action_and_channel_are_a_change() -> None:
    found = compared("{id: mail, act: letter}", "{id: mail, act: note}", event("Product Added", 0))
    (example,) = found.examples["changed"]
    assert example["changes"][:2] == ["action: letter → note", "channel: email → crm"]


def test_a_withdrawal_is_a_change() -> None:
    past = event("Product Added", 0), event("Order Completed", 2)
    found = compared("exit: [{on: Order Completed}]", "exit: [{on: Call Started}]", *past)
    changes = [change for example in found.examples["changed"] for change in example["changes"]]
    assert changes == ["withdrawn: Order Completed came → no"] * 2


def test_what_only_one_does() -> None:
    found = compared("on: Product Added", "on: Product Viewed", event("Product Added", 0), event("Product Viewed", 30))
    assert counts(found) == {"only_a": 2, "only_b": 2}


def test_a_step_more_leaves_the_others_as_they_are() -> None:
    found = compared("- act: note", "- act: note\n      - {id: more, act: note}", event("Product Added", 0))
    assert counts(found) == {"only_b": 1, "same": 2}


def test_stays_at_once_are_told_apart() -> None:
    past = [event("Product Added", 0, cart=cart) for cart in ("c1", "c2", "c3")]
    found = compared("1 hour", "2 hours", *past)
    assert counts(found) == {"changed": 3, "same": 3}


def test_a_second_stay_is_not_taken_for_the_first() -> None:
    past = event("Product Added", 0), event("Product Added", 20)
    found = compared("wait: 1 hour", "wait: 50 hours", *past)
    assert counts(found) == {"only_a": 3, "same": 1}


def test_stays_that_move_with_a_visitor_keep_their_entry() -> None:
    past = [event("Product Added", 0, "t2", anonymousId="t2"), identify("bo", "t2", 0.5)]
    sayings = said(WORLD, past)
    assert {(place.customer, place.step, place.entry) for place in sayings.all()} == {
        ("t2", "act-note", "Product Added-t2-0-c1"),
        ("bo", "mail", "Product Added-t2-0-c1"),
    }


def test_no_more_examples_than_people_read() -> None:
    past = [event("Product Added", 0, f"user-{number}") for number in range(20)]
    found = compared("1 hour", "2 hours", *past)
    assert len(found.to_json()["examples"]["only_a"]) <= 3


def test_lines_for_people() -> None:
    told = list(lines(compared("1 hour", "2 hours", event("Product Added", 0)), "main", "mine"))
    assert told == [
        "0 only in main, 0 only in mine, 1 changed, 1 the same",
        "  cart act-note: 1 the same",
        "  cart mail: 1 changed",
        "",
        "changed: letter by cart for ada",
        "  at: 2026-01-05T10:00:00.000Z → 2026-01-05T11:00:00.000Z",
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a project below its top, of one commit, and a change that isn't committed."""

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    project = tmp_path / "shop"
    (project / "journeys").mkdir(parents=True)
    (project / "journeys" / "a.yaml").write_text("old")
    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "-m", "first")
    (project / "journeys" / "a.yaml").write_text("new")
    return project


def read(name: str, project: Path) -> Any:
    with project_at(name, project) as folder:
        return (folder / "journeys" / "a.yaml").read_text()


def test_a_folder_is_taken_as_it_is(repository: Path) -> None:
    assert read(str(repository), repository) == "new"


@pytest.mark.parametrize("name", ["main", "HEAD"])
def test_a_commit_is_taken_out_of_git(repository: Path, name: str) -> None:
    assert read(name, repository) == "old"


def test_the_working_tree_is_left_alone(repository: Path) -> None:
    read("main", repository)
    assert (repository / "journeys" / "a.yaml").read_text() == "new"


@pytest.mark.parametrize("name", ["nope", "-x", "main:shop"])
def test_what_is_neither_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(UsageError):
        read(name, repository)


def test_a_project_outside_of_git_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is in no git repository"):
        read("main", tmp_path)
