"""How much: channels and queues that take only so many, at their hours, by priority across customers."""

from __future__ import annotations

import pytest

from orchestrator.events.timestamps import read_moment
from orchestrator.testing import JourneyTestDriver

CHANNELS = """
channels:
  call:
    address: id
    consent: none
    content: {{queue: {{type: line}}, reason: {{}}}}
    {channel}
    queues:
      sales: {sales}
      service: {{}}
  mail: {{address: id, consent: none, content: {{text: {{}}}}}}
  note: {{address: id, consent: none, content: {{text: {{}}}}}}
---
"""

ACTIONS = """
action: call-back
channel: call
expires: 3 days
content: {queue: sales, reason: They asked for it.}
---
action: save-call
channel: call
goal: serve
expires: 3 days
content: {queue: sales, reason: They are angry.}
---
action: dear-call
channel: call
value: 100
expires: 3 days
content: {queue: sales, reason: They are about to buy.}
---
action: help-call
channel: call
content: {queue: service, reason: They need help.}
---
action: call-or-write
treatments:
  call: {content: {queue: sales, reason: They asked for it.}}
  mail: {content: {text: We call you later.}}
  note: {content: {text: We call you later.}}
---
action: call-then-write
treatments:
  call: {content: {queue: sales, reason: They asked for it.}}
  mail: {content: {text: We could not reach you.}}
chain: [{channel: call, until: clicked, within: 1 hour}, {channel: mail}]
---
journey: chained
entry: {on: Chained}
steps: [{act: call-then-write}]
---
journey: ask
entry: {on: Asked}
exit: [{on: Bought}]
steps: [{act: call-back}, {wait: 10 days}]
---
journey: complain
entry: {on: Complained}
steps: [{act: save-call}, {wait: 10 days}]
---
journey: buy
entry: {on: Cart Filled}
steps: [{act: dear-call}]
---
journey: help
entry: {on: Help Wanted}
steps: [{act: help-call}]
---
journey: either
entry: {on: Wanted}
steps: [{act: call-or-write}]
"""

MONDAY_9 = "2026-01-05T09:00:00Z"


def driver_of(sales: str, channel: str = "", start: str = MONDAY_9, partitions: int = 1) -> JourneyTestDriver:
    text = CHANNELS.format(sales=sales, channel=channel) + ACTIONS
    return JourneyTestDriver.of_text(text, start, partitions)


def driver_text(sales: str) -> str:
    return CHANNELS.format(sales=sales, channel="") + ACTIONS


def called(driver: JourneyTestDriver) -> list[str]:
    return [action["customer_id"] for action in driver.actions if action["kind"] == "action"]


def told(driver: JourneyTestDriver, user: str) -> list[tuple[str, str]]:
    """What was decided of one customer: outcome, and in what words."""
    return [
        (decision["outcome"], " ".join(reason["detail"] for reason in decision["reasons"]))
        for decision in driver.decisions
        if decision["customer_id"] == user
    ]


def ask(driver: JourneyTestDriver, *users: str, event: str = "Asked") -> None:
    for user in users:
        driver.track(user, event, after="1 ms")


ONE_A_DAY = "{capacity: {most: 1, per: day}}"
TWO_A_DAY = "{capacity: {most: 2, per: day}}"
LATE = "2026-01-05T23:59:00Z"
"""When all of the day's places are there."""


def test_no_more_than_there_are_places() -> None:
    driver = driver_of(TWO_A_DAY, start=LATE)
    ask(driver, "ada", "bo", "cy")
    assert called(driver) == ["ada", "bo"]
    assert told(driver, "ada")[-1] == ("published", "")
    assert told(driver, "cy") == [("held", "it waits for a place: 2 a day in call/sales")]


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_they_are_counted_over_all_partitions(partitions: int) -> None:
    driver = driver_of("{capacity: {most: 5, per: day}}", start=LATE, partitions=partitions)
    ask(driver, *(f"c{number}" for number in range(40)))
    assert called(driver) == [f"c{number}" for number in range(5)]
    driver.advance("1 day")
    assert len(called(driver)) == 10


def test_who_waits_has_one_of_the_next_day() -> None:
    driver = driver_of(TWO_A_DAY, start=LATE)
    ask(driver, "ada", "bo", "cy")
    driver.advance("1 minute")
    assert called(driver) == ["ada", "bo", "cy"]
    assert told(driver, "cy")[-1] == ("published", "")


