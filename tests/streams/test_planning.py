"""What a worker or a person would put in force, and how a plan reads."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.commands.history import chosen
from orchestrator.console.past import table_of
from orchestrator.console.planned import lines_of
from orchestrator.engine.customer import Customer, Instance, Pointer, encode
from orchestrator.errors import PlanRefused, UsageError
from orchestrator.journeys.applied import AppliedLimits, State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.compile import compile_env, versions_of
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import Place, Plan, make_plan
from orchestrator.streams.planning import differs, is_new, refuse
from orchestrator.streams.standing import Count, Standing
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of

LIMITS = AppliedLimits(dedupe_count=64, dedupe_window_ms=1000, late_after_ms=1000)
OTHER_LIMITS = AppliedLimits(dedupe_count=1, dedupe_window_ms=1000, late_after_ms=1000)
WORLD = """
channels: {note: {address: id, consent: none, content: {text: {}}}}
---
action: hello
channel: note
content: {text: hello}
---
"""


def talk(steps: str, more: str = "") -> Pack:
    return pack_of(f"{WORLD}journey: talk\nentry: {{on: A}}\n{more}\nsteps: {steps}\n")


FIRST, SECOND = talk("[{wait: 1 hour}, {act: hello}]"), talk("[{wait: 2 hours}, {act: hello}]")


def catalogue_of(*packs: Pack, states: dict[str, State] | None = None) -> Catalogue:
    catalogue = Catalogue(LIMITS)
    for number, pack in enumerate(packs, 1):
        applied = catalogue.following(pack, states or {}, LIMITS, f"change {number}", 0, Origin("ada", "c" * 40, True))
        for key, value in records_of(applied, pack):
            catalogue.take(key, value)
    return catalogue


# What a worker does at its start.


def test_a_folder_is_new_where_nothing_was_ever_applied() -> None:
    assert is_new(catalogue_of(), FIRST, LIMITS)


def test_a_folder_that_is_in_force_is_not() -> None:
    assert not is_new(catalogue_of(FIRST), FIRST, LIMITS)


def test_a_folder_that_nobody_has_seen_is_new() -> None:
    assert is_new(catalogue_of(FIRST), SECOND, LIMITS)


def test_a_folder_that_was_replaced_does_not_come_back_by_itself() -> None:
    catalogue = catalogue_of(FIRST, SECOND)
    assert not is_new(catalogue, FIRST, LIMITS)
    assert differs(catalogue, FIRST, LIMITS)


def test_other_settings_are_new() -> None:
    assert is_new(catalogue_of(FIRST), FIRST, OTHER_LIMITS)


# What a person may go back to.


def test_back_goes_to_the_last_other_definitions() -> None:
    catalogue = catalogue_of(FIRST, SECOND, SECOND)
    assert chosen(catalogue, None).number == 1


@pytest.mark.parametrize("how", ["2", "whole", "beginning"])
def test_back_goes_to_what_is_named(how: str) -> None:
    catalogue = catalogue_of(FIRST, SECOND, FIRST)
    version = catalogue.history[1].version
    assert chosen(catalogue, {"whole": version, "beginning": version[:6]}.get(how, how)).number == 2


@pytest.mark.parametrize("version", ["9", "no", ""])
def test_what_never_was_is_refused(version: str) -> None:
    with pytest.raises(UsageError):
        chosen(catalogue_of(FIRST, SECOND), version)


# How it reads.


def lines(old: Pack, new: Pack, standing: dict[str, int], **states: State) -> list[str]:
    places: Counter[Place] = Counter(
        {("talk", versions_of(old)["talk"], step): count for step, count in standing.items()}
    )
    plan = make_plan(old, new, versions_of(old), versions_of(new), places)
    return lines_of(plan, Standing(places, 1_000), new, states)


def test_a_change_of_a_journey_says_who_stands_where() -> None:
    assert lines(FIRST, SECOND, {"wait-1": 1_200}) == [
        "~ journey talk; 1,200 customers inside go on to the end of their version",
        "    ~ wait-1: 1,200 customers stand here",
    ]


def test_a_migration_says_where_they_go() -> None:
    new = talk("[{id: rest, wait: 2 hours}, {act: hello}]", "migrate: {wait-1: rest}")
    assert lines(FIRST, new, {"wait-1": 1}) == [
        "~ journey talk; 1 customer inside come to the new version",
        "    + rest",
        "    - wait-1: 1 customer stand here and go to rest",
    ]


def test_a_paused_journey_says_so() -> None:
    assert lines(FIRST, SECOND, {}, talk="paused")[0] == "~ journey talk; it is paused, and stays so: nobody enters"


def test_segments_and_broadcasts_have_sizes() -> None:
    new = pack_of(
        f"{WORLD}segments: {{vip: {{if: customer.known}}}}\n---\n"
        "journey: talk\nentry: {broadcast: {at: 2026-12-01T09:00, segment: vip, per_minute: 100}}\n"
        "steps: [{act: hello}]\n"
    )
    found = Standing(Counter(), 1_000, Counter(vip=250))
    assert lines_of(Plan((), (), ()), found, new, {}) == [
        "  segment vip has 250 of 1,000 customers",
        "  journey talk would be broadcast to 250 customers as of now, 100 a minute: that takes 3 minutes",
    ]


def test_a_refusal_is_an_error_with_its_reasons() -> None:
    refuse(Plan((), (), ()))
    with pytest.raises(PlanRefused, match=r"one\ntwo"):
        refuse(Plan((), (), ("one", "two")))


def test_the_newest_change_comes_first_and_has_a_star() -> None:
    head, second, first = table_of(catalogue_of(FIRST, SECOND).history)
    assert head[1] == "VERSION"
    assert (second[0], second[4], second[5]) == ("*", "change 2", "cccccccccc and more")
    assert (first[0], first[4]) == ("", "change 1")


# Who stands where.


def customer(key: str, **fields: object) -> bytes:
    return encode(Customer(key, 0, 0, **fields))  # type: ignore[arg-type]


def test_customers_are_counted_as_they_are_last() -> None:
    count = Count()
    stay = Instance("talk", "v1", "talk", "u:ada", 0, {}, step="wait-1")
    count.take(b"u:ada", customer("u:ada", instances={"talk": stay}), 0)
    count.take(b"u:bo", customer("u:bo", instances={"talk": stay}), 0)
    count.take(b"u:bo", customer("u:bo"), 0)
    count.take(b"a:laptop", customer("a:laptop"), 0)
    count.take(b"a:laptop", encode(Pointer("a:laptop", "u:ada", 0)), 0)
    count.take(b"u:cy", customer("u:cy"), 0)
    count.take(b"u:cy", None, 0)
    count.take(b"\x00meta", b"{}", 0)
    assert count.standing() == Standing(Counter({("talk", "v1", "wait-1"): 1}), 2)


def test_a_segment_that_is_not_yet_in_force_has_a_size() -> None:
    pack = pack_of(
        f"{WORLD}segments: {{vip: {{if: customer.traits.points > 5}}}}\n---\njourney: talk\n"
        "entry: {on: A}\nsteps: [{act: hello}]\n"
    )
    count = Count(compile_env(pack, **LIMITS.model_dump()))
    for number in range(10):
        count.take(b"u:%d" % number, customer(f"u:{number}", traits={"points": number}), 0)
    assert count.standing().segments == Counter(vip=4)


def test_the_size_of_a_segment_over_a_new_trait_is_that_of_the_history() -> None:
    driver = JourneyTestDriver.of_text(
        f"{WORLD}journey: talk\nentry: {{on: A}}\nsteps: [{{act: hello}}]\n---\nhistory: {{keep: 9, for: 30 days}}\n"
    )
    for user in ("ada", "ada", "bo"):
        driver.track(user, "A")
    pack = pack_of(
        f"{WORLD}journey: talk\nentry: {{on: A}}\nsteps: [{{act: hello}}]\n---\n"
        "history: {keep: 9, for: 30 days}\ncomputed: {visits: {count: A, window: 1 day}}\n---\n"
        "segments: {often: {if: customer.computed.visits > 1}}\n"
    )
    env = compile_env(pack, **LIMITS.model_dump())
    for moment, size in ((driver.now, 1), (driver.now + 2 * 86_400_000, 0)):
        count = Count(env, moment)
        for part in driver._run._parts:
            for key, value in part.records.items():
                count.take(key, value, driver.now)
        assert count.standing().segments["often"] == size
