"""Placements: the best of many actions stand there, without a journey, and change when the answer does."""

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer, decode, encode
from orchestrator.errors import RequestRefused
from orchestrator.testing import JourneyTestDriver

WEB = "channels:\n  note: {address: id, consent: none, content: {text: {}}}\n"
HOME = "placements:\n  home: {channel: note, places: 3, on: Page Viewed}\n"


def shop(actions: dict[str, str], placements: str = HOME, *others: str) -> JourneyTestDriver:
    """A project of these actions, by name their other fields, and placements."""
    said = [f"action: {name}\nchannel: note\ncontent: {{text: hi}}\n{fields}\n" for name, fields in actions.items()]
    return JourneyTestDriver.of_text("---\n".join([WEB, placements, *said, *others]))


def view(driver: JourneyTestDriver, who: str = "ada", **properties: Any) -> list[tuple[str, str, int | None]]:
    """What a page view publishes and withdraws, and where."""
    done = driver.track(who, "Page Viewed", properties)
    return [(each["kind"], each["action"], each.get("place")) for each in done]


def chosen(driver: JourneyTestDriver) -> list[str]:
    return [each["action"] for each in driver.arbitrations[-1]["chosen"]]


def test_the_best_take_the_places_in_order() -> None:
    driver = shop({"a": "value: 1", "b": "value: 5", "c": "value: 3", "d": "value: 4"})
    assert view(driver) == [("action", "b", 1), ("action", "d", 2), ("action", "c", 3)]
    (first, *_) = driver.actions
    assert (first["journey"], first["placement"], first["purpose"]) == (None, "home", "marketing")


def test_the_same_answer_is_not_said_again() -> None:
    driver = shop({"a": "", "b": ""})
    view(driver)
    assert view(driver) == []
    assert len(driver.arbitrations) == 1


def test_what_stays_stays_where_it_is_and_what_is_new_takes_the_free_place() -> None:
    driver = shop({"a": "value: 3", "b": "value: 2", "c": "value: event.properties.worth"}, HOME.replace("3", "2"))
    assert view(driver, worth=1) == [("action", "a", 1), ("action", "b", 2)]
    assert view(driver, worth=9) == [("cancel", "b", None), ("action", "c", 2)]


def test_what_expired_is_said_again() -> None:
    driver = shop({"a": "expires: 1 hour"})
    view(driver)
    driver.advance("2 hours")
    assert view(driver) == [("action", "a", 1)]
    first, second = driver.actions
    assert first["action_id"] != second["action_id"]


def test_a_delivered_action_still_stands() -> None:
    driver = shop({"a": ""})
    view(driver)
    driver.track("ada", "Message Delivered", {"action_id": driver.actions[0]["action_id"], "channel": "note"})
    assert view(driver) == []


@pytest.mark.parametrize("answer", ["Message Dismissed", "Message Opened", "Message Clicked"])
def test_what_was_answered_leaves_its_place_until_it_would_have_expired(answer: str) -> None:
    driver = shop({"a": "value: 3\nexpires: 1 hour", "b": "value: 2", "c": "value: 1"}, HOME.replace("3", "2"))
    assert view(driver) == [("action", "a", 1), ("action", "b", 2)]
    driver.track("ada", answer, {"action_id": driver.actions[0]["action_id"], "channel": "note"})
    assert [each["action"] for each in driver.decide("ada", "note", places=3)["actions"]] == ["b"]
    assert view(driver) == [("action", "c", 1)]
    assert driver.arbitrations[-1]["excluded"] == {"answered": 1}
    assert view(driver) == []
    driver.advance("1 hour")
    assert view(driver) == [("cancel", "c", None), ("action", "a", 1)]


def test_of_a_visitor_and_a_customer_the_places_of_the_customer_stay() -> None:
    driver = shop({"a": ""})
    view(driver)
    driver.track(None, "Page Viewed", anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    assert [(each["kind"], each["customer_id"]) for each in driver.actions[1:]] == [
        ("action", "laptop"),
        ("cancel", "laptop"),
    ]
    assert view(driver) == []


def test_diversity_by_group() -> None:
    groups = {"a": "group: x\nvalue: 9", "b": "group: x\nvalue: 8", "c": "group: y\nvalue: 1", "d": "value: 0.5"}
    driver = shop(groups, HOME.replace("places: 3", "places: 3, per_group: 1"))
    view(driver)
    assert chosen(driver) == ["a", "c", "d"]
    assert [each["action"] for each in driver.arbitrations[-1]["next"]] == ["b"]


def test_service_stands_before_sales() -> None:
    driver = shop({"sale": "goal: sell\nvalue: 1000", "help": "goal: serve"}, HOME.replace("3", "1"))
    view(driver)
    assert chosen(driver) == ["help"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("[a, c]", ["a", "c"]),
        ("{goal: sell}", ["a", "b"]),
        ("{group: [y]}", ["b", "c"]),
        ("{goal: [sell, retain], group: y}", ["b", "c"]),
    ],
)
def test_a_placement_takes_the_actions_that_it_names(selection: str, expected: list[str]) -> None:
    actions = {"a": "goal: sell\ngroup: x", "b": "goal: sell\ngroup: y", "c": "goal: retain\ngroup: y"}
    driver = shop(actions, HOME.replace("on:", f"actions: {selection}, on:"))
    view(driver)
    assert chosen(driver) == expected


