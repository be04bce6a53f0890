"""Who is who, over the broker: records, journeys and timers move to another partition, and later events follow."""

from __future__ import annotations

from typing import Any

import orjson
from confluent_kafka import Producer

from orchestrator.engine.customer import Customer, Pointer
from orchestrator.engine.message import Claim
from orchestrator.engine.message import encode as encode_message
from orchestrator.events.timestamps import read_moment
from orchestrator.kafka import names
from orchestrator.streams.headers import FORWARD, MESSAGE
from orchestrator.streams.homes import home
from tests.faults.harness import Stage, Topics, wait_for
from tests.faults.load import now_ms

PAIRS = 24


def test_a_visitor_becomes_a_customer(stage: Stage) -> None:
    worker = stage.start_worker()
    worker.wait_ready()
    visitors = {f"visitor-{n}": f"customer-{n}" for n in range(PAIRS)}
    apart = [visitor for visitor, user in visitors.items() if home(visitor, 4) != home(user, 4)]
    assert 0 < len(apart) < PAIRS

    def anonymous(visitor: str, name: str, **properties: Any) -> dict[str, Any]:
        return {**stage.event(None, name, **properties), "anonymousId": visitor}

    stage.produce(anonymous(visitor, "Cart Filled", cart=visitor) for visitor in visitors)
    stage.settle()
    stage.produce(
        (
            {**stage.event(user, "x"), "type": "identify", "anonymousId": visitor, "traits": {"name": user.upper()}}
            for visitor, user in visitors.items()
        ),
        "events.profile",
    )
    stage.settle()
    stage.produce(anonymous(visitor, "Asked", n=visitor) for visitor in visitors)
    wait_for("all nudges", lambda: len(stage.catch_up().actions("crm")) == PAIRS)
    seen = stage.settle()

    nudged = {action["content"]["fields"]["cart"]: action["customer_id"] for action in seen.actions("crm")}
    in_time = claimed_in_time(seen)
    assert in_time
    assert {visitor: nudged[visitor] for visitor in in_time} == {visitor: visitors[visitor] for visitor in in_time}
    offered = {(action["customer_id"], action["content"]["content"]) for action in seen.actions("web")}
    assert offered == {(user, f"{visitor} for {user.upper()}") for visitor, user in visitors.items()}
    for visitor, user in visitors.items():
        pointer, customer = seen.customer(f"a:{visitor}"), seen.customer(f"u:{user}")
        assert isinstance(pointer, Pointer)
        assert pointer.to == f"u:{user}"
        assert isinstance(customer, Customer)
        assert list(customer.aliases) == [visitor]
    assert stage.problems() == []

    forwarded = [record for record in seen.records[names.CUSTOMER_EVENTS] if FORWARD in dict(record.headers)]
    assert len(forwarded) == PAIRS
    assert all(record.partition == home(visitors[record.json["anonymousId"]], 4) for record in forwarded)
    assert worker.metrics()["orchestrator_forwards_total"] == 3 * PAIRS


def claimed_in_time(seen: Topics) -> set[str]:
    """The visitors whose record went to their user before the three seconds of their cart were over."""
    lines = [record.json for record in seen.records[names.JOURNEY_LOG]]
    claimed = {line["anonymous_id"]: read_moment(line["at"]) for line in lines if line.get("happened") == "claimed"}
    clicks = [record for record in seen.records["events.click"] if record.json["event"] == "Cart Filled"]
    filled = {record.json["anonymousId"]: record.timestamp for record in clicks}
    return {visitor for visitor, at in claimed.items() if at < filled[visitor] + 3_000}


def test_aborted_forwards_are_never_seen(stage: Stage) -> None:
    topic = stage.settings.topic(names.CUSTOMER_EVENTS)
    number = home("victim", 4)
    stolen = encode_message(Claim("a:victim", "u:thief", now_ms()))
    event = orjson.dumps({**stage.event(None, "Said", n=1), "anonymousId": "victim"})
    origin = {"topic": "events.click", "partition": 0, "offset": 10**9, "timestamp": now_ms(), "hops": 1}
    header = orjson.dumps({**origin, "to": "a:victim"})

    worker = stage.start_worker()
    worker.wait_ready()
    producer = Producer({"bootstrap.servers": stage.bootstrap, "transactional.id": f"{topic}-test", "log_level": 0})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, stolen, "victim", number, headers={MESSAGE: b"1"})
    producer.produce(topic, event, "victim", number, headers={FORWARD: header})
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    producer.produce(topic, event.replace(b'"n":1', b'"n":2'), "victim", number, headers={FORWARD: header})
    producer.commit_transaction()
    seen = stage.settle()

    assert [action["content"]["content"] for action in seen.actions("web")] == ["2"]
    [forwarded] = [record for record in seen.records[names.CUSTOMER_EVENTS] if FORWARD in dict(record.headers)]
    assert b'"n":2' in (forwarded.value or b"")
    assert isinstance(seen.customer("a:victim"), Customer)
    [strange] = stage.problems()
    assert strange.startswith("customer-events: not expected: "), "but for the forward that this test committed"
