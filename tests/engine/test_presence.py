"""Who is on the site, who is on the line, and what is said to them then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import strategies as st

from orchestrator import engine
from orchestrator.engine.channel_policy import ChannelPolicy
from orchestrator.engine.customer import Customer
from orchestrator.engine.presence import keep_call, keep_site, line_until, on_site, on_the_line, unite_presence
from orchestrator.engine.requests import Request
from orchestrator.errors import DefinitionError
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]
POLICY = ChannelPolicy()

ASKED = """
channel: {{on_site_for: 10 minutes, longest_call: 1 hour, after_call: 15 minutes}}
---
journey: talk
entry: {{on: Asked}}
steps:
{steps}
---
action: screen
channel: crm
content: {{object: task, fields: {{text: say this}}}}
"""


def asking(*steps: str) -> str:
    """A journey that begins with "Asked" and has these steps, in a project that knows who is where."""
    return ASKED.format(steps="\n".join(f"  - {step}" for step in steps))


ON_SITE, ON_THE_LINE = (asking(f"{{act: hello, if: customer.{where}}}") for where in ("on_site", "on_the_line"))


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def call(driver: JourneyTestDriver, what: str, call_id: str | None = "c1", **fields: Any) -> list[dict[str, Any]]:
    return driver.track("ada", f"Call {what}", {} if call_id is None else {"call_id": call_id}, **fields)


@pytest.mark.parametrize(("after", "said"), [("0 seconds", ["hello"]), ("9 minutes", ["hello"]), ("10 minutes", [])])
def test_a_visitor_is_on_the_site_for_ten_minutes_after_the_last_click(given: Given, after: str, said: Any) -> None:
    driver = given(ON_SITE)
    driver.track("ada", "Product Viewed")
    assert names(driver.track("ada", "Asked", after=after)) == said


@pytest.mark.parametrize(
    ("event", "fields", "said"),
    [
        ("Page Viewed", {}, ["hello"]),
        ("Something Of Ours", {"context": {"page": {"path": "/"}}}, ["hello"]),
        ("Something Of Ours", {}, []),
        ("Order Completed", {}, []),
        ("Message Opened", {}, []),
    ],
)
def test_a_click_is_known_by_its_name_or_its_page(given: Given, event: str, fields: Any, said: Any) -> None:
    driver = given(ON_SITE)
    driver.track("ada", event, **fields)
    assert names(driver.track("ada", "Asked")) == said


def test_who_puts_the_app_away_has_left(given: Given) -> None:
    driver = given(ON_SITE)
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Application Backgrounded", after="1 minute")
    assert driver.track("ada", "Asked") == []
    driver.track("ada", "Application Opened", after="1 minute")
    assert names(driver.track("ada", "Asked")) == ["hello"]


def test_a_click_that_comes_late_is_no_presence(given: Given) -> None:
    driver = given(ON_SITE)
    driver.track("ada", "Product Viewed", timestamp="2026-01-05T08:00:00Z")
    assert driver.track("ada", "Asked") == []


@pytest.mark.parametrize("end", ["Ended", "Missed", "Abandoned"])
def test_a_customer_is_on_the_line_from_the_call_s_start_to_its_end(given: Given, end: str) -> None:
    driver = given(ON_THE_LINE.replace("act: hello", "act: answer"))
    call(driver, "Started")
    assert names(driver.track("ada", "Asked", after="5 minutes")) == ["answer"]
    call(driver, end, after="1 minute")
    assert driver.track("ada", "Asked") == []


def test_a_call_without_an_end_is_over_after_the_longest_call(given: Given) -> None:
    driver = given(ON_THE_LINE.replace("act: hello", "act: answer"))
    call(driver, "Started")
    assert driver.track("ada", "Asked", after="1 hour") == []


def test_an_end_that_comes_before_its_start_ends_the_call(given: Given) -> None:
    driver = given(ON_THE_LINE.replace("act: hello", "act: answer"))
    call(driver, "Ended", timestamp="2026-01-05T09:00:00Z")
    call(driver, "Started", timestamp="2026-01-05T08:50:00Z")
    assert driver.track("ada", "Asked") == []


def test_an_end_without_a_call_id_ends_all_calls(given: Given) -> None:
    driver = given(ON_THE_LINE.replace("act: hello", "act: answer"))
    call(driver, "Started", "c1")
    call(driver, "Started", "c2", after="1 minute")
    call(driver, "Ended", None, after="1 minute")
    assert driver.track("ada", "Asked") == []


def test_marketing_is_held_while_the_customer_is_on_the_line_and_service_is_not(given: Given) -> None:
    driver = given(asking("act: hello", "act: answer"))
    call(driver, "Started")
    assert names(driver.track("ada", "Asked")) == ["answer"]
    held = driver.decisions[-1]
    assert (held["outcome"], held["reasons"]) == (
        "held",
        [{"rule": "on-the-line", "detail": "the customer is on the line since 2026-01-05T09:00:00.000Z"}],
    )


def test_the_agent_s_screen_comes_first(given: Given) -> None:
    driver = given(asking("act: answer", "act: screen"))
    assert names(driver.track("ada", "Asked")) == ["answer", "screen"]
    call(driver, "Started")
    assert names(driver.track("ada", "Asked")) == ["screen", "answer"]


def test_after_the_call_what_was_held_comes_one_by_one(given: Given) -> None:
    driver = given(asking("act: hello", "act: bye", "{act: short-lived, delay: 5 minutes}"))
    call(driver, "Started")
    assert driver.track("ada", "Asked", after="1 minute") == []
    driver.advance("9 minutes")
    assert call(driver, "Ended", after="10 minutes") == []
    assert names(driver.advance("15 minutes")) == ["short-lived"]
    assert len(driver.advance("15 minutes")) == 1
    assert len(driver.advance("15 minutes")) == 1


def test_what_a_call_held_waits_for_no_more_than_the_longest_call(given: Given) -> None:
    driver = given(asking("act: hello"))
    call(driver, "Started")
    driver.track("ada", "Asked")
    assert driver.advance("59 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


def test_a_project_may_send_all_the_same(given: Given) -> None:
    driver = given(asking("act: hello").replace("after_call:", "on_the_line: send, after_call:"))
    call(driver, "Started")
    assert names(driver.track("ada", "Asked")) == ["hello"]


@pytest.mark.parametrize(("channel", "there"), [("web", True), ("email", False)])
def test_whom_the_site_asks_for_is_there(given: Given, channel: str, there: bool) -> None:
    env, now = given(ON_SITE).env, 1_767_603_600_000
    step, _ = engine.on_request(env, None, Request("u:ada", "r1", channel), now)
    assert step is not None
    assert isinstance(step.record, Customer)
    assert on_site(step.record, POLICY, now) is there


def test_a_condition_that_asks_where_nobody_knows_is_told_the_remedy() -> None:
    with pytest.raises(DefinitionError, match="adds on_site and on_the_line"):
        JourneyTestDriver.of_text("journey: a\nentry: {on: X, if: customer.on_site}\nsteps: [{wait: 1 hour}]\n")


def test_presence_is_not_kept_where_nobody_asks(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Asked}\nsteps:\n  - act: hello\n")
    driver.track("ada", "Product Viewed")
    call(driver, "Started")
    assert not {"site", "calls"} & (driver.customer("ada") or {}).keys()


def test_a_call_goes_along_when_a_visitor_becomes_known(given: Given) -> None:
    driver = given(ON_THE_LINE.replace("act: hello", "act: answer"))
    driver.track(None, "Call Started", {"call_id": "c1"}, anonymous="phone")
    driver.identify("ada", anonymous="phone")
    assert names(driver.track("ada", "Asked")) == ["answer"]


WORDS = st.lists(
    st.tuples(st.sampled_from(["site", "one", "two"]), st.integers(1, 20), st.booleans()), max_size=8, unique=True
)


def told(words: list[tuple[str, int, bool]]) -> Customer:
    customer = Customer("u:ada", 0, 0)
    for what, at, begins in words:
        moment = at if begins else -at
        if what == "site":
            keep_site(customer, moment)
        else:
            keep_call(customer, what, moment)
    return customer


@always(WORDS, st.randoms(), st.integers(0, 8))
def test_it_does_not_matter_in_which_order_or_under_which_id_it_is_told(words: Any, random: Any, cut: int) -> None:
    one = told(words)
    shuffled = random.sample(words, len(words))
    other, rest = told(shuffled[:cut]), told(shuffled[cut:])
    unite_presence(other, rest)
    assert (other.site, other.calls) == (one.site, one.calls)
    assert on_site(one, POLICY, 21) == on_site(other, POLICY, 21)
    assert on_the_line(one, POLICY, 21) == (line_until(one, POLICY, 21) is not None)
