"""The driver, as somebody meets it who tests journeys of their own."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack
from orchestrator.testing import JourneyTestDriver

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop"

REMINDER = """
journey: reminder
entry: {on: Product Added}
exit: [{on: Order Completed}]
steps:
  - act: hello
  - wait: 1 hour
  - act: bye
---
action: hello
channel: web
content: {slot: top, content: "Hello {{ customer.traits.name | default('you') }}"}
---
action: bye
channel: web
content: {slot: top, content: Bye}
"""


def driver(partitions: int = 1) -> JourneyTestDriver:
    return JourneyTestDriver.of_text(REMINDER, partitions=partitions)


def test_it_is_made_of_a_projects_folder() -> None:
    assert JourneyTestDriver.of_project(SHOP).env.pinned
    assert JourneyTestDriver.of_project(str(SHOP)).env.version == JourneyTestDriver.of_project(SHOP).env.version


def test_it_is_made_of_loaded_definitions() -> None:
    assert JourneyTestDriver.of_pack(load(SHOP)).env.version == JourneyTestDriver.of_project(SHOP).env.version


def test_it_is_made_of_a_text() -> None:
    assert [name for name, _ in driver().env.pinned] == ["reminder"]


def test_a_text_may_be_indented_as_the_test_around_it_is() -> None:
    indented = JourneyTestDriver.of_text("""
        journey: greeting
        entry: {on: Product Viewed}
        steps: [{act: hello}]
        ---
        action: hello
        channel: web
        content: {slot: top, content: Hello}
    """)
    assert len(indented.track("ada", "Product Viewed")) == 1


def test_definitions_that_are_wrong_are_refused_with_all_their_problems() -> None:
    with pytest.raises(DefinitionError) as refused:
        JourneyTestDriver.of_text("journey: x\nentry: {on: Product Viewed}\nsteps: [{act: unknown}, {wait: soon}]\n")
    assert "soon" in str(refused.value)


def test_it_begins_at_the_moment_that_it_is_told() -> None:
    told = JourneyTestDriver.of_text(REMINDER, start="2030-06-01T12:00:00+02:00")
    (action,) = told.track("ada", "Product Added")
    assert action["decided_at"] == "2030-06-01T10:00:00.000Z"


def test_a_call_gives_the_actions_that_it_brought() -> None:
    (action,) = driver().track("ada", "Product Added")
    assert (action["kind"], action["action"], action["customer_id"]) == ("action", "hello", "ada")


def test_all_actions_are_kept_in_their_order() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    shop.advance("1 hour")
    assert [action["action"] for action in shop.actions] == ["hello", "bye"]


def test_time_passes_only_when_it_is_told_to() -> None:
    shop = driver()
    before = shop.now
    shop.track("ada", "Product Added")
    assert shop.now == before
    shop.advance("90 minutes")
    assert shop.now == before + 90 * 60_000


def test_what_falls_due_fires_when_it_is_due() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    (action,) = shop.advance("1 day")
    assert action["decided_at"] == "2026-01-05T10:00:00.000Z"


def test_an_event_may_come_after_a_while_and_what_falls_due_meanwhile_is_given_too() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    assert [action["action"] for action in shop.track("ada", "Product Added", after="2 hours")] == ["bye", "hello"]


def test_timers_say_who_waits_until_when() -> None:
    shop = driver()
    shop.track("bo", "Product Added")
    shop.track("ada", "Product Added", after="1 minute")
    assert shop.timers == [("2026-01-05T10:00:00.000Z", "bo"), ("2026-01-05T10:01:00.000Z", "ada")]


def test_a_wait_that_ended_is_no_timer_any_more() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    shop.track("ada", "Order Completed")
    assert shop.timers == []


def test_the_trace_tells_the_story() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    shop.track("ada", "Order Completed", after="1 minute")
    assert [(line["happened"], line["step"]) for line in shop.trace] == [
        ("entered", "act-hello"),
        ("waiting", "wait-1"),
        ("exited", "wait-1"),
    ]


def test_decisions_say_what_was_decided_and_why() -> None:
    shop = driver()
    shop.track("ada", "Product Added")
    shop.track("ada", "Order Completed")
    assert [decision["outcome"] for decision in shop.decisions] == ["published", "cancelled"]


def test_a_customer_can_be_looked_at() -> None:
    shop = driver()
    shop.identify("ada", {"name": "Ada"})
    customer = shop.customer("ada")
    assert customer is not None
    assert (customer["key"], customer["traits"]) == ("u:ada", {"name": "Ada"})


def test_what_is_shown_of_a_customer_is_a_copy() -> None:
    shop = driver()
    shop.identify("ada", {"name": "Ada"})
    shown = shop.customer("ada")
    assert shown is not None
    shown["traits"]["name"] = "Bo"
    assert shop.track("ada", "Product Added")[0]["content"]["content"] == "Hello Ada"


def test_nobody_is_nobody() -> None:
    assert driver().customer("ada") is None
    assert driver().customer(anonymous="laptop") is None


def test_a_visitor_can_be_looked_at_and_is_the_user_after_the_login() -> None:
    shop = driver()
    shop.track(None, "Product Added", anonymous="laptop")
    visitor = shop.customer(anonymous="laptop")
    shop.identify("ada", anonymous="laptop")
    user = shop.customer(anonymous="laptop")
    assert visitor is not None
    assert user is not None
    assert (visitor["key"], user["key"]) == ("a:laptop", "u:ada")


def test_an_alias_call_ties_two_ids() -> None:
    shop = driver()
    shop.track(None, "Product Added", anonymous="laptop")
    shop.alias("laptop", "ada")
    assert [action["customer_id"] for action in shop.advance("1 hour")] == ["ada"]


def test_a_consent_may_be_given_and_taken_back() -> None:
    shop = driver()
    shop.consent("ada", "email")
    shop.consent("ada", "email", given=False, after="1 minute")
    customer = shop.customer("ada")
    assert customer is not None
    assert customer["consents"]["email/marketing"]["given"] is False


def test_whole_calls_may_be_sent_as_a_producer_writes_them() -> None:
    shop = driver()
    call = {"type": "track", "event": "Product Added", "userId": "ada", "messageId": "m1", "properties": {}}
    assert (len(shop.send(call)), shop.send(call)) == (1, [])


def test_a_bad_record_is_a_dead_letter_with_its_reason() -> None:
    shop = driver()
    assert shop.send({"type": "track", "userId": "ada"}) == []
    shop.produce("events.click", b"ada", b"{", [])
    assert [letter["code"] for letter in shop.dead_letters] == ["missing_field", "not_json"]
    assert shop.dead_letters[1]["value"] == b"{"


@pytest.mark.parametrize("partition", range(4))
def test_a_record_may_be_put_on_any_partition(partition: int) -> None:
    shop = driver(partitions=4)
    call = {"type": "track", "event": "Product Added", "userId": "ada", "messageId": "m1", "properties": {}}
    shop.produce("events.click", b"ada", orjson.dumps(call), [], partition)
    shop.produce("events.click", b"ada", orjson.dumps(call), [], 3 - partition)
    assert [action["action"] for action in shop.actions] == ["hello"]


def test_the_number_of_partitions_makes_no_difference() -> None:
    def story(partitions: int) -> list[str]:
        shop = driver(partitions)
        for user in ("ada", "bo", "cy"):
            shop.track(None, "Product Added", anonymous=f"{user}'s phone")
            shop.identify(user, {"name": user}, anonymous=f"{user}'s phone", after="1 minute")
        shop.advance("1 day")
        return [str(action) for action in shop.actions]

    assert story(1) == story(4) == story(64)


def test_actions_come_out_as_a_sender_would_read_them() -> None:
    (action,) = driver().track("ada", "Product Added")
    assert orjson.loads(orjson.dumps(action)) == action


def later(hours: int) -> str:
    return REMINDER.replace("1 hour", f"{hours} hours")


@pytest.mark.parametrize("form", ["text", "pack", "folder"])
def test_definitions_may_be_applied_as_a_text_a_pack_or_a_projects_folder(form: str, tmp_path: Path) -> None:
    for name, text in zip(("journeys/a", "actions/b", "actions/c"), later(5).split("---"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    run = driver()
    run.track("ada", "Product Added")
    forms: dict[str, str | Pack | Path] = {"text": later(5), "pack": load(tmp_path), "folder": tmp_path}
    run.apply(forms[form])
    run.track("bo", "Product Added")
    assert [action["customer_id"] for action in run.advance("1 hour")] == ["ada"]
    assert [action["customer_id"] for action in run.advance("4 hours")] == ["bo"]


def test_a_driver_of_compiled_definitions_has_none_to_apply_anew() -> None:
    run = JourneyTestDriver(driver().env)
    with pytest.raises(TypeError, match="give definitions"):
        run.apply()


@pytest.mark.parametrize("partitions", [1, 3])
def test_what_is_due_at_once_is_done_with_the_event(partitions: int) -> None:
    text = REMINDER.replace("wait: 1 hour", "wait: {date: customer.traits.contract_end}")
    run = JourneyTestDriver.of_text(text, partitions=partitions)
    run.identify("ada", {"contract_end": "2020-01-01"})
    assert [action["action"] for action in run.track("ada", "Product Added")] == ["hello", "bye"]
    assert run.now == JourneyTestDriver.of_text(text).now
