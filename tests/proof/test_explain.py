"""Why a customer got something or did not, out of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from pydantic import BaseModel

from orchestrator.console.sentences import sentence
from orchestrator.contracts.decisions import Decision
from orchestrator.contracts.journey_log import (
    ExposureLine,
    GoalLine,
    HoldoutLine,
    IdentityLine,
    LateLine,
    SegmentLine,
    StepLine,
)
from orchestrator.demo.story import richest
from orchestrator.engine.steps import Branch
from orchestrator.kafka import names
from orchestrator.proof.difference import Sayings
from orchestrator.proof.explanation import Explainer
from orchestrator.proof.from_recording import explain_recording
from orchestrator.proof.simulation import Past
from orchestrator.proof.story import Story
from orchestrator.proof.tally import Tally
from orchestrator.proof.telling import tell, tell_action
from orchestrator.proof.watching import Asked, Watched, place_of, watched
from orchestrator.settings import Settings
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of

WORLD = """
    action: letter
    channel: email
    content: {subject: Your cart, html: <p>Hi</p>, text: Hi}
    ---
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: cart
    entry: {on: Product Added, if: event.properties.total > 20.0, key: event.properties.cart, reentry: never}
    exit: [{on: Order Completed, if: event.properties.cart == journey.entry.properties.cart}]
    goal: [{on: Order Completed, value: event.properties.total}]
    steps:
      - wait: 1 hour
      - branch:
          - {if: has(customer.traits.phone), steps: [{act: note}]}
          - {if: customer.known, steps: [{act: letter, if: event.properties.total < 100.0}]}
    ---
    journey: held
    holdout: 100
    entry: {on: Payment Failed}
    steps: [{act: note}]
    ---
    journey: care
    entry: {on: Call Started}
    steps: [{act: note}]
