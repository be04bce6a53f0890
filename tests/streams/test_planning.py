"""What a worker or a person would put in force, and how a plan reads."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.commands.history import chosen
from orchestrator.commands.states import paused
from orchestrator.console.past import table_of
from orchestrator.console.planned import lines_of
from orchestrator.engine.customer import Customer, Instance, Pointer, encode
from orchestrator.errors import PlanRefused, UsageError
from orchestrator.journeys.applied import AppliedLimits, State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.compile import compile_env, versions_of
from orchestrator.journeys.origin import Origin, origin_as
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import Place, Plan, Unmapped, make_plan
from orchestrator.settings import Settings
from orchestrator.streams.beginning import apply_folder, go_on_without, starting
from orchestrator.streams.planning import differs, is_new, odd, other_project, refuse
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


def put(catalogue: Catalogue, pack: Pack, back_to: int | None = None, project: str = "", end: bool = False) -> None:
    version = catalogue.history[back_to - 1].version if back_to is not None else None
    number, origin = len(catalogue.history) + 1, Origin("ada", "c" * 40, True, project)
    applied = catalogue.following(pack, {}, LIMITS, f"change {number}", 0, origin, back_to=version, end_unmapped=end)
    for key, value in records_of(applied, pack):
        catalogue.take(key, value)


def catalogue_of(*packs: Pack, project: str = "", end: bool = False) -> Catalogue:
    catalogue = Catalogue(LIMITS)
    for pack in packs:
        put(catalogue, pack, project=project, end=end)
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


def test_a_worker_whose_folder_is_refused_goes_on_with_what_is_in_force(caplog: pytest.LogCaptureFixture) -> None:
    go_on_without(catalogue_of(FIRST), PlanRefused("12 of them stand at step 'first'"))
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "goes on with definitions 1-" in record.message
    assert record.message.endswith("12 of them stand at step 'first'")
    with pytest.raises(PlanRefused):
        go_on_without(catalogue_of(), PlanRefused("nothing is there to go on with"))


def test_a_worker_of_another_project_does_not_put_its_folder_in_force() -> None:
    bank, catalogue = Settings(project=Path(), project_name="bank"), catalogue_of(FIRST, project="shop")
    with pytest.raises(PlanRefused, match="those of the project 'shop'"):
        asyncio.run(apply_folder({}, bank, catalogue, SECOND))


def test_other_settings_leave_it_at_what_a_rollback_ends() -> None:
    catalogue = catalogue_of(FIRST, end=True)
    assert starting(catalogue, FIRST, Origin("bo")).end_unmapped
    assert not starting(catalogue, SECOND, Origin("bo")).end_unmapped
    assert starting(catalogue_of(), FIRST, Origin("bo")).what == "start of a worker"


@pytest.mark.parametrize(
    ("theirs", "ours", "foreign"),
    [("shop", "shop", False), ("", "shop", False), ("", "", False), ("shop", "bank", True), ("shop", "", True)],
)
def test_the_definitions_of_another_project_are_known(theirs: str, ours: str, foreign: bool) -> None:
    sentence = other_project(catalogue_of(FIRST, project=theirs), Settings(project=Path(), project_name=ours))
    assert (sentence is not None) == foreign
    assert sentence is None or "of the project 'shop'" in sentence
    assert other_project(catalogue_of(), Settings(project=Path())) is None


# What a person may go back to.


def test_back_goes_to_the_last_other_definitions() -> None:
    catalogue = catalogue_of(FIRST, SECOND, SECOND)
    assert chosen(catalogue, None).number == 1


THIRD = talk("[{wait: 3 hours}, {act: hello}]")


def test_back_once_more_goes_further_back() -> None:
    catalogue = catalogue_of(FIRST, SECOND, THIRD)
    put(catalogue, SECOND, back_to=2)
    put(catalogue, SECOND)
    assert chosen(catalogue, None).number == 1


def test_what_a_rollback_left_is_not_come_back_to() -> None:
    catalogue = catalogue_of(FIRST, SECOND)
    put(catalogue, FIRST, back_to=1)
    with pytest.raises(UsageError, match="nothing to go back to"):
        chosen(catalogue, None)


def test_after_a_rollback_and_a_change_back_goes_to_the_rollback() -> None:
    catalogue = catalogue_of(FIRST, SECOND)
    put(catalogue, FIRST, back_to=1)
    put(catalogue, THIRD)
    assert chosen(catalogue, None).number == 3
    put(catalogue, FIRST, back_to=3)
    with pytest.raises(UsageError, match="nothing to go back to"):
        chosen(catalogue, None)


def test_what_comes_back_has_the_commit_that_it_came_from_first() -> None:
    origin = origin_as(catalogue_of(FIRST, project="shop").history[0], "bo")
    assert origin == Origin("bo", "c" * 40, True, "shop")


# What a person may pause.


def test_a_journey_that_runs_can_be_paused() -> None:
    assert paused("talk", {"other": "stopped"}) == {"other": "stopped", "talk": "paused"}
    assert paused("talk", {"talk": "paused"}) == {"talk": "paused"}


@pytest.mark.parametrize("state", ["stopped", "ended"])
def test_a_journey_that_is_stopped_is_not_paused_for_resuming_it_would_open_it(state: State) -> None:
    with pytest.raises(UsageError, match=r"'talk' is stopped.*'orchestrator resume talk' opens it again"):
        paused("talk", {"talk": state})


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


def lines(old: Pack, new: Pack, standing: dict[str, int], unmapped: Unmapped = "refuse", **states: State) -> list[str]:
    places: Counter[Place] = Counter(
        {("talk", versions_of(old)["talk"], step): count for step, count in standing.items()}
    )
    plan = make_plan(old, new, versions_of(old), versions_of(new), places, unmapped)
    return lines_of(plan, Standing(places, 1_000), new, states)


def test_a_change_of_a_journey_says_who_stands_where() -> None:
    assert lines(FIRST, SECOND, {"wait-1": 1_200}) == [
        "~ journey talk; 1,200 customers inside to go on to the end of their version",
        "    ~ wait-1: 1,200 customers here",
    ]


def test_a_migration_says_where_they_go() -> None:
    new = talk("[{id: rest, wait: 2 hours}, {act: hello}]", "migrate: {wait-1: rest}")
    assert lines(FIRST, new, {"wait-1": 1}) == [
        "~ journey talk; 1 customer inside to come to the new version",
        "    + rest",
        "    - wait-1: 1 customer here, to go to rest",
    ]


def test_what_a_version_has_no_step_for_says_what_becomes_of_whom() -> None:
    new = talk("[{id: rest, wait: 2 hours}, {act: hello}]", "migrate: {}")
    assert lines(FIRST, new, {"wait-1": 2}, "stay")[-1] == (
        "    - wait-1: 2 customers here, for whom it has no step: to the end of their version"
    )
    assert lines(FIRST, new, {"wait-1": 2}, "end")[-1] == "    - wait-1: 2 customers here, to leave"


def test_a_misspelt_old_step_is_found_with_the_nearest_name() -> None:
    old = talk("[{id: patience, wait: 1 hour}, {act: hello}]")
    new = talk("[{id: rest, wait: 2 hours}, {act: hello}]", "migrate: {patiense: rest}")
    (warning,) = odd(catalogue_of(old, SECOND), new)
    assert "maps step 'patiense'" in warning
    assert warning.endswith("did you mean 'patience'?")
    right = talk("[{id: rest, wait: 2 hours}, {act: hello}]", "migrate: {patience: rest, wait-1: end}")
    assert list(odd(catalogue_of(old, SECOND), right)) == []
    assert list(odd(catalogue_of(old, SECOND, new), new)) == []
    assert list(odd(catalogue_of(), new)) == []


def test_where_no_journey_stays_it_is_most_likely_another_project() -> None:
    other = pack_of(f"{WORLD}journey: other\nentry: {{on: A}}\nsteps: [{{act: hello}}]\n")
    (warning,) = odd(catalogue_of(FIRST), other)
    assert "is this the right project?" in warning


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
