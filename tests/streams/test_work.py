"""One partition number's work: what goes in, what comes out, and what is refused."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest

from orchestrator.engine import Step
from orchestrator.engine.customer import Customer, Pointer, decode, encode
from orchestrator.events.intake import Intake, Limits
from orchestrator.kafka import names
from orchestrator.streams.headers import FORWARD, MESSAGE, TIME
from orchestrator.streams.homes import home
from orchestrator.streams.work import HOPS_ALLOWED, RECORD_BYTES_ALLOWED, Headers, Output, Work
from orchestrator.testing.driver import TestRecord
from tests.streams.world import DAY, ENV, MINUTE, START

CLICK, CALL, PROFILE = "events.click", "events.call", "events.profile"
PARTITIONS: Final = 4
INTAKE: Final = Intake(Limits(1_000_000, 365 * DAY, DAY, event_clock=False, strict={}))


def work_of(customer: str = "ada", records: dict[bytes, bytes] | None = None) -> Work:
    """The work of a customer's home."""
    return Work(home(customer, PARTITIONS), PARTITIONS, ENV, INTAKE, (records or {}).get)


def record(value: Any, offset: int = 0, key: str = "ada", headers: Headers | None = None) -> TestRecord:
    body = value if isinstance(value, bytes | None) else orjson.dumps(value)
    return TestRecord(home(key, PARTITIONS), offset, START, key.encode(), body, headers or [])


def track(event: str, user: str | None = "ada", anonymous: str | None = None, **fields: Any) -> dict[str, Any]:
    ids = {name: value for name, value in (("userId", user), ("anonymousId", anonymous)) if value is not None}
    return {"type": "track", "event": event, "properties": {}, "messageId": event, **ids, **fields}


def on(work: Work, topic: str) -> list[Output]:
    return [output for output in work.outputs if output.topic == topic]


def applied(work: Work, *records: TestRecord, topic: str = CLICK, now: int = START) -> Work:
    for one in records:
        work.apply(topic, one, now)
    return work


# What goes out.


def test_an_action_goes_to_its_channels_topic_keyed_by_the_customer() -> None:
    (output,) = on(
        applied(work_of(), record(track("Call Started", properties={"minutes": 3})), topic=CALL), "actions.note"
    )
    assert (output.key, output.partition) == (b"ada", home("ada", PARTITIONS))
    assert orjson.loads(output.value or b"")["action"] == "answer"


