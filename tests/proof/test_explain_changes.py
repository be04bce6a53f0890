"""What a story says of journeys that were paused, stopped or changed under a customer."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.customer import Customer, Instance
from orchestrator.events.event import Event
from orchestrator.journeys.applied import AppliedLimits, State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.origin import Origin
from orchestrator.proof.explained import Explained
from orchestrator.proof.explanation import Explainer
from orchestrator.proof.from_topics import change_in_words, tell_states
from orchestrator.proof.story import Story
from orchestrator.proof.telling import tell
from orchestrator.proof.watching import Asked
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of

ACTIONS = """
channels: {note: {address: id, consent: none, content: {text: {}}}}
---
action: hello
channel: note
content: {text: hello}
---
"""
WELCOME = f"""{ACTIONS}
journey: welcome
entry: {{on: Signed Up}}
steps: [{{id: patience, wait: 1 hour}}, {{act: hello}}]
"""
LIMITS = AppliedLimits(dedupe_count=64, dedupe_window_ms=1000, late_after_ms=86_400_000)
SIGN_UP = Event("1", "Signed Up", 0, 0, "ada", None, None, {}, {}, {})


def catalogue_of(*states: dict[str, State]) -> Catalogue:
    catalogue, pack = Catalogue(LIMITS), pack_of(WELCOME)
    for number, each in enumerate(states, 1):
        applied = catalogue.following(pack, each, LIMITS, f"change {number}", 0, Origin("ada"))
        for key, value in records_of(applied, pack):
            catalogue.take(key, value)
    return catalogue


def decided(catalogue: Catalogue, event: Event, at: int = 0) -> Story:
    """The story of one event that did nothing, under the last definitions."""
    explainer, env = Explainer("ada", []), catalogue.env("")
    assert env is not None
    explainer.begin(event, at)
    explainer.end(env, event, Customer("u:ada", 0, 0), at, duplicate=False)
    return explainer.story([])


def told(story: Story) -> str:
    return "\n".join(tell(story, single=True))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("paused", "the journey was paused"),
        ("stopped", "the journey was stopped"),
        ("ended", "the journey was stopped for all"),
    ],
)
def test_what_came_while_a_journey_did_not_run_is_told_with_its_state(state: State, reason: str) -> None:
    story = decided(catalogue_of({"welcome": state}), SIGN_UP)
    assert [each.reason for _, each in story.missed("welcome")] == [reason]
    assert "that never was" not in told(story)


def test_what_came_too_late_came() -> None:
    story = decided(catalogue_of({}), SIGN_UP, at=2 * 86_400_000)
    assert "welcome: last on 1970-01-03 00:00:00: it came 2 days late, so it begins nothing" in told(story)


def test_of_a_journey_that_did_not_run_all_the_time_no_more_is_said_than_is_known() -> None:
    other = Event("1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {})
    assert "and that never was\n" in f"{told(decided(catalogue_of({}), other))}\n"
    assert "and that never was while it ran" in told(decided(catalogue_of({"welcome": "paused"}), other))


def test_a_journey_that_does_not_run_now_says_since_when_and_who_did_it() -> None:
    catalogue = catalogue_of({}, {"welcome": "stopped"}, {"welcome": "stopped", "other": "paused"})
    story = decided(catalogue, SIGN_UP)
    tell_states(story, catalogue, Customer("u:ada", 0, 0))
    assert told(story).endswith("the journey was stopped; it is stopped since 1970-01-01 00:00:00, by ada")
    since = catalogue.since("welcome")
    assert since is not None
    assert since.number == 2
    assert catalogue_of({}).since("welcome") is None


def test_who_stands_still_in_a_paused_journey_is_told_so() -> None:
    catalogue = catalogue_of({"welcome": "paused"})
    stay = Instance("welcome", "v1", "welcome", "u:ada", 0, {}, step="patience")
    story = decided(catalogue, SIGN_UP)
    tell_states(story, catalogue, Customer("u:ada", 0, 0, instances={"welcome": stay}))
    (line,) = [line for line in told(story).splitlines() if "stands at" in line]
    assert line == (
        "  welcome: stands at patience; it is paused since 1970-01-01 00:00:00, by ada, and what falls due is held "
        "until 'orchestrator resume welcome'"
    )
    assert story.about("other").held == {}


def test_what_was_removed_is_told_as_such() -> None:
    catalogue = catalogue_of({})
    story = decided(catalogue, SIGN_UP)
    story.begins["gone"] = "on Signed Up"
    tell_states(story, catalogue, Customer("u:ada", 0, 0))
    assert "gone: it begins on Signed Up, and that never was while it ran; it is not in force any more" in told(story)


def test_a_migration_is_told_first_under_the_change_and_its_version() -> None:
    old = "journey: way\nentry: {on: A}\nsteps: [{id: first, wait: 2 hours}]"
    new = (
        "journey: way\nentry: {on: A}\nmigrate: {first: fork}\nsteps: "
        "[{id: fork, branch: [{if: 'false', steps: [{act: hello}]}, {steps: [{id: rest, wait: 1 hour}]}]}]"
    )
    driver = JourneyTestDriver.of_text(f"{ACTIONS}{old}")
    driver.track("ada", "A")
    before = len(driver.trace)
    explainer = Explainer("ada", [])
    explainer.begin(None, driver.now, "definitions 2 came into force: apply, by ada")
    driver.apply(f"{ACTIONS}{new}")
    version = driver.env.current["way"].version
    explainer.tell(Asked("way", version, "fork arm 1", Explained("false", False, None)))
    records: list[dict[str, Any]] = driver.trace[before:]
    text = told(explainer.story(records)).splitlines()
    assert "definitions 2 came into force: apply, by ada" in text[2]
    assert text[3:] == [
        f"  way {version}",
        f"    comes to this version at fork: from 'first' to version {version}",
        "    fork arm 1? no: false is false",
        "    at fork goes on by arm 2: else",
        "    waits at rest",
    ]


def test_a_change_in_words_has_its_number_and_who_made_it() -> None:
    (applied,) = catalogue_of({}).history
    assert change_in_words(applied) == "definitions 1 came into force: change 1, by ada"
