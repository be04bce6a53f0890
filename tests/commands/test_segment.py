"""``orchestrator segment``: asked of the records, applied or not, while a worker runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.console.census import Census, sample, write_csv, write_jsonl
from orchestrator.testing import JourneyTestDriver
from tests.commands.conftest import Run

JOURNEY = "journey: none\nentry: {on: Never Seen}\nsteps: [{end: true}]\n"
HISTORY = "history: {keep: 20, for: 30 days}\n"
AUDIENCE = """
computed:
  orders: {count: Order Completed, window: 2 days, bucket: 1 hour}
  last_sku: {last: Order Completed, of: event.properties.sku}
---
segments:
  buyers: {if: customer.computed.orders > 0}
  named-buyers: {if: "'buyers' in customer.segments && has(customer.traits.name)"}
"""


def played(definitions: str) -> JourneyTestDriver:
    driver = JourneyTestDriver.of_text(f"{JOURNEY}---\n{definitions}")
    driver.identify("ada", {"name": "=Ada", "age": 36})
    driver.track("ada", "Order Completed", {"sku": "s-1"})
    driver.track(None, "Order Completed", {"sku": "s-2"}, anonymous="laptop")
    driver.track("bo", "Page Liked")
    return driver


def census(driver: JourneyTestDriver, name: str, definitions: str = HISTORY + AUDIENCE) -> Census:
    env = JourneyTestDriver.of_text(f"{JOURNEY}---\n{definitions}").env
    taken = Census(env, name, driver.now)
    for part in driver._run._parts:
        for key, value in part.records.items():
            taken.take(key, value)
    return taken


@pytest.mark.parametrize("running", [HISTORY + AUDIENCE, HISTORY], ids=["applied", "before it is applied"])
def test_who_belongs_to_it_is_counted(running: str) -> None:
    counted = census(played(running), "buyers").count()
    assert (counted.members, counted.anonymous, counted.customers) == (2, 1, 3)


@pytest.mark.parametrize("running", [HISTORY + AUDIENCE, HISTORY], ids=["applied", "before it is applied"])
def test_a_segment_may_name_another(running: str) -> None:
    assert census(played(running), "named-buyers").count().members == 1


def test_windows_are_looked_at_as_of_now() -> None:
    driver = played(HISTORY + AUDIENCE)
    later = census(driver, "buyers")
    later.now += 3 * 86_400_000
    assert later.count().members == 0


def test_an_id_that_belongs_to_a_user_is_not_counted_apart() -> None:
    driver = played(HISTORY)
    driver.track("ada", "Page Liked", anonymous="laptop")
    assert census(driver, "buyers").count().customers == 2


def test_who_was_deleted_is_not_there() -> None:
    taken = census(played(HISTORY), "buyers")
    taken.take(b"u:ada", None)
    assert taken.count().members == 1


def test_without_a_history_a_new_trait_begins_at_nothing() -> None:
    assert census(played(JOURNEY.replace("none", "other")), "buyers", AUDIENCE).count().members == 0


def test_customers_are_written_as_lines_of_json() -> None:
    file = io.StringIO()
    assert write_jsonl(census(played(HISTORY + AUDIENCE), "buyers").members(), file) == 2
    visitor, ada = map(json.loads, file.getvalue().splitlines())
    assert visitor["known"] is False
    assert ada == {
        "id": "ada",
        "known": True,
        "traits": {"name": "=Ada", "age": 36},
        "computed": {"last_sku": "s-1", "orders": 1},
        "segments": ["buyers", "named-buyers"],
    }


def test_no_cell_is_taken_for_a_formula() -> None:
    file = io.StringIO()
    assert write_csv(census(played(HISTORY + AUDIENCE), "buyers").members(), file) == 2
    assert file.getvalue().splitlines() == [
        "id,known,computed.last_sku,computed.orders,traits.age,traits.name",
        "laptop,false,s-2,1,,",
        "ada,true,s-1,1,36,'=Ada",
    ]


def test_a_sample_is_the_same_each_time() -> None:
    driver = played(HISTORY + AUDIENCE)
    picked = [[turn.customer.id for turn in sample(census(driver, "buyers").members(), 1)] for _ in range(3)]
    assert picked[0] == picked[1] == picked[2]
    assert len(picked[0]) == 1


def test_the_command_counts_shows_and_exports_while_a_worker_runs(
    event_project: Path, run: Run, tmp_path: Path
) -> None:
    mark = uuid4().hex[:6]
    lines = [
        {
            "type": "identify",
            "userId": f"{name}-{mark}",
            "messageId": uuid4().hex,
            "traits": {"last_name": mark, "first_name": name},
        }
        for name in ("ada", "bo", "cy")
    ]
    lines[2]["traits"] = {"last_name": "other"}
    recording = "\n".join(json.dumps({**line, "timestamp": "2026-04-01T10:00:00Z"}) for line in lines)
    assert run(event_project, "replay", "-", "--until", "1 day", stdin=recording.encode()).returncode == 0
    (event_project / "segments.yaml").write_text(f"segments: {{mine: {{if: customer.traits.last_name == '{mark}'}}}}\n")

    counted = run(event_project, "segment", "count", "mine", "--json")
    assert counted.returncode == 0, counted.stderr
    assert json.loads(counted.stdout)["members"] == 2
    shown = run(event_project, "segment", "sample", "mine", "--count", "1")
    assert json.loads(shown.stdout)["traits"]["last_name"] == mark
    table = tmp_path / "mine.csv"
    assert run(event_project, "segment", "export", "mine", "--to", str(table)).returncode == 0
    with table.open(encoding="utf-8") as file:
        rows = [(row["id"], row["known"], row["traits.first_name"]) for row in csv.DictReader(file)]
    assert rows == [(f"{name}-{mark}", "true", name) for name in ("ada", "bo")]
    unknown = run(event_project, "segment", "count", "yours")
    assert unknown.returncode == 2
    assert b"no segment 'yours': its segments.yaml has mine" in unknown.stderr
