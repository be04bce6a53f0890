"""Broadcasts: to all or to a segment, once or again and again, so many a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.events.timestamps import read_moment
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
segments:
  vip: {if: customer.traits.level == "gold"}
---
"""


def driver_of(broadcast: str, more: str = "", partitions: int = 1) -> JourneyTestDriver:
    journey = f"journey: news\nentry: {{broadcast: {broadcast}{more}}}\nsteps: [{{act: hello}}]\n"
    return JourneyTestDriver.of_text(WORLD + journey, partitions=partitions)


def people(driver: JourneyTestDriver, count: int, level: str = "tin") -> None:
    for number in range(count):
        driver.identify(f"c{number}", {"level": level})


def who(driver: JourneyTestDriver) -> list[str]:
    return sorted(action["customer_id"] for action in driver.actions)


def by_minute(driver: JourneyTestDriver) -> Counter[str]:
    return Counter(action["decided_at"][:16] for action in driver.actions)


def test_all_are_in_it_at_its_moment() -> None:
    driver = driver_of("{at: 2026-01-06T09:00}")
    people(driver, 3)
    driver.advance("3 days")
    assert [(action["customer_id"], action["decided_at"][:16]) for action in driver.actions] == [
        ("c0", "2026-01-06T09:00"),
        ("c1", "2026-01-06T09:00"),
        ("c2", "2026-01-06T09:00"),
    ]


@pytest.mark.parametrize(
    ("at", "moment"), [("2026-01-06T09:00", "2026-01-06T08:00"), ("2026-01-06T09:00Z", "2026-01-06T09:00")]
)
def test_its_moment_is_the_projects_unless_it_says_where(at: str, moment: str) -> None:
    journey = f"journey: news\nentry: {{broadcast: {{at: '{at}'}}}}\nsteps: [{{act: hello}}]\n"
    driver = JourneyTestDriver.of_text(f"timezone: Europe/Berlin\n---\n{WORLD}{journey}")
    driver.identify("ada", {"timezone": "Asia/Tokyo"})
    driver.advance("3 days")
    assert [action["decided_at"][:16] for action in driver.actions] == [moment]


def test_visitors_are_in_it_too() -> None:
    driver = driver_of("{at: 2026-01-06T09:00}")
    driver.track(None, "Page Viewed", anonymous="laptop")
    assert [action["customer_id"] for action in driver.advance("3 days")] == ["laptop"]


def test_a_segment_alone() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, segment: vip}")
    people(driver, 3)
    driver.identify("ada", {"level": "gold"})
    driver.advance("3 days")
    assert who(driver) == ["ada"]


def test_the_condition_holds_then() -> None:
    driver = driver_of("{at: 2026-01-06T09:00}", ", if: customer.traits.level == 'gold'")
    people(driver, 2)
    driver.identify("c1", {"level": "gold"}, after="1 hour")
    driver.advance("3 days")
    assert who(driver) == ["c1"]


def test_once_is_once() -> None:
    driver = driver_of("{at: 2026-01-06T09:00}")
    people(driver, 1)
    driver.advance("3 days")
    driver.identify("c0", {"timezone": "Europe/Berlin"})
    assert driver.advance("300 days") == []
    assert len(driver.actions) == 1


def test_who_comes_after_its_moment_is_not_in_it() -> None:
    driver = driver_of("{at: 2026-01-05T10:00}")
    driver.advance("90 minutes")
    people(driver, 1)
    assert driver.advance("3 days") == []


def test_who_was_there_at_its_moment_and_hears_of_it_a_little_later_is_in_it() -> None:
    driver = driver_of("{at: 2027-01-05T10:00}")
    people(driver, 1)
    driver.advance("90 minutes")
    text = WORLD + "journey: news\nentry: {broadcast: {at: 2026-01-05T10:00}}\nsteps: [{act: hello}]\n"
    driver.apply(text)
    assert len(driver.advance("1 minute")) == 1
    driver.apply(text.replace("act: hello", "wait: 1 minute}, {act: hello"))
    assert driver.advance("3 days") == []


