"""What leaves is by the contracts: the shop's journeys over part of its clickstream, every record of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson

from orchestrator.contracts.actions import ActionHeaders
from orchestrator.contracts.dead_letters import DeadLetterHeaders
from orchestrator.contracts.schemas import contracts
from orchestrator.journeys.load import load
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.shop.clickstream import events
from orchestrator.streams.work import Output
from orchestrator.testing import JourneyTestDriver

SHOP = Path(__file__).resolve().parents[2] / "examples/shop"
LINES = 12_000


class Recorder(JourneyTestDriver):
    """Keeps all records as they would be produced."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.outputs: list[Output] = []

    def _collect(self, output: Output) -> None:
        if output.topic != names.CUSTOMER_EVENTS:
            self.outputs.append(output)
        super()._collect(output)


def test_all_that_the_shop_says_is_by_the_contracts() -> None:
    pack = load(SHOP)
    lines = list(events())[:LINES]
    recorder = Recorder.of_pack(pack, format_moment(lines[0].timestamp_ms))
    for line in lines:
        recorder.advance_to(line.timestamp_ms)
        recorder.produce(line.topic, line.key, line.value, [])
    by_topic = contracts(pack.channels) | {
        names.DECISIONS: contracts({})["decision"],
        names.JOURNEY_LOG: contracts({})["journey-log"],
    }

    seen: Counter[str] = Counter()
    for output in recorder.outputs:
        headers = {name: value.decode() for name, value in output.headers}
        if output.topic == names.DEAD_LETTER:
            DeadLetterHeaders.model_validate(headers)
            seen["dead letter"] += 1
            continue
        value = orjson.loads(output.value or b"")
        by_topic[output.topic].validate_python(value)
        seen[value["kind"]] += 1
        if value["kind"] in ("action", "cancel"):
            ActionHeaders.model_validate(headers)
    told = {
        "action",
        "cancel",
        "decision",
        "step",
        "identity",
        "late",
        "purchase",
        "survey",
        "arbitration",
        "dead letter",
    }
    assert seen.keys() == told


def test_all_that_the_kinds_of_steps_say_is_by_the_contracts() -> None:
    recorder = Recorder.of_text("""
        action: hello
        channel: crm
        purpose: service
        content: {object: task, fields: {title: hello}}
        ---
        journey: whole
        entry: {on: Product Added}
        holdout: 10
        goal: [{on: Order Completed, value: 5}]
        steps:
          - split: {experiment: tone, arms: [{arm: a, weight: 50}, {arm: b, weight: 50, control: true}]}
          - update: {traits: {stage: "'cart'"}}
          - {act: hello, id: again}
          - join: other
          - wait: {until: "17:00"}
          - wait: {date: customer.traits.day}
        ---
        journey: other
        entry: {on: Lead Won, if: "false"}
        steps: [{wait: 1 day}]
    """)
    for number in range(12):
        recorder.track(f"u{number}", "Product Added")
        if number % 2:
            recorder.track(f"u{number}", "Order Completed")
    recorder.advance("3 days")
    contract = contracts({})["journey-log"]
    for line in recorder.trace:
        contract.validate_python(line)
    assert {line["kind"] for line in recorder.trace} == {"step", "exposure", "holdout", "goal"}
    happened = {line["happened"] for line in recorder.trace if line["kind"] == "step"}
    assert {"updated", "joined", "refused", "waiting", "exited"} <= happened