def test_places_come_evenly_so_the_first_askers_of_a_day_cannot_have_them_all() -> None:
    driver = driver_of("{capacity: {most: 24, per: day}}", start="2026-01-05T00:00:00Z")
    ask(driver, *(f"c{number}" for number in range(30)))
    assert len(called(driver)) == 1
    driver.advance("12 hours")
    assert len(called(driver)) == 13
    driver.advance("11 hours 59 minutes")
    assert len(called(driver)) == 24


def test_of_those_who_wait_service_comes_before_sales_and_then_what_is_worth_more() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE, partitions=4)
    ask(driver, "first", "bo")
    ask(driver, "cy", event="Cart Filled")
    ask(driver, "di", event="Complained")
    driver.advance("2 days 5 minutes")
    assert called(driver) == ["first", "di", "cy", "bo"]


def test_of_the_same_priority_who_asked_first_comes_first() -> None:
    driver = driver_of("{capacity: {most: 60, per: hour}}", partitions=4)
    for user in ("ada", "zoe", "bo", "yan"):
        driver.track(user, "Asked", after="1 second")
    driver.advance("3 minutes")
    assert called(driver) == ["ada", "zoe", "bo", "yan"]


def test_nobody_waits_longer_than_the_action_holds() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE)
    ask(driver, "ada")
    ask(driver, *(f"c{number}" for number in range(5)))
    driver.advance("9 days")
    assert called(driver) == ["ada", "c0", "c1", "c2"]
    assert told(driver, "c4")[-1] == (
        "refused",
        "it expired at 2026-01-08T23:59:00.006Z while it waited for a place of call/sales",
    )


def test_a_surplus_that_expires_is_refused_at_once() -> None:
    driver = driver_of("{capacity: {most: 1, per: day}, surplus: expire}", start=LATE)
    ask(driver, "ada", "bo")
    assert called(driver) == ["ada"]
    assert told(driver, "bo")[-1] == ("refused", "there is no place left: 1 a day in call/sales")


def test_what_matters_more_takes_the_place_that_was_still_to_come() -> None:
    driver = driver_of("{capacity: {most: 2, per: day}, surplus: expire}", start="2026-01-05T00:00:00Z")
    ask(driver, "ada", "bo")
    assert told(driver, "bo") == [("held", "it waits for a place: 2 a day in call/sales")]
    ask(driver, "cy", event="Complained")
    assert told(driver, "bo")[-1] == ("refused", "there is no place left: 2 a day in call/sales")
    driver.advance("23 hours")
    assert called(driver) == ["ada", "cy"]


def test_a_surplus_may_go_another_way() -> None:
    driver = driver_of("{capacity: {most: 1, per: day}, surplus: {channel: note}}", start=LATE, partitions=4)
    ask(driver, "ada", "bo", event="Wanted")
    assert [(action["customer_id"], action["channel"]) for action in driver.actions] == [
        ("ada", "call"),
        ("bo", "note"),
    ]
    assert driver.customer("bo") is not None
    assert "tickets" not in (driver.customer("bo") or {})


def test_a_surplus_that_says_nothing_on_the_other_channel_is_refused() -> None:
    driver = driver_of("{capacity: {most: 1, per: day}, surplus: {channel: note}}", start=LATE)
    ask(driver, "ada", "bo")
    assert called(driver) == ["ada"]
    outcome, why = told(driver, "bo")[-1]
    assert outcome == "refused"
    assert why == "there is no place left: 1 a day in call/sales; the surplus goes out on note"


def test_without_a_place_the_next_link_of_a_chain_follows_at_once() -> None:
    driver = driver_of("{capacity: {most: 1, per: day}, surplus: expire}", start=LATE)
    ask(driver, "ada", "bo", event="Chained")
    assert [(action["customer_id"], action["channel"]) for action in driver.actions] == [
        ("ada", "call"),
        ("bo", "mail"),
    ]