"""
HOUR = 3_600_000
START = 1_767_603_600_000


def event(name: str, hours: float, *, total: float = 64.0, cart: str = "c1", **fields: Any) -> Past:
    at = START + int(hours * HOUR)
    who = {} if "anonymousId" in fields else {"userId": "ada"}
    call = {"type": "track", "event": name, **who, "messageId": f"{name}-{hours}", "timestamp": at}
    properties = {"total": total, "cart": cart}
    return Past("events.click", b"ada", orjson.dumps({**call, "properties": properties, **fields}), at)


def consent(hours: float, given: bool = True) -> Past:
    said = {"channel": "email", "purpose": "marketing", "given": given}
    return event("Consent Changed", hours, properties=said)


def identify(hours: float, **fields: Any) -> Past:
    return event("", hours, type="identify", traits={"email": "ada@example.org"}, messageId=f"id-{hours}", **fields)


def story(*past: Past, until: int = 24 * HOUR) -> Story:
    return explain_recording(pack_of(WORLD), Settings(project=Path()), past, "ada", until)


def asked(found: Story) -> list[str]:
    return [f"{each.place}: {each.explained.sentence()}" for chapter in found.chapters for each in chapter.asked]


def missed(found: Story, journey: str) -> list[str]:
    return [each.reason for _, each in found.missed(journey)]


def told(found: Story, journey: str | None = None) -> str:
    return "\n".join(tell(found.about(journey), single=journey is not None))


def test_each_condition_is_told_with_its_values() -> None:
    found = story(identify(0), consent(0), event("Product Added", 1))
    assert asked(found) == [
        "entry if: event.properties.total = 64.0 is > 20.0",
        "branch-1 arm 1: has(customer.traits.phone) is false",
        "branch-1 arm 2: customer.known is true",
        "act-letter if: event.properties.total = 64.0 is < 100.0",
    ]


def test_what_happened_is_told_in_its_order() -> None:
    text = told(story(identify(0), consent(0), event("Product Added", 1)))
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if line.startswith(("enters", "waits", "goes", "at ", "letter", "→", "is thr"))] == [
        "enters (c1) at wait-1",
        "waits at wait-1",
        "goes on at wait-1: waited",
        "at branch-1 goes on by arm 2: customer.known",
        next(line for line in lines if line.startswith("letter on email is published")),
        "→ email: “Your cart”",
        "is through",
    ]
    assert "consent to email/marketing: yes since 2026-01-05" in text


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ([event("Product Added", 1, total=12)], "event.properties.total = 12 is not > 20.0"),
        ([event("Product Added", 1, properties={"cart": "c1"})], "event.properties has no 'total'"),
        ([event("Product Added", 1, properties={"total": 64})], "event.properties has no 'cart'"),
        ([event("Product Added", 1), event("Product Added", 1.5)], "is in it already"),
    ],
)
def test_why_not_entered(past: list[Past], reason: str) -> None:
    assert missed(story(*past), "cart") == [reason]


def test_a_refusal_of_the_entry_is_told_as_the_log_has_it() -> None:
    found = story(event("Product Added", 1), event("Product Added", 5))
    assert missed(found, "cart") == []
    assert "is not let in (c1): re-entry is never" in told(found)


def test_who_is_held_out_is_told() -> None:
    found = story(event("Payment Failed", 1))
    assert missed(found, "held") == ["held out of this journey"]
    assert "held out of this journey, for good" in told(found)


def test_what_comes_twice_or_too_late_is_told() -> None:
    added, late = event("Product Added", 1), event("Product Added", -48, cart="c2", messageId="late")
    found = story(added, added, Past(late.topic, late.key, late.value, START + 2 * HOUR))
    assert [(chapter.at[11:16], chapter.note) for chapter in found.chapters if chapter.note] == [
        ("10:00", "it came before and counts once"),
        ("11:00", "it came 50 hours late, so it begins nothing"),
    ]


def test_a_refusal_is_told_with_its_rule() -> None:
    found = story(identify(0), consent(0, given=False), event("Product Added", 1))
    assert "letter on email is refused, consent: the customer refused marketing on email on" in told(found)


def test_goals_are_told() -> None:
    text = told(story(event("Product Added", 1), event("Order Completed", 1.5, total=80.0)))
    assert "reaches the goal goal-1, worth 80.0" in text


def test_a_journey_that_never_began_says_what_begins_it() -> None:
    assert "care: it begins on Call Started, and that never was" in told(story(event("Product Added", 1)))


def test_one_journey_alone() -> None:
    found = story(event("Product Added", 1), event("Payment Failed", 2))
    assert "held" not in told(found, "cart")
    assert told(found, "held").splitlines()[-4:] == [
        "  held: does not enter: held out of this journey",
        "",
        "Never entered",
        "  held: last on 2026-01-05 11:00:00: held out of this journey",
    ]


def test_one_action_alone() -> None:
    found = story(identify(0), consent(0), event("Product Added", 1), event("Product Added", 1.2, cart="c2"))
    published = [
        record for chapter in found.chapters for record in chapter.records if record.get("outcome") == "published"
    ]
    first = next(record for record in published if record["instance"] == "cart/c1")
    only = found.about("cart", frozenset({"cart/c1"}))
    assert {record["instance"] for chapter in only.chapters for record in chapter.records if "instance" in record} == {
        "cart/c1"
    }
    lines = list(tell_action(found, first["action_id"]))
    assert lines[0].startswith("letter on email, by step act-letter of cart ")


def test_what_a_visitor_did_is_part_of_the_story() -> None:
    past = [event("Product Added", 1, anonymousId="tab"), identify(1.1, userId="ada", anonymousId="tab"), consent(1.2)]
    found = story(*past)
    assert found.ids == ("ada", "tab")
    assert found.entered("cart") == 1
    assert "what tab did is merged" in told(found)
    assert "letter on email is published" in told(found)


def test_others_are_left_out() -> None:
    found = story(event("Product Added", 1), event("Product Added", 1, userId="adam", messageId="x"))
    customers = {record.get("customer_id") for chapter in found.chapters for record in chapter.records}
    assert customers == {"ada"}


def test_as_json_it_has_the_whole_story() -> None:
    plain = orjson.loads(orjson.dumps(story(event("Product Added", 1, total=12)).to_json()))
    (chapter,) = plain["chapters"]
    assert chapter["event"]["name"] == "Product Added"
    assert chapter["asked"][0]["sentence"] == "event.properties.total = 12 is not > 20.0"
    assert chapter["not_entered"] == [{"journey": "cart", "reason": "event.properties.total = 12 is not > 20.0"}]
    assert [journey["journey"] for journey in plain["journeys"]] == ["care", "cart", "held"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("entry", "condition"), "entry if"),
        (("entry", "key"), "entry key"),
        (("exits", "2", "condition"), "exit 2"),
        (("goals", "1", "value"), "goal 1 value"),
        (("steps", "branch-1", "arms", "2", "1"), "branch-1 arm 2"),
        (("steps", "wait-1", "condition"), "wait-1 if"),
        (("steps", "update-1", "traits", "1", "2"), "update-1 1 2"),
    ],
)
def test_places_are_told_in_words(path: tuple[str, ...], place: str) -> None:
    assert place_of(path) == place


def test_watched_definitions_decide_as_before() -> None:
    driver = JourneyTestDriver.of_text(WORLD)
    found: list[Asked] = []
    env = watched(driver.env, found.append)
    assert env.version == driver.env.version
    assert env.heard == driver.env.heard
    (cart,) = [journey for (name, _), journey in env.pinned.items() if name == "cart"]
    assert cart.hears == driver.env.current["cart"].hears
    branch = cart.steps["branch-1"]
    assert isinstance(branch, Branch)
    assert all(isinstance(test, Watched) for test, _ in branch.arms)
    assert cart is env.entries["Product Added"][0]


@pytest.mark.parametrize("hours", [0.5, 1.5])
def test_a_story_changes_nothing_about_what_is_decided(hours: float) -> None:
    past = [identify(0), consent(0), event("Product Added", 0.2), event("Order Completed", hours)]
    driver = JourneyTestDriver.of_text(WORLD)
    for each in past:
        driver.advance_to(each.at or 0)
        driver.produce(each.topic, each.key, each.value, [])
    driver.advance("1 day")
    records = [record for chapter in story(*past).chapters for record in chapter.records]
    assert [record["action_id"] for record in records if record["kind"] == "action"] == [
        action["action_id"] for action in driver.actions if action["kind"] == "action"
    ]


def test_entries_by_time_tell_their_conditions_too() -> None:
    world = """
        action: note
        channel: crm
        purpose: service
        content: {object: note, fields: {text: hi}}
        ---
        journey: daily
        entry: {schedule: "0 9 * * *", if: has(customer.traits.phone)}
        steps: [{act: note}]
    """
    past = [identify(0)]
    found = explain_recording(pack_of(world), Settings(project=Path()), past, "ada", 24 * HOUR)
    assert missed(found, "daily") == ["has(customer.traits.phone) is false"]
    assert "daily: last on 2026-01-06 09:00:00: has(customer.traits.phone) is false" in told(found)


SEGMENTED = """
    computed: {orders: {count: Order Completed}}
    ---
    segments: {buyers: {if: customer.computed.orders > 0}}
    ---
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: welcome
    entry: {segment: {entered: buyers}}
    steps: [{act: note}]
