"""From definitions to what the engine runs: flattening, versions, packs that travel."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.arms import InSegment, LikelyTo, Propensity
from orchestrator.engine.entry import Reentry
from orchestrator.engine.experiments import Arm
from orchestrator.engine.journey import Env, Journey
from orchestrator.engine.policy import DEFAULT_POLICY
from orchestrator.engine.steps import (
    Act,
    Branch,
    End,
    Goto,
    Join,
    Quiet,
    Split,
    Step,
    Update,
    Wait,
    WaitForAbsence,
    WaitForDate,
    WaitForEvent,
    WaitForOpened,
    WaitUntil,
)
from orchestrator.engine.treatment import Consent
from orchestrator.errors import DefinitionError
from orchestrator.events.engagement import OPENED
from orchestrator.events.view import View
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.compile import compile_env, compile_journey, journey_version
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.load import default_channels, load
from orchestrator.journeys.pack import Pack

DAY = 86_400_000


def pack_of(*journeys: dict[str, Any], actions: list[dict[str, Any]] | None = None) -> Pack:
    mail = {"action": "mail", "channel": "email", "content": {"subject": "Hello", "html": "Hello {{ customer.id }}"}}
    definitions = [JourneyDefinition.model_validate(journey) for journey in journeys]
    said = [ActionDefinition.model_validate(action) for action in actions or [mail]]
    return Pack(
        {journey.journey: journey for journey in definitions},
        {action.action: action for action in said},
        default_channels(),
    )


def journey_of(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"journey": "a", "entry": {"on": "X"}, "steps": list(steps), **more}


def compiled(*steps: dict[str, Any], **more: Any) -> Journey:
    return compile_journey(pack_of(journey_of(*steps, **more)), "a")


def env_of(
    pack: Pack, pinned: Mapping[tuple[str, str], Journey] = MappingProxyType({}), late_after_ms: int = 2_000
) -> Env:
    return compile_env(pack, dedupe_count=100, dedupe_window_ms=1_000, late_after_ms=late_after_ms, pinned=pinned)


def ways(step: Step) -> tuple[str | None, ...]:
    """Where a customer may go from a step; None is out."""
    if isinstance(step, Branch):
        otherwise = () if any(condition is None for condition, _ in step.arms) else (step.next,)
        return (*(target for _, target in step.arms), *otherwise)
    return (step.next, step.timed_out) if isinstance(step, WaitForEvent) else (step.next,)


ARMS = [{"if": "event.x", "steps": [{"wait": "1 day"}]}, {"steps": [{"end": True}]}]


def test_each_kind_of_step() -> None:
    journey = compiled(
        {"wait": "1 day"},
        {"wait": {"absence": "2 days"}},
        {"wait": {"event": ["Y", "Z"], "if": "event.y", "timeout": "3 days"}},
        {"branch": [{"if": "event.x", "steps": [{"quiet": {"purpose": "ads", "for": "4 days"}}]}]},
        {"act": "mail", "delay": "5 days", "if": "event.z"},
        {"end": True},
    )
    wait, absence, event, branch, quiet, act, end = journey.steps.values()

    assert journey.first == "wait-1"
    assert wait == Wait("wait-1", "wait-2", DAY)
    assert absence == WaitForAbsence("wait-2", "wait-3", 2 * DAY)
    assert isinstance(event, WaitForEvent)
    assert (event.next, event.timed_out, event.events, event.timeout_ms) == (
        "branch-1",
        "branch-1",
        frozenset({"Y", "Z"}),
        3 * DAY,
    )
    assert event.condition is not None
    assert event.condition.source == "event.y"
    assert isinstance(branch, Branch)
    assert branch.next == "act-mail"
    assert [target for _, target in branch.arms] == ["quiet-1"]
    assert quiet == Quiet("quiet-1", "act-mail", "ads", 4 * DAY)
    assert isinstance(act, Act)
    assert (act.id, act.next, act.delay_ms) == ("act-mail", "end-1", 5 * DAY)
    assert act.condition is not None
    assert act.condition.met({"z": True}, {}, {})
    assert end == End("end-1")


def test_the_kinds_of_steps_that_came_later() -> None:
    journey = compiled(
        {"wait": {"until": "09:30", "on": ["mon", "sun"]}},
        {"wait": {"date": "customer.traits.day", "offset": "-30 days", "at": "09:00"}},
        {"act": "mail"},
        {"wait": {"opened": "act-mail", "timeout": "1 day", "timed_out": [{"goto": "act-mail"}]}},
        {
            "branch": [
                {"segment": "vip", "steps": [{"update": {"traits": {"vip": True, "n": 3}}}]},
                {"propensity": {"action": "mail", "above": 0.5}},
            ]
        },
        {
            "split": {
                "experiment": "e",
                "arms": [
                    {"arm": "a", "weight": 20, "control": True},
                    {"arm": "b", "weight": 80, "steps": [{"end": True}]},
                ],
            }
        },
        {"join": "b"},
        goal=[{"on": "Y"}, {"name": "g", "on": "Z", "within": "2 days", "value": 5}],
        holdout=12.5,
    )
    until, date, act, opened, goto, branch, update, split, end, join = journey.steps.values()

    assert until == WaitUntil("wait-1", "wait-2", 34_200_000, frozenset({0, 6}))
    assert isinstance(date, WaitForDate)
    assert (date.next, date.date.source, date.offset_ms, date.daytime_ms) == (
        "act-mail",
        "customer.traits.day",
        -30 * DAY,
        32_400_000,
    )
    assert isinstance(act, Act)
    assert (act.id, act.awaited) == ("act-mail", True)
    assert opened == WaitForOpened("wait-3", "branch-1", "goto-1", "act-mail", DAY)
    assert goto == Goto("goto-1", "act-mail")
    assert isinstance(branch, Branch)
    assert branch.arms == ((InSegment("vip"), "update-1"), (LikelyTo(Propensity("mail", None), 0.5), "split-1"))
    assert isinstance(update, Update)
    assert [(name, value.source) for name, value in update.traits] == [("vip", "true"), ("n", "3")]
    assert split == Split("split-1", "join-1", "e", ((Arm("a", 20, True), "join-1"), (Arm("b", 80), "end-1")))
    assert end == End("end-1")
    assert join == Join("join-1", None, "b")
    assert [(goal.name, goal.within_ms) for goal in journey.goals] == [("goal-1", None), ("g", 2 * DAY)]
    assert (journey.holdout, journey.watch_ms, journey.experiments) == (12.5, 2 * DAY, frozenset({"e"}))
    assert journey.hears == {"Y", "Z"} | OPENED


def test_what_yaml_reads_as_a_value_is_cel() -> None:
    journey = compiled({"update": {"traits": {"a": None, "b": False, "c": 1.5, "d": "'x'"}}})
    update = journey.steps["update-1"]

    assert isinstance(update, Update)
    assert [value.evaluate({}, {}, {}) for _, value in update.traits] == [None, False, 1.5, "x"]


def test_a_propensity_of_an_action_is_part_of_the_version() -> None:
    def version(propensity: float | str | None) -> str:
        mail = {"action": "mail", "channel": "sms", "propensity": propensity, "content": {"text": "Hi"}}
        steps = {"branch": [{"propensity": {"action": "mail", "above": 0.5}, "steps": []}]}
        return journey_version(pack_of(journey_of(steps), actions=[mail]), "a")

    assert len({version(None), version(0.5), version(0.6), version("0.5")}) == 4


def test_inner_lists_go_on_after_the_step_around_them() -> None:
    journey = compiled(
        {
            "wait": {
                "event": "Y",
                "timeout": "1 day",
                "received": [{"wait": "1 day"}, {"branch": ARMS}],
                "timed_out": [{"act": "mail"}],
            }
        },
        {"act": "mail"},
    )

    assert {id_: ways(step) for id_, step in journey.steps.items()} == {
        "wait-1": ("wait-2", "act-mail"),
        "wait-2": ("branch-1",),
        "branch-1": ("wait-3", "end-1"),
        "wait-3": ("act-mail-2",),
        "end-1": (None,),
        "act-mail": ("act-mail-2",),
        "act-mail-2": (None,),
    }


def test_empty_ways_go_on() -> None:
    journey = compiled({"branch": [{"if": "event.x"}, {"if": "event.y", "steps": []}]}, {"act": "mail"})

    assert ways(journey.steps["branch-1"]) == ("act-mail", "act-mail", "act-mail")
    assert ways(compiled({"branch": [{"steps": []}]}).steps["branch-1"]) == (None,)


def test_an_id_of_ones_own_wins() -> None:
    journey = compiled(
        {"wait": "1 day"}, {"wait": "2 days", "id": "wait-1"}, {"wait": "3 days"}, {"act": "mail", "id": "m"}
    )

    assert list(journey.steps) == ["wait-2", "wait-1", "wait-3", "m"]
    assert [step.id for step in journey.steps.values()] == list(journey.steps)
    assert journey.first == "wait-2"


@pytest.mark.parametrize(
    ("written", "reentry", "after_ms"),
    [
        ("never", Reentry.NEVER, 0),
        ("after_exit", Reentry.AFTER_EXIT, 0),
        ("after 7 days", Reentry.AFTER_TIME, 7 * DAY),
    ],
)
def test_the_entry(written: str, reentry: Reentry, after_ms: int) -> None:
    entry = compiled({"end": True}, entry={"on": ["X", "Y"], "key": "event.id", "reentry": written}).entry

    assert entry.events == {"X", "Y"}
    assert (entry.reentry, entry.reentry_ms) == (reentry, after_ms)
    assert entry.condition is None
    assert entry.key is not None
    assert entry.key.evaluate({"id": 7}, {}, {}) == 7


def test_the_exits() -> None:
    journey = compiled({"wait": "1 day"}, exit=[{"on": "Y"}, {"on": "Z", "if": "journey.x == event.x"}])

    assert [way.events for way in journey.exits] == [{"Y"}, {"Z"}]
    assert journey.exits[1].condition is not None
    assert journey.exits[1].condition.met({"x": 1}, {}, {"x": 1})
    assert journey.hears == {"Y", "Z"}


def test_an_action_has_the_journeys_purpose_and_priority_unless_it_says() -> None:
    plain = {"action": "plain", "channel": "sms", "content": {"text": "Hi"}}
    own = {**plain, "action": "own", "purpose": "service", "priority": 0, "expires": "1 hour"}
    journey = journey_of({"act": "plain"}, {"act": "own"}, purpose="care", priority=70)
    first, second = compile_journey(pack_of(journey, actions=[plain, own]), "a").steps.values()

    assert isinstance(first, Act)
    assert isinstance(second, Act)
    said, other = first.action.treatment, second.action.treatment
    assert (said.purpose, said.priority, said.expires_ms) == ("care", 70, DAY)
    assert (other.purpose, other.priority, other.expires_ms) == ("service", 0, 3_600_000)
    assert said.channel.address == ("traits.phone",)
    assert said.channel.consent is Consent.OPT_IN
    assert said.content.render(View({}, {}), {}, {}, DEFAULT_POLICY, 0).fields == {"text": "Hi"}


def test_entries_go_by_priority_then_by_name() -> None:
    env = env_of(
        pack_of(
            {**journey_of({"end": True}), "journey": "c"},
            {**journey_of({"end": True}), "journey": "b", "entry": {"on": ["X", "Y"]}},
            {**journey_of({"end": True}), "journey": "a", "entry": {"on": "*"}},
            {**journey_of({"end": True}), "journey": "d", "priority": 90},
        )
    )

    assert {event: [journey.name for journey in found] for event, found in env.entries.items()} == {
        "*": ["a"],
        "X": ["d", "b", "c"],
        "Y": ["b"],
    }
    assert (env.dedupe_count, env.dedupe_window_ms, env.late_after_ms) == (100, 1_000, 2_000)


def test_older_versions_stay_pinned_and_what_is_unchanged_is_not_compiled_again() -> None:
    other = {**journey_of({"end": True}), "journey": "b"}
    old = env_of(pack_of(journey_of({"wait": "1 day"}), other))
    new = env_of(pack_of(journey_of({"wait": "2 days"}), other), old.pinned)
    (changed, same), (_, before) = new.entries["X"], old.entries["X"]

    assert len(old.pinned) == 2
    assert set(new.pinned) == {*old.pinned, ("a", changed.version)}
    assert same is before
    assert changed.steps["wait-1"] == Wait("wait-1", None, 2 * DAY)


def test_the_version_of_an_env_is_that_of_the_pack_and_the_limits() -> None:
    pack = pack_of(journey_of({"wait": "1 day"}))
    other = env_of(pack_of(journey_of({"wait": "2 days"})))
    env = env_of(pack)

    assert env.version != other.version
    assert env.version != env_of(pack, late_after_ms=1).version
    assert env.version == env_of(pack, other.pinned).version
    assert env.version == env_of(Pack.from_json(pack.to_json())).version


SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"


def test_a_journey_with_all_it_needs_travels_alone() -> None:
    pack = load(SHOP)

    for name in pack.journeys:
        part = Pack.from_json(pack.part(name).to_json())
        assert list(part.journeys) == [name]
        assert journey_version(part, name) == journey_version(pack, name)
        assert compile_journey(part, name).version == journey_version(pack, name)


def test_the_version_depends_on_what_a_journey_uses_and_on_nothing_else() -> None:
    journey = journey_of({"act": "mail"})
    said = {"action": "mail", "channel": "email", "content": {"subject": "a", "html": "b"}}
    unused = {"action": "unused", "channel": "sms", "content": {"text": "a"}}
    version = journey_version(pack_of(journey, actions=[said]), "a")
    channels = dict(default_channels())
    channels["email"] = channels["email"].model_copy(update={"consent": "none"})
    channels["sms"] = channels["sms"].model_copy(update={"consent": "none"})

    def with_channel(name: str) -> Pack:
        pack = pack_of(journey, actions=[said, unused])
        return Pack(pack.journeys, pack.actions, {**pack.channels, name: channels[name]})

    assert len(version) == 12
    assert int(version, 16)
    assert journey_version(pack_of(journey, actions=[said, unused]), "a") == version
    assert journey_version(with_channel("sms"), "a") == version
    assert journey_version(with_channel("email"), "a") != version
    assert journey_version(pack_of(journey, actions=[{**said, "expires": "1 hour"}]), "a") != version


def test_the_version_does_not_depend_on_how_the_files_are_written(tmp_path: Path) -> None:
    def version(journey: str, action: str) -> str:
        for folder, text in (("journeys", journey), ("actions", action)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "a.yaml").write_text(text, "utf-8")
        return journey_version(load(tmp_path), "a")

    first = version(
        "journey: a\nentry: {on: X, reentry: after 7 days}\nsteps:\n  - wait: 90 minutes\n  - act: mail\n",
        "action: mail\nchannel: email\ncontent: {subject: a, html: b}\n",
    )
    second = version(
        "# The same.\nsteps: [{'wait': 1 hour 30 min}, {act: mail, delay: 0 s}]\npriority: 50  # as by default\n"
        "entry:\n  reentry: after 7 days\n  on: [X]\njourney: a\n",
        "content:\n  html: |-\n    b\n  subject: 'a'\nexpires: 24 hours\nchannel: email\naction: mail\n",
    )

    assert first == second


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "is no JSON"),
        (b"[]", "valid dict"),
        (b'{"journeys":[],"actions":[],"channels":{},"more":1}', "more: Extra inputs"),
        (
            b'{"journeys":[{"journey":"a","entry":{"on":"X"},"steps":[{"act":"b"}]}],"actions":[],"channels":{}}',
            "journey 'a' uses action 'b', which is not there",
        ),
        (
            b'{"journeys":[],"actions":[{"action":"a","channel":"b","content":{}}],"channels":{}}',
            "action 'a' uses channel 'b', which is not there",
        ),
    ],
    ids=["no json", "a list", "another key", "an action too few", "a channel too few"],
)
def test_bytes_that_are_no_pack(data: bytes, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        Pack.from_json(data)


@pytest.mark.parametrize(
    ("journey", "action", "message"),
    [
        ({"exit": [{"on": "X", "if": "("}]}, {}, "journey 'a': the expression is not complete"),
        ({}, {"content": {}}, "journey 'a': action 'mail': the content needs 'subject'"),
        ({}, {"content": {"subject": "{{", "html": "a"}}, "journey 'a': action 'mail': subject: "),
    ],
    ids=["a condition", "a field", "a template"],
)
def test_definitions_that_were_never_loaded_are_refused(
    journey: dict[str, Any], action: dict[str, Any], message: str
) -> None:
    said = {"action": "mail", "channel": "email", "content": {"subject": "a", "html": "b"}, **action}
    with pytest.raises(DefinitionError, match=message):
        compile_journey(pack_of(journey_of({"act": "mail"}, **journey), actions=[said]), "a")


# Properties. The journeys are right ones: no step stands where it cannot be reached.

names = st.sampled_from(["X", "Y", "Z"])
conditions = st.sampled_from(["event.x == 1", "has(customer.y)", "journey.z"])
spans = st.sampled_from(["1 s", "90 minutes", "2 days", "1 week"])
plain_steps = st.one_of(
    spans.map(lambda span: {"wait": span}),
    spans.map(lambda span: {"wait": {"absence": span}}),
    spans.map(lambda span: {"quiet": {"for": span}}),
    st.fixed_dictionaries({"act": st.just("mail")}, optional={"delay": spans, "if": conditions}),
)


def with_inner(steps: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    arm = st.fixed_dictionaries({"if": conditions}, optional={"steps": steps})
    branch = st.fixed_dictionaries({"branch": st.lists(arm, min_size=1, max_size=3)})
    wait = st.fixed_dictionaries({"event": names, "timeout": spans}, optional={"received": steps})
    ending = st.just([{"end": True}])
    step = st.one_of(plain_steps, branch, st.fixed_dictionaries({"wait": wait}))
    return st.builds(lambda some, last: some + last, st.lists(step, max_size=4), st.one_of(st.just([]), ending))


step_lists = st.recursive(st.lists(plain_steps, max_size=3), with_inner, max_leaves=8).filter(bool)
journeys = st.builds(
    lambda steps, entry, exits: journey_of(*steps, entry=entry, exit=exits),
    step_lists,
    st.fixed_dictionaries({"on": names}, optional={"reentry": st.sampled_from(["never", "after 3 days"])}),
    st.lists(st.fixed_dictionaries({"on": names, "if": conditions}), max_size=2),
)


def reached(journey: Journey) -> set[str | None]:
    """All steps that a customer may come to, and None if they may come out."""
    found: set[str | None] = set()
    waiting = [journey.first]
    while waiting:
        id_ = waiting.pop()
        if id_ not in found:
            found.add(id_)
            waiting += ways(journey.steps[id_]) if id_ is not None else ()
    return found


@given(journeys)
def test_every_step_is_reached_and_every_way_ends(written: dict[str, Any]) -> None:
    journey = compile_journey(pack_of(written), "a")
    order = {id_: number for number, id_ in enumerate(journey.steps)}

    assert reached(journey) == {*journey.steps, None}
    for id_, step in journey.steps.items():
        assert step.id == id_
        assert all(target is None or order[target] > order[id_] for target in ways(step))


@given(journeys)
def test_a_pack_travels_unchanged(written: dict[str, Any]) -> None:
    pack = pack_of(written)
    again = Pack.from_json(pack.to_json())

    assert again == pack
    assert again.to_json() == pack.to_json()
    assert journey_version(again, "a") == journey_version(pack, "a")


def shuffled(value: Any, order: Any) -> Any:
    """The same value, its keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(journeys, st.randoms())
def test_the_order_of_keys_is_no_change(written: dict[str, Any], order: Any) -> None:
    assert journey_version(pack_of(shuffled(written, order)), "a") == journey_version(pack_of(written), "a")


def changes(value: Any) -> Iterator[Any]:
    """The value with one thing in it changed, added or taken away."""
    if isinstance(value, dict):
        for key, inner in value.items():
            for other in changes(inner):
                yield {**value, key: other}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield [*value[:at], inner, *value[at:]]
            for other in changes(inner):
                yield [*value[:at], other, *value[at + 1 :]]
    elif isinstance(value, str):
        yield {"1 s": "1 ms", "90 minutes": "89 minutes", "2 days": "3 days", "1 week": "8 days"}.get(
            value, f"{value} "
        )


@given(journeys)
def test_any_change_is_another_version(written: dict[str, Any]) -> None:
    version = journey_version(pack_of(written), "a")
    definition = JourneyDefinition.model_validate(written)
    for other in changes(written):
        try:
            changed = JourneyDefinition.model_validate(other)
        except ValueError:
            continue
        if changed != definition:
            assert journey_version(pack_of(other), "a") != version
