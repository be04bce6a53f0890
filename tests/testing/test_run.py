"""Work in memory: what is decided does not depend on how often it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer
from orchestrator.events.intake import Intake, Limits
from orchestrator.streams.work import Output
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.run import Run

HOUR = 3_600_000
START = 1_767_603_600_000
ENV = JourneyTestDriver.of_text("""
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: wait
    entry: {on: Product Added}
    exit: [{on: Order Completed}]
    steps: [{wait: 2 hours}, {act: note}, {wait: {absence: 3 hours}}, {act: note}]
""").env

Deed = tuple[str, str, int]
deeds = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bo", "laptop"]),
        st.sampled_from(["Product Added", "Order Completed", "Product Viewed", "merge"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


def told(events: Sequence[Deed], partitions: int, records_per_write: int) -> list[str]:
    outputs: list[Output] = []
    intake = Intake(Limits(100_000, 365 * 24 * HOUR, 24 * HOUR, event_clock=True, strict={}))
    run = Run(ENV, intake, outputs.append, start=START, partitions=partitions, records_per_write=records_per_write)
    for number, (who, what, hours) in enumerate(events):
        run.advance_to(run.now + hours * HOUR)
        ids = {"anonymousId": who} if who == "laptop" else {"userId": who}
        call: dict[str, Any] = {"type": "track", "event": what, "properties": {}, **ids}
        if what == "merge":
            call = {"type": "identify", "traits": {}, "userId": "ada", "anonymousId": "laptop"}
        call = {**call, "messageId": str(number), "timestamp": run.now}
        run.produce("events.click", who.encode(), orjson.dumps(call), [])
    run.advance_to(run.now + 24 * HOUR)
    return [f"{output.topic} {output.key!r} {output.value!r}" for output in outputs]


@settings(max_examples=40, deadline=None)
@given(deeds, st.integers(1, 7))
def test_how_often_it_is_written_makes_no_difference(events: list[Deed], records_per_write: int) -> None:
    assert told(events, 1, records_per_write) == told(events, 1, 10_000)


@settings(max_examples=40, deadline=None)
@given(deeds)
def test_the_number_of_partitions_changes_nothing_about_actions(events: list[Deed]) -> None:
    def actions(partitions: int) -> list[str]:
        return sorted(line for line in told(events, partitions, 3) if line.startswith("actions."))

    assert actions(1) == actions(4)


def test_who_is_put_is_known() -> None:
    run = Run(ENV, Intake(Limits(100_000, HOUR, HOUR, event_clock=True, strict={})), lambda _: None)
    run.put(Customer("u:ada", 1, 2, traits={"email": "ada@example.org"}))
    record = run.record("u:ada")
    assert isinstance(record, Customer)
    assert record.traits == {"email": "ada@example.org"}
    assert [found.key for found in run.records()] == ["u:ada"]


def test_who_is_put_is_reached_by_time_alone() -> None:
    driver = JourneyTestDriver.of_text("""
        action: note
        channel: crm
        purpose: service
        content: {object: note, fields: {text: hi}}
        ---
        journey: daily
        entry: {schedule: "0 9 * * *"}
        steps: [{act: note}]
    """)
    outputs: list[Output] = []
    intake = Intake(Limits(100_000, HOUR, HOUR, event_clock=True, strict={}))
    run = Run(driver.env, intake, outputs.append, start=START)
    run.put(Customer("u:ada", 1, 2))
    run.advance_to(START + 48 * HOUR)
    assert [output.topic for output in outputs].count("actions.crm") == 2
