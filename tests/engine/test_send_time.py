"""When a message is sent: in the hour in which the customer reads most, and now to whom is there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator import engine
from orchestrator.engine.customer import Customer, Offer
from orchestrator.engine.models import Counted
from orchestrator.engine.send_time import best_moment, count_hour, shares_of, unite_hours
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event
from orchestrator.testing import JourneyTestDriver

HOUR = 3_600_000
NINE = "2026-01-05T09:00:00Z"
"""On a Monday."""

WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: news
channel: note
expires: 2 days
send_time: best
content: {text: news}
---
action: receipt
channel: note
purpose: transactional
content: {text: receipt}
---
journey: talk
entry: {on: Asked}
steps: [{act: news}]
---
journey: confirm
entry: {on: Order Completed}
steps: [{act: receipt}]
"""


def reading_at(*hours: int, world: str = WORLD, timezone: str = "UTC", start: str = NINE) -> JourneyTestDriver:
    """A driver whose customer has read messages in these hours of their day."""
    driver = JourneyTestDriver.of_text(world, start=start)
    driver.identify("ada", {"timezone": timezone})
    zone = ZoneInfo(timezone)
    for number, hour in enumerate(hours):
        at = datetime(2025, 12, 10, hour, 30, tzinfo=zone).astimezone(UTC).isoformat()
        driver.track("ada", "Message Opened", {"action_id": f"{number:032}"}, timestamp=at)
    return driver


def sent(actions: list[dict[str, Any]], timezone: str = "UTC") -> list[tuple[int, int]]:
    """The day and the hour, on the customer's clock, in which each was sent."""
    zone = ZoneInfo(timezone)
    moments = [datetime.fromisoformat(action["decided_at"]).astimezone(zone) for action in actions]
    return [(moment.day, moment.hour) for moment in moments]


def test_it_is_sent_in_the_hour_in_which_the_customer_reads_most() -> None:
    driver = reading_at(20, 20, 7)
    assert driver.track("ada", "Asked") == []
    assert sent(driver.advance("1 day")) == [(5, 20)]


def test_the_trace_says_when_and_why() -> None:
    driver = reading_at(20, 20, 7)
    driver.track("ada", "Asked")
    (reason,) = driver.decisions[-1]["reasons"]
    assert reason["rule"] == "send-time"
    assert reason["detail"].startswith("the customer reads most at 20: sent at 2026-01-05T20:")


def test_of_whom_nothing_is_known_is_told_now() -> None:
    assert sent(reading_at().track("ada", "Asked")) == [(5, 9)]


def test_in_the_best_hour_it_is_sent_at_once() -> None:
    assert sent(reading_at(9, 9).track("ada", "Asked")) == [(5, 9)]


def test_the_hours_are_those_of_the_customer_s_clock() -> None:
    driver = reading_at(20, 20, timezone="America/New_York")
    driver.track("ada", "Asked")
    assert sent(driver.advance("1 day"), "America/New_York") == [(5, 20)]


def test_customers_of_one_hour_are_not_all_told_on_the_stroke_of_it() -> None:
    minutes = set()
    for number in range(8):
        driver = reading_at(20)
        driver.track("ada", "Asked", messageId=f"m{number}")
        (action,) = driver.advance("1 day")
        minutes.add(action["decided_at"][14:16])
    assert len(minutes) > 3


def test_a_step_may_say_how_long_it_may_wait() -> None:
    short = WORLD.replace("{act: news}", "{act: news, send_time: {within: 3 hours}}")
    driver = reading_at(20, 20, 11, world=short)
    driver.track("ada", "Asked")
    assert sent(driver.advance("1 day")) == [(5, 11)]


def test_a_step_may_say_now() -> None:
    now = WORLD.replace("{act: news}", "{act: news, send_time: now}")
    assert sent(reading_at(20, 20, world=now).track("ada", "Asked")) == [(5, 9)]


def test_it_never_waits_until_it_has_expired() -> None:
    driver = reading_at(20, 20, 12, world=WORLD.replace("expires: 2 days", "expires: 5 hours"))
    driver.track("ada", "Asked")
    assert sent(driver.advance("1 day")) == [(5, 12)]