def test_an_action_is_a_cloud_event() -> None:
    call = track("Call Started", properties={"minutes": 3})
    traced = record(call, headers=[("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    (output,) = on(applied(work_of(), traced, topic=CALL), "actions.note")
    headers = dict(output.headers)
    assert headers["ce_id"].decode() == orjson.loads(output.value or b"")["action_id"]
    assert headers["ce_source"] == b"/journeys/call"
    assert headers["ce_type"] == b"orchestrator.action"
    assert headers["ce_subject"] == b"ada"
    assert headers["ce_time"] == orjson.loads(output.value or b"")["decided_at"].encode()
    assert headers["content-type"] == b"application/json"


def test_a_cancel_has_an_id_of_its_own_and_names_the_action_that_it_cancels() -> None:
    work = applied(work_of(), record(track("Product Added", properties={"cart": "c1"})))
    work.schedule([(START + 2 * 60 * MINUTE, b"u:ada")])
    work.fire("u:ada", START + 41 * MINUTE)
    applied(work, record(track("Message Unsubscribed"), 1), topic="events.engagement", now=START + 42 * MINUTE)
    action, *_, cancel = on(work, "actions.note")
    action_id = orjson.loads(action.value or b"")["action_id"]
    assert orjson.loads(cancel.value or b"")["action_id"] == action_id
    assert dict(cancel.headers)["ce_id"].decode() == f"{action_id}/cancel"


def test_decisions_and_the_story_are_keyed_by_the_customer_and_stay_on_this_partition() -> None:
    work = applied(work_of(), record(track("Call Started", properties={"minutes": 3})), topic=CALL)
    for topic in (names.DECISIONS, names.JOURNEY_LOG):
        assert {(output.key, output.partition) for output in on(work, topic)} == {(b"ada", work.partition)}


def test_what_was_read_is_known_by_its_next_offset() -> None:
    work = applied(work_of(), record(track("Page Viewed"), 7), record(track("Page Viewed"), 9))
    applied(work, record(track("Call Ended"), 3), topic=CALL)
    assert work.offsets == {CLICK: 10, CALL: 4}


def test_the_journal_joins_records_that_follow_each_other_at_one_time() -> None:
    work = work_of()
    for offset, now in [(0, START), (1, START), (2, START + 1), (4, START + 1)]:
        applied(work, record(track("Page Viewed", messageId=f"m{offset}"), offset), now=now)
    work.fire("u:ada", START + 6 * MINUTE)
    applied(work, record(track("Page Viewed", messageId="m5"), 5), now=START + 6 * MINUTE)
    assert work.journal == [
        [CLICK, 0, 2, START],
        [CLICK, 2, 1, START + 1],
        [CLICK, 4, 1, START + 1],
        ["timer", "u:ada", START + 6 * MINUTE],
        [CLICK, 5, 1, START + 6 * MINUTE],
    ]


def test_one_record_is_written_for_each_customer_however_many_events_there_were() -> None:
    work = applied(work_of(), *(record(track("Page Viewed", messageId=f"m{number}"), number) for number in range(9)))
    (value,) = work.writes().values()
    assert value is not None
    customer = decode(value)
    assert isinstance(customer, Customer)
    assert len(customer.seen) == 9 * 12


def test_the_timer_rows_that_changed_are_told_with_what_they_were() -> None:
    first = applied(work_of(), record(track("Page Viewed")))
    assert first.timers() == [(b"u:ada", None, START + 5 * MINUTE)]
    records = {key: value for key, value in first.writes().items() if value is not None}
    second = applied(work_of(records=records), record(track("Message Unsubscribed"), 1), topic="events.engagement")
    assert second.timers() == [(b"u:ada", START + 5 * MINUTE, None)]


def test_an_empty_work_is_false() -> None:
    work = work_of()
    assert not work
    assert applied(work, record(track("Page Viewed")))


def test_a_timer_of_nobody_does_nothing() -> None:
    work = work_of()
    work.fire("u:nobody", START)
    assert not work


def test_a_timer_that_was_overtaken_by_an_event_is_skipped() -> None:
    work = applied(work_of(), record(track("Page Viewed")))
    work.schedule([(START + 1, b"u:ada"), (START + 2, b"u:nobody")])
    assert work.next_due(START + MINUTE) is None
    assert work.next_due(START + 5 * MINUTE) == (START + 5 * MINUTE, "u:ada")


def test_a_due_moment_that_was_left_and_came_back_is_due() -> None:
    left = Customer("u:ada", 0, 0, next_due=START)
    work = work_of(records={b"u:ada": encode(left)})
    loaded = work._load("u:ada")
    assert isinstance(loaded, Customer)
    work.schedule([(START, b"u:ada")])
    for due in (START + DAY, START):
        loaded.next_due = due
        work._take("u:ada", Step(loaded), START, None)
        found = work.next_due(START)
    assert found == (START, "u:ada")


# On the way home.


def forwarded(event: dict[str, Any], astray: int, headers: Headers | None = None) -> Output:
    """What becomes of an event on a partition that is not its home."""
    work = Work(astray, PARTITIONS, ENV, INTAKE, lambda key: None)
    applied(work, record(event, 5, headers=headers))
    (output,) = work.outputs
    return output


def arrived(output: Output, offset: int = 0) -> TestRecord:
    return TestRecord(output.partition, offset, START + 50, output.key, output.value, output.headers)


ASTRAY: Final = (home("ada", PARTITIONS) + 1) % PARTITIONS


def test_an_event_that_is_not_at_home_is_sent_there_as_it_is() -> None:
    event = track("Page Viewed")
    output = forwarded(event, ASTRAY, [("traceparent", b"x")])
    assert (output.topic, output.partition, output.key) == (names.CUSTOMER_EVENTS, home("ada", PARTITIONS), b"ada")
    assert orjson.loads(output.value or b"") == event
    assert ("traceparent", b"x") in output.headers
    assert orjson.loads(dict(output.headers)[FORWARD]) == {
        "topic": CLICK,
        "partition": ASTRAY,
        "offset": 5,
        "timestamp": START,
        "hops": 1,
        "to": "u:ada",
    }


def test_at_home_it_is_decided_as_if_it_had_come_there_at_once() -> None:
    event = track("Page Viewed")
    direct = applied(work_of(), record(event, 5))
    by_the_way = applied(work_of(), arrived(forwarded(event, ASTRAY)), topic=names.CUSTOMER_EVENTS)
    assert by_the_way.writes() == direct.writes()
    assert by_the_way.outputs == direct.outputs


def test_an_event_without_message_id_is_known_by_where_it_first_was() -> None:
    event = track("Page Viewed")
    del event["messageId"]
    work = work_of()
    for offset in (0, 1):
        applied(work, arrived(forwarded(event, ASTRAY), offset), topic=names.CUSTOMER_EVENTS)
    assert work.counts.duplicates == 1


def test_an_event_is_counted_once_however_far_it_has_to_go() -> None:
    pointer = {b"a:laptop": encode(Pointer("a:laptop", "u:ada", START))}
    event = track("Page Viewed", user=None, anonymous="laptop")
    works = [Work((home("laptop", PARTITIONS) + 1) % PARTITIONS, PARTITIONS, ENV, INTAKE, lambda key: None)]
    applied(works[0], record(event))
    works.append(applied(work_of("laptop", pointer), arrived(works[0].outputs[0]), topic=names.CUSTOMER_EVENTS))
    works.append(applied(work_of("ada"), arrived(works[1].outputs[0]), topic=names.CUSTOMER_EVENTS))
    assert [work.counts.events for work in works] == [{}, {}, {"Page Viewed": 1}]


def test_an_event_that_is_sent_about_too_often_is_put_aside() -> None:
    origin = {"topic": CLICK, "partition": 0, "offset": 0, "timestamp": START, "hops": HOPS_ALLOWED + 1, "to": "u:ada"}
    lost = record(track("Page Viewed"), headers=[(FORWARD, orjson.dumps(origin))])
    assert refused(applied(work_of(), lost, topic=names.CUSTOMER_EVENTS)) == "too_many_hops"


@pytest.mark.parametrize("header", [(MESSAGE, b"1"), (TIME, b"{}"), (FORWARD, b'{"hops": 0}')])
def test_a_producer_cannot_pass_its_event_off_as_one_of_our_own_messages(header: tuple[str, bytes]) -> None:
    event = track("Page Viewed") | {"kind": "release", "to": "u:ada", "anonymous": "x", "at": 1}
    output = forwarded(event, ASTRAY, [header])
    work = applied(work_of(), arrived(output), topic=names.CUSTOMER_EVENTS)
    assert work.counts.events == {"Page Viewed": 1}
    assert on(work, names.DEAD_LETTER) == []


# What is refused.


def refused(work: Work) -> str:
    (letter,) = on(work, names.DEAD_LETTER)
    return dict(letter.headers)["dead-letter-code"].decode()


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"5", b"\xff", None, b'{"type": "track"}'])
def test_a_record_that_is_no_event_is_put_aside_and_life_goes_on(value: bytes | None) -> None:
    work = applied(work_of(), record(value, 4), record(track("Page Viewed"), 5))
    (letter,) = on(work, names.DEAD_LETTER)
    assert (letter.key, letter.value, letter.partition) == (b"ada", value, work.partition)
    assert work.offsets == {CLICK: 6}
    assert work.counts.events == {"Page Viewed": 1}


def test_a_dead_letter_says_where_it_was_when_and_why() -> None:
    (letter,) = on(applied(work_of(), record(b"{", 4, headers=[("own", b"kept")]), now=START + 5), names.DEAD_LETTER)
    headers = dict(letter.headers)
    assert headers["own"] == b"kept"
    assert headers["dead-letter-code"] == b"not_json"
    assert b"no JSON" in headers["dead-letter-reason"]
    assert headers["dead-letter-topic"] == CLICK.encode()
    assert headers["dead-letter-partition"] == str(home("ada", PARTITIONS)).encode()
    assert headers["dead-letter-offset"] == b"4"
    assert headers["dead-letter-timestamp"] == str(START).encode()


@pytest.mark.parametrize(
    ("headers", "value", "code"),
    [
        ([], track("Page Viewed"), "not_forwarded"),
        ([(FORWARD, b"{")], track("Page Viewed"), "not_forwarded"),
        ([(FORWARD, b"{}")], track("Page Viewed"), "not_forwarded"),
        ([(FORWARD, b"[]")], track("Page Viewed"), "not_forwarded"),
        ([(MESSAGE, b"1")], None, "bad_message"),
        ([(MESSAGE, b"1")], {"kind": "conquer"}, "bad_message"),
        ([(MESSAGE, b"1")], {"kind": "claim"}, "bad_message"),
        ([(MESSAGE, b"1")], [], "bad_message"),
    ],
)
def test_what_a_stranger_writes_between_the_homes_is_put_aside(headers: Headers, value: Any, code: str) -> None:
    work = applied(work_of(), record(value, headers=headers), topic=names.CUSTOMER_EVENTS)
    assert refused(work) == code


def test_a_mark_of_time_is_read_and_nothing_else() -> None:
    mark = b'{"until": 1, "ends": {"events.click": 2}}'
    work = applied(work_of(), record(None, headers=[(TIME, mark)]), topic=names.CUSTOMER_EVENTS)
    assert (work.outputs, work.writes(), work.offsets) == ([], {}, {names.CUSTOMER_EVENTS: 1})


def test_what_is_no_mark_of_time_is_a_dead_letter() -> None:
    for header in (b"{}", b"[]", b"\xff", b'{"until": "soon", "ends": {}}', b'{"until": 1, "ends": 2}'):
        work = applied(work_of(), record(None, headers=[(TIME, header)]), topic=names.CUSTOMER_EVENTS)
        assert [output.topic for output in work.outputs] == [names.DEAD_LETTER]


def traits_of(size: int, number: int = 0) -> dict[str, Any]:
    return {"type": "identify", "userId": "ada", "messageId": f"m{number}", "traits": {f"t{number}": "x" * size}}


def test_a_record_that_would_outgrow_what_kafka_takes_is_left_as_it_is() -> None:
    work = work_of()
    for number in range(10):
        applied(work, record(traits_of(100_000, number), number), topic=PROFILE)
    (value,) = work.writes().values()
    assert value is not None
    assert RECORD_BYTES_ALLOWED - 100_000 < len(value) < RECORD_BYTES_ALLOWED
    assert work.counts.dead_letters["record_full"] > 0


def test_a_customer_of_many_events_is_not_mistaken_for_one_of_a_large_record() -> None:
    work = work_of()
    for number in range(4_000):
        applied(work, record(track("Page Viewed", messageId=f"m{number}", context={"x": "y" * 300}), number))
    assert work.counts.dead_letters == {}


def test_whether_a_record_is_full_does_not_depend_on_where_checkpoints_fall() -> None:
    whole, records, codes = work_of(), dict[bytes, bytes](), 0
    for number in range(30):
        one = record(traits_of(30_000, number % 20), number)
        applied(whole, one, topic=PROFILE)
        work = applied(work_of(records=records), one, topic=PROFILE)
        codes += sum(work.counts.dead_letters.values())
        records |= {key: value for key, value in work.writes().items() if value is not None}
    assert codes == sum(whole.counts.dead_letters.values()) > 0
    assert whole.writes() == records


def test_bad_news_of_one_customer_is_no_news_of_another() -> None:
    work = applied(work_of(), *(record(traits_of(100_000, number), number) for number in range(10)), topic=PROFILE)
    other = next(name for name in map(str, range(100)) if home(name, PARTITIONS) == work.partition)
    applied(work, record(track("Page Viewed", user=other), 11, key=other))
    assert work.counts.events["Page Viewed"] == 1