def test_its_condition_and_its_events_say_when() -> None:
    driver = shop({"a": ""}, HOME.replace("on:", "if: event.properties.shop == true, on:"))
    assert view(driver, shop=False) == []
    assert driver.track("ada", "Product Viewed", {"shop": True}) == []
    assert view(driver, shop=True) == [("action", "a", 1)]


def test_the_trace_has_the_factors_the_next_three_and_counts_of_exclusions() -> None:
    actions = {
        "best": "value: 10\ncost: 2\nlever: 50\npropensity: 0.5\n"
        "weights: [{name: here, if: event.name == 'Page Viewed', weight: 20}, {name: never, if: 'false', weight: 900}]",
        **{f"n{number}": f"value: {number}" for number in range(1, 6)},
        "young": "eligibility: customer.traits.age >= 18",
        "late": "until: 2020-01-01",
        "angry": "suitability: [{name: no-complaint, if: 'false'}]",
        "dear": "cost: 3",
    }
    driver = shop(actions, HOME.replace("3", "1"))
    view(driver)
    (trace,) = driver.arbitrations
    (won,) = trace["chosen"]
    assert won["action_id"] == driver.actions[0]["action_id"]
    assert won["factors"] == {
        "propensity": 0.5,
        "propensity_source": "action",
        "weights": {"here": 1.2},
        "value": 10.0,
        "cost": 2.0,
        "lever": 1.5,
        "priority": pytest.approx(0.5 * 8 * 1.5 * 1.2),
    }
    assert [each["action"] for each in trace["next"]] == ["n5", "n4", "n3"]
    assert trace["excluded"] == {"cost": 1, "eligibility": 1, "suitability": 1, "validity": 1}
    assert trace["candidates"] == 10


BAD = {
    "a propensity below 0": ("propensity: event.properties.x", -1, "gives none from 0 to 1"),
    "a propensity above 1": ("propensity: event.properties.x", 7, "gives none from 0 to 1"),
    "a propensity that is a text": ("propensity: event.properties.x", "high", "gives none from 0 to 1"),
    "a propensity that is not a number": ("propensity: event.properties.x / 0.0", 0.0, "gives none from 0 to 1"),
    "a propensity that fails": ("propensity: event.properties.y", 1, "has no 'y'"),
    "a value that is infinite": ("value: event.properties.x / 0.0", 1.0, "gives no number from"),
    "a value that is not a number": ("value: event.properties.x / 0.0", 0.0, "gives no number from"),
    "a value that is a text": ("value: event.properties.x", "much", "gives no number from"),
    "a value that fails": ("value: event.properties.y", 1, "has no 'y'"),
    "a value beyond all bounds": ("value: event.properties.x", 1e12, "gives no number from"),
    "a cost below 0": ("cost: event.properties.x", -5, "is below 0"),
}