def test_a_queue_that_is_closed_holds_until_it_opens() -> None:
    opens = '{capacity: {most: 60, per: day}, timezone: Europe/Berlin, open: {mon-fri: "09:00-17:00"}}'
    driver = driver_of(opens, start="2026-01-09T16:30:00Z")
    ask(driver, "ada")
    assert called(driver) == []
    assert told(driver, "ada")[0][1].startswith("call/sales is closed until 2026-01-12T08:00:00.000Z; it waits")
    driver.advance_to(read_moment("2026-01-12T08:00:00Z") - 1)
    assert called(driver) == []
    driver.advance("1 ms")
    assert called(driver) == ["ada"]
    assert driver.actions[0]["decided_at"] == "2026-01-12T08:00:00.000Z"


def test_when_it_opens_those_who_waited_are_served_by_priority() -> None:
    opens = '{capacity: {most: 60, per: day}, open: {mon-fri: "09:00-17:00"}}'
    driver = driver_of(opens, start="2026-01-05T05:00:00Z", partitions=3)
    ask(driver, "ada", "bo")
    ask(driver, "cy", event="Complained")
    driver.advance("4 hours")
    assert called(driver) == ["cy"]
    driver.advance("16 minutes")
    assert called(driver) == ["cy", "ada", "bo"]


def test_a_closed_day_is_passed_over() -> None:
    opens = '{open: {mon-sun: "09:00-17:00"}, closed: [2026-01-06, 2026-01-07]}'
    driver = driver_of(opens, start="2026-01-05T18:00:00Z")
    ask(driver, "ada")
    assert told(driver, "ada") == [("held", "call/sales is closed until 2026-01-08T09:00:00.000Z")]
    driver.advance("3 days")
    assert called(driver) == ["ada"]


def test_a_public_holiday_is_a_closed_day() -> None:
    opens = '{open: {mon-sun: "09:00-17:00"}, holidays: {country: DE, subdivision: BW}}'
    driver = driver_of(opens, start="2026-01-05T18:00:00Z")
    ask(driver, "ada")
    assert told(driver, "ada") == [("held", "call/sales is closed until 2026-01-07T09:00:00.000Z")]


def test_hours_without_a_capacity_hold_all_until_it_opens() -> None:
    driver = driver_of('{open: {mon-fri: "09:00-17:00"}}', start="2026-01-05T05:00:00Z")
    ask(driver, *(f"c{number}" for number in range(20)))
    assert called(driver) == []
    driver.advance("4 hours")
    assert len(called(driver)) == 20


def test_a_queue_has_the_hours_of_its_channel_unless_it_says_others() -> None:
    channel = 'open: {mon-fri: "09:00-17:00"}'
    driver = driver_of('{open: {mon-fri: "06:00-17:00"}}', channel, start="2026-01-05T05:00:00Z")
    ask(driver, "ada")
    ask(driver, "bo", event="Help Wanted")
    driver.advance("1 hour")
    assert called(driver) == ["ada"]
    driver.advance("3 hours")
    assert called(driver) == ["ada", "bo"]


def test_queues_without_a_capacity_share_that_of_their_channel() -> None:
    driver = driver_of("{}", "capacity: {most: 1, per: day}", start=LATE)
    ask(driver, "ada")
    ask(driver, "bo", event="Help Wanted")
    assert called(driver) == ["ada"]
    assert told(driver, "bo") == [("held", "it waits for a place: 1 a day in call")]


def test_a_queue_with_a_capacity_counts_for_itself() -> None:
    driver = driver_of(ONE_A_DAY, "capacity: {most: 1, per: day}", start=LATE)
    ask(driver, "ada")
    ask(driver, "bo", event="Help Wanted")
    assert called(driver) == ["ada", "bo"]


def test_the_reserve_is_for_service() -> None:
    driver = driver_of("{capacity: {most: 2, per: day, reserve: 1}}", start="2026-01-05T12:00:00Z")
    ask(driver, "ada", "bo")
    ask(driver, "cy", event="Complained")
    assert called(driver) == ["ada", "cy"]


def test_what_failed_at_the_sender_gives_its_place_to_the_next() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE, partitions=4)
    ask(driver, "ada", "bo")
    failed = {"action_id": driver.actions[0]["action_id"], "channel": "call", "reason": "refused"}
    driver.track("ada", "Message Failed", failed)
    assert called(driver) == ["ada", "bo"]
    driver.track("ada", "Message Failed", failed)
    ask(driver, "cy")
    assert called(driver) == ["ada", "bo"]


