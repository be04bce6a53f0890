"""The oracle finds what is wrong, however small; that it finds nothing where nothing is, the crash tests show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from orchestrator.kafka import names
from orchestrator.streams.work import Output
from orchestrator.testing import oracle
from orchestrator.testing.driver import TestRecord
from tests.streams.cluster import Cluster
from tests.streams.world import DAY, LIMITS, MINUTE, START, WHOLE_ENV, Sent

NOTES = names.action_topic("note")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A morning of two customers, in several checkpoints of two partition numbers."""
    loop = asyncio.new_event_loop()
    cluster = Cluster(loop)
    for number, (user, event) in enumerate(
        [("ada", "Call Started"), ("bo", "Call Started"), ("ada", "Product Added"), ("ada", "Message Unsubscribed")]
    ):
        at = START + number * MINUTE
        call = {
            "type": "track",
            "event": event,
            "userId": user,
            "messageId": f"m{number}",
            "timestamp": at,
            "properties": {"minutes": 1, "cart": "c1"},
        }
        cluster.produce(Sent(names.EVENT_TOPICS[number], user.encode(), orjson.dumps(call), at))
        for seat in cluster.seats:
            seat.turn(1)
    cluster.drain(START + 30 * DAY)
    yield cluster
    loop.close()


def replayed(cluster: Cluster, journals: oracle.Journals | None = None) -> oracle.Replayed:
    used = cluster.journals() if journals is None else journals
    return oracle.replay(cluster.partitions, {WHOLE_ENV.version: WHOLE_ENV}, LIMITS, cluster.inputs(), used)


def differences(cluster: Cluster, found: list[TestRecord], expected: list[Output] | None = None) -> list[str]:
    return oracle.compare_actions(replayed(cluster).outputs if expected is None else expected, found, NOTES)


def test_nothing_is_wrong_with_a_run_that_went_well(cluster: Cluster) -> None:
    again = replayed(cluster)
    assert again.problems == []
    assert len(again.actions) == len(cluster.actions()) > 3
    assert differences(cluster, cluster.log.on(NOTES)) == []
    assert oracle.compare_records(again.records, cluster.customers()) == []
    assert oracle.check_offsets(cluster.journals(), cluster.inputs()) == []


def test_a_missing_action_is_found(cluster: Cluster) -> None:
    (problem,) = differences(cluster, cluster.log.on(NOTES)[1:])
    assert "missing: action" in problem


def test_an_action_that_is_there_twice_is_found(cluster: Cluster) -> None:
    found = cluster.log.on(NOTES)
    (problem,) = differences(cluster, [*found, found[0]])
    assert "not expected: action" in problem


@pytest.mark.parametrize("change", [{"value": b'{"kind": "action"}'}, {"key": b"cy"}, {"headers": []}])
def test_an_action_that_differs_in_a_byte_is_found(cluster: Cluster, change: dict[str, Any]) -> None:
    found = cluster.log.on(NOTES)
    assert len(differences(cluster, [replace(found[0], **change), *found[1:]])) == 2


def test_actions_of_a_customer_in_another_order_are_found(cluster: Cluster) -> None:
    found = [record for record in cluster.log.on(NOTES) if record.key == b"ada"]
    wanted = [output for output in replayed(cluster).outputs if output.key == b"ada"]
    assert differences(cluster, found, wanted) == []
    (problem, *_) = differences(cluster, found[::-1], wanted)
    assert "another order" in problem or "before its action" in problem


def test_a_record_that_differs_is_found(cluster: Cluster) -> None:
    found = cluster.customers()
    key = min(found)
    assert len(oracle.compare_records(replayed(cluster).records, found | {key: b"{}\x00"})) == 1
    assert len(oracle.compare_records(replayed(cluster).records, found | {b"u:stranger": b"{}\x00"})) == 1
    assert len(oracle.compare_records(replayed(cluster).records, {})) == len(found)


def test_an_offset_that_was_never_read_is_found(cluster: Cluster) -> None:
    inputs = cluster.inputs()
    place = min(inputs)
    inputs[place][99] = inputs[place][0]
    assert oracle.check_offsets(cluster.journals(), inputs) == [f"{place[0]}/{place[1]}: offset 99 was never read"]


def test_an_offset_that_was_read_twice_is_found(cluster: Cluster) -> None:
    journals = cluster.journals()
    number = next(number for number, values in journals.items() if values)
    topic, first, *_ = entry = next(entry for entry in journals[number][0]["entries"] if entry[0] in names.INPUT_TOPICS)
    journals[number].append({"env": WHOLE_ENV.version, "entries": [entry]})
    problems = oracle.check_offsets(journals, cluster.inputs())
    assert f"{topic}/{number}: offset {first} was read 2 times" in problems


def test_offsets_in_another_order_are_found() -> None:
    record = TestRecord(0, 0, START, b"", b"", [])
    journals = {0: [{"entries": [["events.click", 1, 1, 0], ["events.click", 0, 1, 0]]}]}
    inputs = {("events.click", 0): {0: record, 1: record}}
    assert oracle.check_offsets(journals, inputs) == ["events.click/0: offset 0 was read after 1"]


def test_a_hole_in_the_topic_is_no_problem() -> None:
    record = TestRecord(0, 0, START, b"", b"", [])
    journals = {0: [{"entries": [["events.click", 0, 1, 0], ["events.click", 5, 2, 0]]}]}
    inputs = {("events.click", 0): {0: record, 5: record, 6: record}}
    assert oracle.check_offsets(journals, inputs) == []


def test_an_offset_that_is_not_there_cannot_have_been_read() -> None:
    journals = {0: [{"entries": [["events.click", 0, 1, 0]]}]}
    assert oracle.check_offsets(journals, {}) == ["events.click/0: offset 0 was read, but is not there"]


def test_definitions_that_are_not_known_are_named(cluster: Cluster) -> None:
    again = oracle.replay(cluster.partitions, {}, LIMITS, cluster.inputs(), cluster.journals())
    assert all(f"its definitions {WHOLE_ENV.version} are not known" in problem for problem in again.problems)
    assert len(again.problems) == 2


def test_a_journal_of_records_that_are_not_there_is_a_problem(cluster: Cluster) -> None:
    again = oracle.replay(cluster.partitions, {WHOLE_ENV.version: WHOLE_ENV}, LIMITS, {}, cluster.journals())
    assert "has no record at offset" in again.problems[0]


def test_of_two_journals_of_the_same_work_the_second_counts(cluster: Cluster) -> None:
    journals = cluster.journals()
    for values in journals.values():
        values[-1:] = [values[-1], values[-1]] if values[-1]["entries"][0][0] != "timer" else values[-1:]
        values[:1] = [values[0], values[0]]
    assert replayed(cluster, journals).records == replayed(cluster).records
    assert replayed(cluster, journals).outputs == replayed(cluster).outputs