def test_the_policy_may_say_it_for_a_channel_and_then_only_of_marketing() -> None:
    policy = WORLD.replace("send_time: best\n", "") + "---\nchannel: {send_time: {note: best}}\n"
    driver = reading_at(20, 20, world=policy)
    assert sent(driver.track("ada", "Order Completed")) == [(5, 9)]
    assert driver.track("ada", "Asked", after="1 hour") == []
    assert sent(driver.advance("1 day")) == [(5, 20)]


def test_the_best_hour_is_no_quiet_one() -> None:
    quiet = WORLD + '---\ncontact: {quiet_hours: [{from: "19:30", until: "08:00"}]}\n'
    driver = reading_at(22, 22, 22, 18, 18, 12, world=quiet)
    driver.track("ada", "Asked")
    assert sent(driver.advance("1 day")) == [(5, 18)]


@pytest.mark.parametrize("event", ["Page Viewed", "Call Started"])
def test_who_is_on_the_site_or_on_the_line_is_told_now(event: str) -> None:
    driver = reading_at(20, 20, world=WORLD + "---\nchannel: {on_the_line: send}\n")
    driver.track("ada", event)
    assert sent(driver.track("ada", "Asked")) == [(5, 9)]


def test_what_is_urgent_waits_for_nothing() -> None:
    urgent = WORLD.replace("send_time: best", "send_time: best\nkind: alarm")
    driver = reading_at(20, 20, world=urgent + "---\nchannel: {kinds: {alarm: {channel: note, urgent: true}}}\n")
    driver.track("ada", "Call Started")
    assert sent(driver.track("ada", "Asked")) == [(5, 9)]


def test_hours_are_only_counted_where_somebody_goes_by_them() -> None:
    driver = reading_at(20, world=WORLD.replace("send_time: best\n", ""))
    assert "hours" not in (driver.customer("ada") or {})


def test_a_message_that_is_opened_again_counts_once() -> None:
    driver = reading_at()
    (news,) = driver.track("ada", "Asked")
    for _ in range(3):
        driver.track("ada", "Message Opened", {"action_id": news["action_id"]}, after="1 hour")
    assert sum((driver.customer("ada") or {})["hours"]) == 1


def test_the_hours_go_along_when_a_visitor_becomes_known() -> None:
    driver = reading_at(20)
    opened = {"action_id": "f" * 32}
    driver.track(None, "Message Opened", opened, anonymous="a1", timestamp="2026-01-04T20:00:00Z")
    driver.identify("ada", anonymous="a1")
    assert (driver.customer("ada") or {})["hours"][20] == 2


@pytest.mark.parametrize(
    ("start", "timezone", "hour", "sent_at"),
    [
        # Spring in Berlin, 29 March 2026: 02:00 to 03:00 is left out.
        ("2026-03-28T22:00:00Z", "Europe/Berlin", 3, "2026-03-29T01:"),
        ("2026-03-28T22:00:00Z", "Europe/Berlin", 20, "2026-03-29T18:"),
        # Autumn, 25 October 2026: 02:00 to 03:00 is shown twice; the first is meant.
        ("2026-10-24T20:00:00Z", "Europe/Berlin", 2, "2026-10-25T00:"),
        ("2026-10-24T20:00:00Z", "Europe/Berlin", 20, "2026-10-25T19:"),
        # Half an hour beside the others.
        ("2026-01-05T09:00:00Z", "Asia/Kolkata", 20, "2026-01-05T14:3"),
    ],
)
def test_it_is_right_when_the_clock_changes_and_in_odd_zones(
    start: str, timezone: str, hour: int, sent_at: str
) -> None:
    world = WORLD.replace("content: {text: news}", "content: {text: news}", 1)
    driver = reading_at(hour, hour, world=world, timezone=timezone, start=start)
    driver.track("ada", "Asked")
    (action,) = driver.advance("30 hours")
    local = datetime.fromisoformat(action["decided_at"]).astimezone(ZoneInfo(timezone))
    assert local.hour == hour
    assert action["decided_at"].startswith(sent_at[:11])


