"""Journeys of all kinds of steps, thrown together: what may be written runs, ends its rounds and repeats no id."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from orchestrator.contracts.schemas import contracts
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.checks import check_journey
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.load import default_channels
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.step_checks import Named
from orchestrator.testing import JourneyTestDriver

EVENTS = ["Product Added", "Order Completed", "Message Opened"]
IDS = ["s1", "s2", "s3"]
ACTIONS = {
    name: ActionDefinition.model_validate(
        {"action": name, "channel": "crm", "purpose": purpose, "content": {"object": "task", "fields": {"a": "b"}}}
    )
    for name, purpose in (("note", "marketing"), ("help", "service"))
}
LOG = contracts({})["journey-log"]

DURATIONS = st.sampled_from(["0 seconds", "1 minute", "1 day"])
TESTS = st.sampled_from(
    [{"if": "customer.traits.x == 1"}, {"segment": "vip"}, {"propensity": {"action": "note", "above": 0.4}}, {}]
)


def steps_of(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.fixed_dictionaries({"wait": DURATIONS}),
        st.fixed_dictionaries({"wait": st.fixed_dictionaries({"absence": DURATIONS})}),
        st.just({"wait": {"until": "08:00", "on": ["mon", "sat"]}}),
        st.just({"wait": {"date": "customer.traits.day", "offset": "-1 day"}}),
        st.fixed_dictionaries(
            {
                "wait": st.fixed_dictionaries(
                    {"event": st.sampled_from(EVENTS), "timeout": DURATIONS, "received": inner, "timed_out": inner}
                )
            }
        ),
        st.fixed_dictionaries(
            {
                "wait": st.fixed_dictionaries(
                    {"opened": st.sampled_from(["act-note", *IDS]), "timeout": DURATIONS, "received": inner}
                )
            }
        ),
        st.fixed_dictionaries(
            {
                "branch": st.lists(
                    st.builds(lambda test, steps: {**test, "steps": steps}, TESTS, inner), min_size=1, max_size=2
                )
            }
        ),
        st.builds(
            lambda first, second: {
                "split": {
                    "experiment": "e",
                    "arms": [{"arm": "a", "weight": 40, "steps": first}, {"arm": "b", "weight": 60, "steps": second}],
                }
            },
            inner,
            inner,
        ),
        st.fixed_dictionaries({"act": st.sampled_from(list(ACTIONS)), "delay": DURATIONS}),
        st.just({"update": {"traits": {"x": "1", "day": "event.properties.day"}}}),
        st.just({"quiet": {"for": "1 hour"}}),
        st.just({"join": "other"}),
        st.fixed_dictionaries({"goto": st.sampled_from(IDS)}),
        st.just({"end": True}),
    )


STEPS: st.SearchStrategy[list[Any]] = st.recursive(
    st.just([]), lambda inner: st.lists(steps_of(inner), min_size=1, max_size=4), max_leaves=14
).filter(bool)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(EVENTS),
        st.sampled_from(["ada", "bo", None]),
        st.sampled_from(["0 seconds", "1 minute", "7 hours"]),
        st.sampled_from([{}, {"day": "2026-01-07"}, {"day": "2026-01-01"}, {"day": 7}]),
    ),
    min_size=2,
    max_size=8,
)


def named(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outermost steps have ids, so that a goto may find them."""
    return [{**step, "id": id_} if id_ else step for step, id_ in zip(steps, [*IDS, *[""] * 9], strict=False)]


def pack_of(steps: list[dict[str, Any]]) -> Pack:
    journeys = [
        {
            "journey": "any",
            "entry": {"on": "Product Added"},
            "goal": [{"on": "Order Completed", "if": "event.properties.day == 7", "within": "2 days", "value": 3}],
            "holdout": 10,
            "steps": named(steps),
        },
        {"journey": "other", "entry": {"on": "Order Completed"}, "steps": [{"act": "help"}, {"wait": "1 day"}]},
    ]
    definitions = [JourneyDefinition.model_validate(journey) for journey in journeys]
    return Pack({journey.journey: journey for journey in definitions}, ACTIONS, default_channels())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(STEPS, CALLS)
def test_what_may_be_written_runs(steps: list[dict[str, Any]], calls: list[Any]) -> None:
    pack = pack_of(steps)
    assume(not list(check_journey(pack.journeys["any"], Named(ACTIONS, pack.journeys, ["vip"], None))))
    driver = JourneyTestDriver.of_pack(pack)
    for event, user, after, properties in calls:
        opened = {"action_id": driver.actions[-1]["action_id"]} if driver.actions else {}
        driver.track(user, event, {**properties, **opened}, anonymous="a1", after=after)
    driver.advance("10 days")
    published = [action["action_id"] for action in driver.actions if action["kind"] == "action"]
    assert len(published) == len(set(published))
    for line in driver.trace:
        LOG.validate_python(line)
    again = JourneyTestDriver.of_pack(Pack.from_json(pack.to_json()))
    assert again.env.version == driver.env.version
