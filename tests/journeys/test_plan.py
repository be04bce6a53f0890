"""What a change changes, where customers stand, and what is refused."""

from __future__ import annotations

from orchestrator.journeys.compile import versions_of
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import JourneyChange, PartChange, Plan, StepChange, Unmapped, asks_to_move, make_plan
from orchestrator.testing.texts import pack_of

ACTIONS = """
channels: {note: {address: id, consent: none, content: {text: {}}}}
---
action: hello
channel: note
content: {text: hello}
---
action: bye
channel: note
content: {text: bye}
---
"""
FIRST = "[{id: first, wait: 1 hour}, {id: say, act: hello}, {id: second, wait: 1 hour}]"


def pack(steps: str, name: str = "talk", migrate: str = "", actions: str = ACTIONS) -> Pack:
    return pack_of(f"{actions}journey: {name}\nentry: {{on: A}}\n{migrate}\nsteps: {steps}\n")


def plan(old: Pack | None, new: Pack, **standing: int) -> Plan:
    """``standing`` has customers of the old version of "talk" by step."""
    versions = versions_of(old) if old is not None else {}
    places = {("talk", versions.get("talk", "older"), step): count for step, count in standing.items()}
    return make_plan(old, new, versions, versions_of(new), places)


def steps_of(found: Plan) -> list[tuple[str | None, str]]:
    (journey,) = found.journeys
    return [(step.kind, step.id) for step in journey.steps]


def test_without_a_change_there_is_nothing_in_it() -> None:
    assert not plan(pack(FIRST), pack(FIRST))


def test_at_first_all_is_new() -> None:
    found = plan(None, pack(FIRST))
    assert found.journeys == (JourneyChange("added", "talk"),)
    assert PartChange("added", "actions", "hello") in found.parts


def test_steps_come_and_go() -> None:
    new = "[{id: first, wait: 1 hour}, {id: more, act: bye}, {id: second, wait: 1 hour}]"
    assert steps_of(plan(pack(FIRST), pack(new))) == [("added", "more"), ("removed", "say")]


def test_a_step_that_says_something_else() -> None:
    assert steps_of(plan(pack(FIRST), pack(FIRST.replace("act: hello", "act: bye")))) == [("changed", "say")]


def test_a_step_that_moves() -> None:
    new = "[{id: say, act: hello}, {id: first, wait: 1 hour}, {id: second, wait: 1 hour}]"
    ((kind, id_),) = steps_of(plan(pack(FIRST), pack(new)))
    assert kind == "moved"
    assert id_ in {"first", "say"}


def test_what_is_within_a_branch_is_a_step_of_its_own() -> None:
    old = "[{id: way, branch: [{if: 'true', steps: [{id: say, act: hello}]}]}]"
    new = "[{id: way, branch: [{if: 'true', steps: [{id: say, act: bye}]}]}]"
    assert steps_of(plan(pack(old), pack(new))) == [("changed", "say")]


def test_who_stands_in_a_step_is_said() -> None:
    found = plan(pack(FIRST), pack("[{id: second, wait: 1 hour}]"), first=12, second=3)
    (journey,) = found.journeys
    assert journey.inside == 15
    assert StepChange("removed", "first", 12) in journey.steps
    assert StepChange(None, "second", 3) in journey.steps


def test_a_step_may_go_for_those_inside_go_on_in_their_version() -> None:
    assert plan(pack(FIRST), pack("[{id: second, wait: 1 hour}]"), first=12).refusals == ()


def test_who_asks_them_to_move_must_say_where_to() -> None:
    found = plan(
        pack(FIRST), pack("[{id: other, wait: 1 hour}]", migrate="migrate: {second: other}"), first=12, second=3
    )
    (refusal,) = found.refusals
    assert "12 of them stand at step 'first'" in refusal


def test_a_step_of_the_same_id_needs_no_mapping() -> None:
    new = pack("[{id: first, wait: 2 hours}]", migrate="migrate: {second: end}")
    found = plan(pack(FIRST), new, first=12, second=3)
    assert found.refusals == ()
    (journey,) = found.journeys
    assert {step.id: step.goes_to for step in journey.steps if step.standing} == {"first": "first", "second": "end"}


def test_where_nobody_stands_nothing_needs_a_mapping() -> None:
    assert plan(pack(FIRST), pack("[{id: other, wait: 1 hour}]", migrate="migrate: {}")).refusals == ()


def test_customers_of_much_older_versions_count_too() -> None:
    old, new = pack(FIRST), pack(FIRST.replace("1 hour", "2 hours"), migrate="migrate: {}")
    found = make_plan(old, new, versions_of(old), versions_of(new), {("talk", "ancient", "gone"): 2})
    assert "2 of them stand at step 'gone'" in found.refusals[0]


def test_whoever_has_no_step_in_it_may_stay_or_leave() -> None:
    old, new = pack(FIRST), pack("[{id: second, wait: 1 hour}]", migrate="migrate: {}")
    places = {("talk", versions_of(old)["talk"], step): 2 for step in ("first", "second")}
    ways: dict[Unmapped, str | None] = {"stay": None, "end": "end"}
    for unmapped, goes_to in ways.items():
        found = make_plan(old, new, versions_of(old), versions_of(new), places, unmapped)
        assert found.refusals == ()
        (journey,) = found.journeys
        assert {step.id: step.goes_to for step in journey.steps if step.standing} == {
            "first": goes_to,
            "second": "second",
        }


def test_a_journey_that_goes_lets_those_finish_who_are_inside() -> None:
    found = plan(pack(FIRST), pack(FIRST, name="other"), first=4)
    assert [(change.kind, change.name, change.inside) for change in found.journeys] == [
        ("added", "other", 0),
        ("removed", "talk", 4),
    ]
    assert found.refusals == ()


def test_other_parts_by_name() -> None:
    new = pack(FIRST, actions=ACTIONS.replace("text: bye", "text: goodbye"))
    assert plan(pack(FIRST), new).parts == (PartChange("changed", "actions", "bye"),)


def test_an_action_changes_the_journeys_that_use_it() -> None:
    new = pack(FIRST, actions=ACTIONS.replace("text: hello", "text: hi"))
    assert [(change.kind, change.name) for change in plan(pack(FIRST), new).journeys] == [("changed", "talk")]


def test_only_a_new_version_asks_for_anything() -> None:
    moving = pack(FIRST, migrate="migrate: {}")
    assert asks_to_move(moving, versions_of(pack(FIRST)), versions_of(moving))
    assert not asks_to_move(moving, versions_of(moving), versions_of(moving))