def turn_of(now: int, timezone: str, hours: list[int], models: Counted | None = None) -> Turn:
    env = JourneyTestDriver.of_text(WORLD).env
    customer = Customer("u:ada", 0, 0, traits={"timezone": timezone}, hours=hours)
    return Turn(env, customer, None, now, engine.Home(models=models or Counted()))


def offer_of(turn: Turn, id_: int, within_ms: int) -> Offer:
    return Offer(f"{id_:032x}", "", "", "", "", "news", "note", "marketing", "ada", {}, turn.now + within_ms, turn.now)


COUNTS: st.SearchStrategy[list[int]] = st.lists(st.integers(0, 8), min_size=24, max_size=24) | st.just([])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])


@always(
    st.integers(1_767_225_600_000, 1_798_761_600_000), ZONES, COUNTS, st.integers(0, 2**128 - 1), st.integers(1, 60)
)
@settings(max_examples=100)
def test_it_is_never_before_now_nor_after_the_end(
    now: int, zone: str, hours: list[int], id_: int, within_h: int
) -> None:
    turn = turn_of(now, zone, hours)
    treatment = turn.env.actions["news"].treatment
    end = now + within_h * HOUR
    moment, hour = best_moment(turn, offer_of(turn, id_, within_h * HOUR), treatment, end)
    assert now <= moment < end
    local = datetime.fromtimestamp(moment / 1000, ZoneInfo(zone))
    assert local.hour == hour
    if within_h >= 25 and hours:
        shares = shares_of(turn, "note")
        assert shares[hour] == max(shares)


@always(
    st.integers(1_767_225_600_000, 1_798_761_600_000),
    ZONES,
    COUNTS,
    st.integers(0, 2**128 - 1),
    st.integers(0, 23 * 60),
)
@settings(max_examples=100)
def test_quiet_hours_are_left_out(now: int, zone: str, hours: list[int], id_: int, quiet_from: int) -> None:
    there = ZoneInfo(zone)

    def is_quiet(moment: int) -> bool:
        wall = datetime.fromtimestamp(moment / 1000, there)
        return quiet_from <= wall.hour * 60 + wall.minute < quiet_from + 60

    def allowed(moment: int) -> int:
        while is_quiet(moment):
            moment += 60_000 - moment % 60_000
        return moment

    turn = turn_of(now, zone, hours)
    treatment = turn.env.actions["news"].treatment
    end = now + 24 * HOUR
    moment, _ = best_moment(turn, offer_of(turn, id_, 24 * HOUR), treatment, end, allowed)
    assert now <= moment < end
    assert moment == now or not is_quiet(moment)


@always(COUNTS, COUNTS)
def test_two_records_count_together_whichever_comes_first(one: list[int], other: list[int]) -> None:
    a, b = Customer("u:a", 0, 0, hours=list(one)), Customer("u:a", 0, 0, hours=list(other))
    unite_hours(a, Customer("a:x", 0, 0, hours=list(other)))
    unite_hours(b, Customer("a:y", 0, 0, hours=list(one)))
    assert a.hours == b.hours


def test_what_others_do_counts_until_the_customer_is_known() -> None:
    opened = [0.0] * 24
    opened[18] = 1000.0
    models = Counted(opened={"note": tuple(opened)})
    stranger, reader = (turn_of(0, "UTC", hours, models) for hours in ([], [0] * 7 + [30] + [0] * 16))
    assert max(range(24), key=shares_of(stranger, "note").__getitem__) == 18
    assert max(range(24), key=shares_of(reader, "note").__getitem__) == 7


def test_what_was_long_ago_counts_less() -> None:
    turn = turn_of(0, "UTC", [])
    for number in range(300):
        at = (number % 2 * 12) * HOUR
        count_hour(turn, Event(f"m{number}", "Message Opened", at, at, "ada", None, None, {}, {}, {}))
    assert sum(turn.customer.hours) <= 200