def test_it_comes_again_and_again() -> None:
    driver = driver_of("{every: '0 9 1 * *'}")
    people(driver, 2)
    driver.advance("100 days")
    assert by_minute(driver) == {"2026-02-01T09:00": 2, "2026-03-01T09:00": 2, "2026-04-01T09:00": 2}


@pytest.mark.parametrize("partitions", [1, 2, 3, 8])
def test_no_more_than_so_many_in_a_minute(partitions: int) -> None:
    driver = driver_of("{at: 2026-01-06T09:00, per_minute: 10}", partitions=partitions)
    people(driver, 100)
    driver.advance("3 days")
    assert len(driver.actions) == 100
    assert max(by_minute(driver).values()) <= 10
    assert len(set(who(driver))) == 100


def test_a_rate_is_used_up() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, per_minute: 10}")
    people(driver, 100)
    driver.advance("3 days")
    assert sorted(by_minute(driver).values()) == [10] * 10


def test_a_rate_below_the_number_of_partitions() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, per_minute: 2}", partitions=8)
    people(driver, 40)
    driver.advance("3 days")
    assert len(driver.actions) == 40
    assert max(by_minute(driver).values()) <= 2


def test_who_leaves_the_segment_before_their_turn_is_left_out() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, segment: vip, per_minute: 1}")
    people(driver, 3, "gold")
    driver.advance_to(read_moment("2026-01-06T09:00:30Z"))
    for number in range(3):
        driver.identify(f"c{number}", {"level": "tin"})
    driver.advance("3 days")
    assert len(driver.actions) == 1


def test_whoever_is_not_addressed_takes_nobodys_place() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, segment: vip, per_minute: 1}")
    people(driver, 20)
    for number in range(20, 23):
        driver.identify(f"c{number}", {"level": "gold"})
    driver.advance("3 days")
    assert by_minute(driver) == {"2026-01-06T09:00": 1, "2026-01-06T09:01": 1, "2026-01-06T09:02": 1}


def test_after_an_outage_the_rate_holds_all_the_same() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, per_minute: 5}")
    people(driver, 40)
    driver.advance_to(read_moment("2026-01-06T09:01:10Z"))
    driver.now = read_moment("2026-01-06T11:00:00Z")
    driver.advance("3 days")
    assert len(driver.actions) == 40
    assert max(by_minute(driver).values()) <= 5


def test_the_next_one_waits_for_those_who_wait_for_the_last() -> None:
    driver = driver_of("{every: '*/2 * * * *', per_minute: 1}")
    people(driver, 4)
    driver.advance("10 minutes")
    assert max(by_minute(driver).values()) == 1
    assert "the last one is still on its way to this customer" in [line["reason"] for line in driver.trace]


def test_it_says_what_it_was() -> None:
    driver = driver_of("{at: 2026-01-06T09:00, per_minute: 1}")
    people(driver, 2)
    driver.advance("3 days")
    assert {action["trigger"]["event_id"] for action in driver.actions} == {"broadcast/news/1767690000000"}
    assert len({action["action_id"] for action in driver.actions}) == 2


@settings(max_examples=25)
@for_all(
    count=st.integers(1, 40),
    rate=st.integers(1, 20),
    partitions=st.integers(1, 6),
    jumps=st.lists(st.integers(1, 300), max_size=6),
)
def test_everybody_once_and_never_more_than_the_rate(count: int, rate: int, partitions: int, jumps: list[int]) -> None:
    driver = driver_of(f"{{at: 2026-01-06T09:00, per_minute: {rate}}}", partitions=partitions)
    people(driver, count)
    driver.advance_to(read_moment("2026-01-06T08:59:00Z"))
    for seconds in jumps:
        driver.now += seconds * 1000
        driver.advance("1 second")
    driver.advance("1 day")
    assert who(driver) == sorted(f"c{number}" for number in range(count))
    assert max(by_minute(driver).values()) <= rate