def test_what_was_withdrawn_and_not_sent_gives_its_place_back_when_the_sender_says_so() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE)
    ask(driver, "ada", "bo")
    id_ = driver.actions[0]["action_id"]
    driver.track("ada", "Bought")
    assert [action["kind"] for action in driver.actions] == ["action", "cancel"]
    driver.track("ada", "Message Failed", {"action_id": id_, "channel": "call", "reason": "cancelled"})
    assert called(driver) == ["ada", "bo"]


def test_what_was_sent_keeps_its_place() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE)
    ask(driver, "ada", "bo")
    id_ = driver.actions[0]["action_id"]
    driver.track("ada", "Message Sent", {"action_id": id_, "channel": "call"})
    driver.track("ada", "Bought")
    driver.track("ada", "Message Cancel Missed", {"action_id": id_, "channel": "call"})
    assert called(driver) == ["ada"]


def test_a_failure_after_its_day_gives_nothing_back() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE)
    ask(driver, "ada", "bo", "cy")
    driver.advance("2 minutes")
    driver.track("ada", "Message Failed", {"action_id": driver.actions[0]["action_id"], "channel": "call"})
    assert called(driver) == ["ada", "bo"]


def test_who_leaves_while_waiting_is_passed_over() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE, partitions=4)
    ask(driver, "ada", "bo", "cy")
    driver.track("bo", "Bought")
    assert told(driver, "bo")[-1] == ("cancelled", "Bought came")
    driver.advance("2 minutes")
    assert called(driver) == ["ada", "cy"]


def test_a_place_that_is_not_used_after_all_goes_to_the_next() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE, partitions=4)
    ask(driver, "ada", "bo")
    ask(driver, "cy", event="Wanted")
    driver.apply(states={"ask": "paused"})
    driver.advance("2 minutes")
    assert called(driver) == ["ada", "cy"]
    assert told(driver, "bo")[-1] == ("held", "the journey is paused")
    driver.apply()
    driver.advance("1 day")
    assert called(driver) == ["ada", "cy", "bo"]


def test_who_waited_as_a_visitor_is_served_as_the_customer_they_are() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE, partitions=4)
    ask(driver, "ada")
    driver.track(None, "Asked", anonymous="laptop")
    driver.identify("bo", anonymous="laptop")
    driver.advance("2 minutes")
    assert called(driver) == ["ada", "bo"]


def test_a_capacity_that_is_taken_away_lets_all_go() -> None:
    driver = driver_of(ONE_A_DAY, start=LATE)
    ask(driver, "ada", "bo", "cy")
    driver.apply(driver_text("{}"))
    driver.advance("10 minutes")
    assert called(driver) == ["ada", "bo", "cy"]


def test_a_capacity_that_grows_counts_within_ten_minutes() -> None:
    driver = driver_of("{capacity: {most: 1, per: day}}", start="2026-01-05T20:00:00Z")
    ask(driver, "ada", "bo", "cy")
    driver.apply(driver_text("{capacity: {most: 100, per: day}}"))
    driver.advance("10 minutes")
    assert called(driver) == ["ada", "bo", "cy"]


def test_another_capacity_is_no_other_journey() -> None:
    few, many = (driver_of(sales) for sales in (ONE_A_DAY, TWO_A_DAY))
    assert few.env.pinned.keys() == many.env.pinned.keys()
    assert few.env.version != many.env.version


def test_without_capacities_nothing_is_asked() -> None:
    driver = driver_of("{}")
    assert driver.env.capacities == {}
    ask(driver, "ada")
    assert told(driver, "ada") == [("published", "")]


def test_opening_hours_of_a_channel_do_not_free_its_queues_of_its_capacity() -> None:
    hours = 'open: {mon-sun: "08:00-20:00"}\n    capacity: {most: 1, per: day}'
    driver = driver_of("{}", hours, start="2026-01-05T19:59:00Z")
    ask(driver, "ada")
    ask(driver, "bo", event="Help Wanted")
    assert called(driver) == ["ada"]


def test_what_opens_only_when_an_offer_has_expired_refuses_it_at_once() -> None:
    driver = driver_of('{capacity: {most: 1, per: day}, open: {sat: "09:00-17:00"}}')
    ask(driver, "ada")
    (refused,) = told(driver, "ada")
    assert refused[0] == "refused"
    assert refused[1].startswith("call/sales is closed until 2026-01-10T09:00:00.000Z, but it expires at 2026-01-08T")