"""


def test_segments_are_told() -> None:
    past = event("Order Completed", 1)
    found = explain_recording(pack_of(SEGMENTED), Settings(project=Path()), [past], "ada", HOUR)
    lines = [line.strip() for line in told(found).splitlines()]
    assert "comes into the segment buyers" in lines
    assert "enters at act-note" in lines
    assert lines.index("comes into the segment buyers") < lines.index("enters at act-note")
    assert found.entered("welcome") == 1


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    extra: Any = model.model_config["json_schema_extra"]
    found: dict[str, Any] = extra["examples"][0]
    return found


STEP, LATE = example_of(StepLine), example_of(LateLine)
STEPS = [{**STEP, "happened": happened} for happened in get_args(StepLine.model_fields["happened"].annotation)]
KINDS: list[type[BaseModel]] = [ExposureLine, HoldoutLine, GoalLine, IdentityLine, SegmentLine, Decision]
RECORDS = [*STEPS, *map(example_of, KINDS), LATE]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record['kind']}-{record.get('happened')}")
def test_every_kind_of_record_can_be_told(record: dict[str, Any]) -> None:
    whole = Explainer("u-7", []).story([record])
    assert [chapter.records for chapter in whole.chapters] == [[record]]
    assert len(list(tell(whole, single=False))) > 1
    assert whole.entered("cart-rescue") == (record.get("kind") == "step" and record["happened"] == "entered")
    about = whole.about("cart-rescue")
    assert list(tell(about, single=True))
    assert [chapter.records for chapter in about.chapters] == ([[record]] if "journey" in record else [])
    orjson.dumps(whole.to_json())
    topic = names.DECISIONS if record["kind"] == "decision" else names.JOURNEY_LOG
    assert record["customer_id"] in sentence(topic, record, None)
    richest({"u-7": [record]}, [])
    richest({"u-7": [record, LATE]}, [])


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record['kind']}-{record.get('happened')}")
def test_every_kind_of_record_can_be_counted(record: dict[str, Any]) -> None:
    tally, sayings = Tally(), Sayings()
    for watcher in (tally, sayings):
        (watcher.decision if record["kind"] == "decision" else watcher.line)(record)
    assert tally.entries["cart-rescue"].count == (record["kind"] == "step" and record["happened"] == "entered")
    sayings.all()


def test_lateness_is_told_once() -> None:
    late = event("Product Added", -48, cart="c2", messageId="late")
    found = story(event("Product Added", 1), Past(late.topic, late.key, late.value, START + 2 * HOUR))
    assert told(found).count("late") + told(found).count("after it happened") == 1


def test_every_candidate_of_a_choice_is_told_with_its_factors_or_what_speaks_against_it() -> None:
    world = """
        channels: {note: {address: id, consent: none, content: {text: {}}}}
        ---
        placements: {home: {channel: note, on: Page Viewed}}
        ---
        action: dear
        channel: note
        propensity: 0.5
        value: 10
        cost: 2
        lever: 50
        content: {text: hi}
        ---
        action: plain
        channel: note
        propensity: 0.5
        content: {text: hi}
        ---
        action: adult
        channel: note
        eligibility: customer.traits.age >= 18
        content: {text: hi}
    """
    story = explain_recording(pack_of(world), Settings(project=Path()), [event("Page Viewed", 0)], "ada", 0)
    (chapter,) = story.chapters
    (chosen,) = [record for record in chapter.records if record["kind"] == "arbitration"]
    assert [each["action"] for each in chosen["all"]] == ["adult", "dear", "plain"]
    text = "\n".join(tell(story, single=False))
    assert "dear: 6 = 0.5 (action) x (10 - 2) x 1.5" in text
    assert "plain: 0.5 = 0.5 (action) x (1 - 0) x 1" in text
    assert "not adult, eligibility: customer.traits has no 'age'" in text


def test_what_a_program_was_told_to_show_in_a_placement_is_told() -> None:
    answer = {
        "kind": "answer",
        "customer_id": "ada",
        "at": "2026-01-05T09:00:00.000Z",
        "caller": "shop",
        "channel": "web",
        "placement": "home-page",
        "actions": [{"action": "teaser"}],
        "excluded": {"answered": 1},
    }
    text = "\n".join(tell(Explainer("ada", []).story([answer]), single=False))
    assert "shop asked for home-page on web, and was told teaser, 1 left out by answered" in text