@pytest.mark.parametrize(("field", "x", "note"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_used_wins_nothing_by_luck_and_is_named(field: str, x: Any, note: str) -> None:
    driver = shop({"odd": field, "plain": "value: 0.9\npropensity: 0.06"}, HOME.replace("3", "1"))
    view(driver, x=x)
    (trace,) = driver.arbitrations
    assert chosen(driver) == ["plain"]
    (odd,) = trace["next"]
    assert note in odd["factors"]["notes"][0]


def test_a_bad_score_of_a_customer_is_not_used() -> None:
    driver = shop({"a": "propensity: 0.4"})
    driver.identify("ada", {"propensity": {"a": 3}})
    view(driver)
    factors = driver.arbitrations[0]["chosen"][0]["factors"]
    assert (factors["propensity"], factors["propensity_source"]) == (0.4, "action")
    assert factors["notes"] == ["customer.traits.propensity.a is no number from 0 to 1"]


def test_the_customers_own_score_comes_first() -> None:
    driver = shop({"a": "propensity: 0.4", "b": "propensity: 0.6"}, HOME.replace("3", "1"))
    driver.identify("ada", {"propensity": {"a": 0.9}})
    view(driver)
    assert chosen(driver) == ["a"]


def test_whom_nothing_suits_is_told_nothing() -> None:
    driver = shop({"a": "eligibility: 'false'"})
    assert view(driver) == []
    assert driver.arbitrations == []


def test_a_placed_action_is_withdrawn_when_its_rules_no_longer_hold() -> None:
    driver = shop({"a": "suitability: event.properties.calm == true"})
    view(driver, calm=True)
    assert view(driver, calm=False) == [("cancel", "a", None)]


def test_content_that_cannot_be_made_is_not_tried_at_each_event() -> None:
    driver = shop({})
    driver = JourneyTestDriver.of_text(
        f"{WEB}---\n{HOME}---\naction: a\nchannel: note\ncontent: {{text: '{{{{ customer.traits.nick }}}}'}}\n"
    )
    assert view(driver) == []
    assert view(driver) == []
    assert len(driver.dead_letters) == 1


STEP = "journey: j\nentry: {on: Order Completed}\nsteps: [{offer: %s}, {act: z}]\n"


def test_a_step_offers_the_best_of_its_own_actions() -> None:
    step = STEP % "{actions: [a, b, c], places: 2}"
    driver = shop({"a": "value: 1", "b": "value: 3", "c": "value: 2", "z": "value: 0.1"}, HOME, step)
    done = driver.track("ada", "Order Completed")
    assert [(each["action"], each["journey"], each["step"]) for each in done] == [
        ("b", "j", "offer-1"),
        ("c", "j", "offer-1"),
        ("z", "j", "act-z"),
    ]
    assert [line["reason"] for line in driver.trace if line.get("happened") == "offered"] == ["b, c"]
    assert driver.arbitrations[0]["journey"] == "j"


def test_a_step_has_a_placement_decided() -> None:
    driver = shop({"a": "", "z": "value: 0"}, "placements:\n  home: {channel: note}\n", STEP % "home")
    done = driver.track("ada", "Order Completed")
    assert [(each["action"], each["placement"]) for each in done if each["journey"] is None] == [("a", "home")]


def test_a_step_with_nothing_to_offer_goes_on() -> None:
    driver = shop({"a": "eligibility: 'false'", "z": ""}, HOME, STEP % "{actions: a}")
    assert [each["action"] for each in driver.track("ada", "Order Completed")] == ["z"]
    assert [line["reason"] for line in driver.trace if line.get("happened") == "offered"] == ["nothing"]


def test_what_is_said_in_a_placement_may_not_be_said_any_more_after_a_no() -> None:
    driver = JourneyTestDriver.of_text(
        "channels:\n  note: {address: id, consent: opt_out, content: {text: {}}}\n---\n"
        f"{HOME}---\naction: a\nchannel: note\ncontent: {{text: hi}}\n"
    )
    view(driver)
    done = driver.track("ada", "Consent Changed", {"channel": "note", "purpose": "marketing", "given": False})
    assert [(each["kind"], each["action"]) for each in done] == [("cancel", "a")]
    assert view(driver) == []


@for_all(
    values=st.lists(st.floats(0, 100, allow_subnormal=False), min_size=1, max_size=12),
    levers=st.lists(st.integers(-100, 900), min_size=12, max_size=12),
    places=st.integers(1, 4),
)
def test_nobody_outside_of_the_answer_is_better_than_who_is_in_it(
    values: list[float], levers: list[int], places: int
) -> None:
    actions = {f"a{n:02}": f"value: {value!r}\nlever: {levers[n]}" for n, value in enumerate(values)}
    driver = shop(actions, HOME.replace("3", str(places)))
    view(driver)
    worth = {
        name: float(value) * (1 + levers[n] / 100) for n, (name, value) in enumerate(zip(actions, values, strict=True))
    }
    best = sorted(worth, key=lambda name: (-worth[name], name))[:places]
    assert sorted(chosen(driver)) == sorted(best) or {worth[n] for n in chosen(driver)} == {worth[n] for n in best}


def test_records_of_before_there_were_placements_still_read() -> None:
    record = Customer("u:ada", 0, 0)
    assert b"placed" not in encode(record)
    assert decode(encode(record)) == record


def asked(driver: JourneyTestDriver, **asking: Any) -> list[str]:
    """What a program is answered that asks for the placement."""
    return [each["action"] for each in driver.decide("ada", "note", placement="home", **asking)["actions"]]


def test_a_program_that_asks_is_answered_what_stands_there_best_first() -> None:
    driver = shop({"a": "value: 1", "b": "value: event.properties.worth"}, HOME.replace(", on: Page Viewed", ""))
    assert asked(driver, properties={"worth": 5}) == ["b", "a"]
    assert [each["action"] for each in driver.actions] == ["b", "a"]


def test_who_asks_again_is_answered_the_same_and_nothing_is_said_twice() -> None:
    driver = shop({"a": "value: 2", "b": ""})
    view(driver)
    assert asked(driver) == ["a", "b"]
    assert len(driver.actions) == 2


def test_what_journeys_said_on_the_channel_stands_beside_it() -> None:
    journey = "journey: j\nentry: {on: Order Completed}\nsteps: [{act: b}]\n"
    driver = shop({"a": "", "b": "value: 3"}, HOME.replace("on:", "actions: a, on:"), journey)
    driver.track("ada", "Order Completed")
    assert asked(driver) == ["b", "a"]


def test_a_placement_is_asked_for_on_its_channel() -> None:
    driver = shop({"a": ""})
    with pytest.raises(RequestRefused, match="did you mean 'home'"):
        driver.decide("ada", "note", placement="hom")
    with pytest.raises(RequestRefused, match="is on the channel 'note': ask for that one"):
        driver.decide("ada", "web", placement="home")
