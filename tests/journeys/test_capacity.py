"""Capacities in channels.yaml that are wrong, and what is said about them."""

from __future__ import annotations

import pytest

from orchestrator.engine.window import Capacity, Per, Surplus
from orchestrator.errors import DefinitionError
from orchestrator.testing import JourneyTestDriver

TEXT = """
channels:
  call:
    address: id
    consent: none
    content: {{queue: {{type: line}}}}
    {channel}
  note: {{address: id, consent: none, content: {{text: {{}}}}}}
---
action: hello
channel: call
content: {{queue: {queue}}}
---
journey: hello
entry: {{on: Hello}}
steps: [{{act: hello}}]
"""


def capacities(channel: str, queue: str = "sales") -> dict[str, Capacity]:
    return dict(JourneyTestDriver.of_text(TEXT.format(channel=channel, queue=queue)).env.capacities)


def wrong(channel: str, queue: str = "sales") -> str:
    with pytest.raises(DefinitionError) as refused:
        capacities(channel, queue)
    return "\n".join(problem.message for problem in refused.value.problems)


def test_what_is_declared_is_what_counts() -> None:
    found = capacities(
        """
    capacity: {most: 500, per: hour, reserve: 50}
    surplus: {channel: note}
    open: {mon-fri: "09:00-12:00, 13:00-17:00", sat: "10:00-14:00"}
    timezone: Europe/Berlin
    closed: [2026-12-24, 2026-12-31]
    queues:
      sales: {capacity: {most: 200, per: day}, surplus: wait}
      service: {}
"""
    )
    assert found.keys() == {"call", "call/sales"}, "service shares the places of its channel"
    assert (found["call"].most, found["call"].per, found["call"].reserve) == (500, Per.HOUR, 50)
    assert (found["call"].surplus, found["call"].instead) == (Surplus.CHANNEL, "note")
    assert (found["call/sales"].most, found["call/sales"].surplus) == (200, Surplus.WAIT)
    assert found["call/sales"].hours == found["call"].hours
    assert found["call"].said == "500 an hour in call"


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        ("capacity: {most: 0, per: day}", "'most' must be at least 1, not the number 0"),
        ("capacity: {most: -5, per: day}", "'most' must be at least 1, not the number -5"),
        (
            "capacity: {most: 1000000000000, per: day}",
            "1,000,000,000,000 is no limit: leave the capacity out where there is none",
        ),
        ("capacity: {most: 1.5, per: day}", "'most' must be a whole number"),
        ("capacity: {most: many, per: day}", "'most' must be a whole number"),
        ("capacity: {most: 5}", "'per' is missing"),
        ("capacity: {most: 5, per: week}", "'week'"),
        ("capacity: {most: 5, per: day, reserve: 6}", "the reserve of 6 is more than there is: 5"),
        ("capacity: {must: 5, per: day}", "'must' is unknown here: did you mean 'most'?"),
        ("timezone: Europe/Berlni", "'Europe/Berlni' is no time zone: did you mean 'Europe/Berlin'?"),
        ('open: {mon: "9-17"}', "'9-17' are no hours: write them as '09:00-17:00'"),
        ('open: {mon: "25:00-26:00"}', "'25:00' is no time of day"),
        (
            'open: {mon: "22:00-02:00"}',
            "'22:00-02:00' crosses midnight: write '22:00-24:00' for this day and '00:00-02:00' for the next",
        ),
        ('open: {mon: "09:00-09:00"}', "'09:00-09:00' has no time in it"),
        ('open: {mon: "09:00-00:00"}', "'09:00-00:00' has no time in it: write the end of a day as 24:00"),
        ('open: {mon: "09:00-13:00, 12:00-17:00"}', "09:00-13:00 and 12:00-17:00 overlap: write each hour once"),
        ('open: {mon-fri: "09:00-17:00", wed: "10:00-12:00"}', "'wed' is in it twice: write all of its hours in one"),
        ('open: {mnday: "09:00-17:00"}', "'mnday' is no weekday"),
        ('open: {fri-mon: "09:00-17:00"}', "'fri-mon' ends before it begins: the week goes from mon to sun"),
        ("open: {}", "'open'"),
        ("open:", "write opening hours by weekdays, such as open: {mon-fri: \"09:00-17:00\"}, or leave 'open' out"),
        ('open: "09:00-17:00"', "write opening hours by weekdays"),
        ('open: {mon: ["09:00-12:00", "13:00-17:00"]}', "write the hours of 'mon' in one text, such as"),
        ("open: {mon: closed}", "'mon' has no hours: leave out a day on which it is closed"),
        ("open: {mon: }", "'mon' has no hours"),
        ("capacity:", "write a capacity as {most: 200, per: day}, or leave 'capacity' out where there is no limit"),
        ("capacity: 200 a day", "write a capacity as {most: 200, per: day}"),
        ("closed: [24.12.2026]", "'24.12.2026' is no day: write it as 2026-12-24"),
        ("closed: [2026-02-30]", "'2026-02-30' is no day"),
        ("holidays: {country: GE, subdivision: BW}", "'BW' is no part of GE"),
        ("holidays: {country: Germany}", "the holidays of the country 'Germany' are not known"),
        ("surplus: drop", "a surplus is 'wait', 'expire' or {channel: email}, not 'drop'"),
        ("surplus: {chanel: note}", "'chanel' is unknown here: did you mean 'channel'?"),
        ("surplus: expire", "there is no 'capacity' that could have a surplus: add one, or leave this out"),
        ("queues: {sales: {surplus: expire}}", "there is no 'capacity' that could have a surplus"),
        (
            'capacity: {most: 5, per: day}\n    queues: {sales: {open: {mon: "09:00-17:00"}}}',
            "the queue 'sales' shares the places of 'call' and goes by its hours: give it a 'capacity' of its own",
        ),
        ("surplus: {channel: nota}", "the channel 'nota' is unknown: did you mean 'note'?"),
        ("surplus: {channel: call}", "the surplus goes in a circle: call to call"),
    ],
)
def test_what_is_wrong_is_said(channel: str, sentence: str) -> None:
    assert sentence in wrong(channel)


def test_the_last_minute_of_a_day_can_be_written() -> None:
    assert capacities('open: {mon: "22:00-24:00", tue: "00:00-02:00"}')["call"].hours.week[0] == (
        (79_200_000, 86_400_000),
    )


def test_a_queue_that_is_not_declared_is_told() -> None:
    queues = "queues: {sales: {}, service: {}}"
    assert "the queue 'slaes' is unknown: did you mean 'sales'?" in wrong(queues, "slaes")


def test_a_queue_must_be_a_name_where_queues_are_declared() -> None:
    wanted = "'queue' must be a name, for the queues in channels.yaml take only so many"
    assert wanted in wrong("queues: {sales: {}}", '"{{ customer.traits.team }}"')


def test_queues_need_a_field_that_names_them() -> None:
    text = TEXT.replace("{{queue: {{type: line}}}}", "{{text: {{}}}}").replace("{{queue: {queue}}}", "{{text: hi}}")
    with pytest.raises(DefinitionError, match="an action names its queue in the field 'queue'"):
        JourneyTestDriver.of_text(text.format(channel="queues: {sales: {}}", queue=""))


def test_a_surplus_that_goes_round_is_told() -> None:
    text = TEXT.replace("content: {{text: {{}}}}}}", "content: {{text: {{}}}}, surplus: {{channel: call}}}}")
    with pytest.raises(DefinitionError, match="the surplus goes in a circle: call to note to call"):
        JourneyTestDriver.of_text(text.format(channel="surplus: {channel: note}", queue="sales"))
