"""What is said where a template fails, and what becomes of an action that has nothing to say."""

from typing import Any

import orjson

from orchestrator.contracts.dead_letters import FailedAction
from orchestrator.contracts.decisions import Decision
from orchestrator.testing import JourneyTestDriver
from tests.content.saying import refusal, say, saying

NAME = "{{ customer.traits.last_name }}"
MISSING = "'last_name' is missing: give it a default, as in {{ … | default('') }}"


def instead(fields: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"content": fields, **others}


def test_a_field_that_fails_takes_its_fallback_and_the_others_stay() -> None:
    content = saying({"text": f"Dear {NAME}", "title": "Hi"}, fallback=instead({"text": "Dear customer", "title": "x"}))
    assert say(content) == {"text": "Dear customer", "title": "Hi"}


def test_all_may_be_replaced_together() -> None:
    fields = {"text": f"Dear {NAME}", "title": "Hi"}

    assert say(saying(fields, fallback=instead({"text": "Hello"}, replaces="all"))) == {"text": "Hello"}


def test_a_field_may_be_left_out_instead() -> None:
    assert say(saying({"text": "a", "title": NAME}, fallback=instead({"title": None}))) == {"text": "a"}


def test_a_fallback_may_be_a_template_in_the_customers_language() -> None:
    fallback = instead({"text": "Dear {{ customer.id }}"}, locales={"de": {"text": "Hallo {{ 1.5 | number }}"}})
    content = saying({"text": NAME}, fallback=fallback)

    assert say(content, traits={"locale": "de-AT"}) == {"text": "Hallo 1,5"}
    assert say(content, traits={}) == {"text": "Dear u1"}


def test_what_is_too_long_takes_its_fallback_too() -> None:
    content = saying({"text": "a", "title": "{{ event.name }}"}, fallback=instead({"title": "Added"}))

    assert say(content) == {"text": "a", "title": "Added"}


def test_what_ran_away_does_not_eat_up_the_fallback() -> None:
    away = "{% for i in range(200) %}{% for j in range(200) %}{% endfor %}{% endfor %}"
    fallback = instead({"text": "{% for p in event.properties.products %}{{ p.name }}{% endfor %}"})

    assert say(saying({"text": away}, fallback=fallback)) == {"text": "MugPot"}


def test_without_a_fallback_of_its_own_a_field_fails() -> None:
    assert refusal({"text": NAME, "title": "a"}, fallback=instead({"title": "b"})) == f"text: {MISSING}"


def test_a_fallback_that_fails_says_both() -> None:
    broken = "{{ event.none }}"

    for replaces in ("field", "all"):
        reason = refusal({"text": NAME}, fallback=instead({"text": broken}, replaces=replaces))
        assert reason == f"text: {MISSING}; and of the fallback text: {MISSING.replace('last_name', 'none')}"


PROJECT = """
    journey: hello
    entry: {on: X}
    steps:
      - act: hi
        id: greet
      - wait: 1 hour
      - act: bye
    ---
    action: hi
    channel: sms
    purpose: service
    content: {text: "Dear {{ customer.traits.last_name }}"}
    ---
    action: bye
    channel: sms
    purpose: service
    content: {text: "Bye {{ customer.traits.last_name }}"}
    fallback: {content: {text: Bye}}
"""


def driven() -> JourneyTestDriver:
    driver = JourneyTestDriver.of_text(PROJECT)
    driver.identify("u1", {"phone": "1"})
    driver.track("u1", "X")
    return driver


def test_an_action_that_fails_is_a_dead_letter_and_the_journey_goes_on() -> None:
    driver = driven()

    assert driver.actions == []
    (letter,) = driver.dead_letters
    assert (letter["code"], letter["reason"]) == ("content", f"text: {MISSING}")
    value = FailedAction.model_validate(orjson.loads(letter["value"]))
    assert (value.customer_id, value.action, value.journey, value.step) == ("u1", "hi", "hello", "greet")
    assert value.error == f"text: {MISSING}"
    assert driver.decisions[-1]["action_id"] == value.action_id
    assert driver.decisions[-1]["outcome"] == "refused"
    assert driver.decisions[-1]["reasons"] == [{"rule": "content", "detail": f"text: {MISSING}"}]
    assert [action["action"] for action in driver.advance("1 hour")] == ["bye"]


def test_a_fallback_is_published_and_the_decision_says_why() -> None:
    driver = driven()
    (action,) = driver.advance("1 hour")

    assert action["content"] == {"text": "Bye"}
    assert len(driver.dead_letters) == 1
    assert driver.decisions[-1]["outcome"] == "published"
    assert driver.decisions[-1]["reasons"] == [{"rule": "fallback", "detail": f"text: {MISSING}"}]
    for decision in driver.decisions:
        Decision.model_validate(decision)


def test_it_does_not_depend_on_the_partition() -> None:
    driver = JourneyTestDriver.of_text(PROJECT, partitions=7)
    for user in ("u1", "u2", "u3"):
        driver.identify(user, {"phone": "1"})
        driver.track(user, "X")
    letters = [orjson.loads(letter["value"])["customer_id"] for letter in driver.dead_letters]

    assert letters == ["u1", "u2", "u3"]
