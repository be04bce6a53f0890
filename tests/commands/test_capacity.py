"""``orchestrator capacity``: what channels and queues have given, read from the changelog of running workers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import uuid4

from orchestrator.console.capacity import Usage, pools_in, table, usage
from orchestrator.testing import JourneyTestDriver
from tests.commands.conftest import Run, begin, make_project

CHANNELS = """
channels:
  call:
    address: id
    consent: none
    content: {queue: {type: line}}
    open: {mon-sun: "09:00-17:00"}
    queues:
      sales: {capacity: {most: 3, per: day, reserve: 1}}
      service: {capacity: {most: 5000, per: hour}}
"""
ACTION = "action: call-back\nchannel: call\nexpires: 3 days\ncontent: {queue: sales}\n"
JOURNEY = "journey: ask\nentry: {on: Call Wanted}\nsteps: [{act: call-back}]\n"


def played(start: str = "2026-01-05T12:00:00Z") -> JourneyTestDriver:
    driver = JourneyTestDriver.of_text("---\n".join((CHANNELS, ACTION, JOURNEY)), start, partitions=3)
    for number in range(6):
        driver.track(f"c{number}", "Call Wanted")
    return driver


def used(driver: JourneyTestDriver) -> list[Usage]:
    records = [record for part in driver._run._parts for record in part.records.items()]
    return usage(driver.env.capacities, pools_in(records), driver.now)


def test_a_table_shows_what_is_given_and_who_waits() -> None:
    assert list(table(used(played()))) == [
        "              places         given   left  waiting  open",
        "call          no limit                              now",
        "call/sales    3 a day            1      2        5  now",
        "call/service  5,000 an hour      0  5,000        0  now",
    ]


def test_what_was_given_counts_for_its_own_day() -> None:
    driver = played()
    driver.advance("6 hours")
    given = {each.name: (each.given, each.waiting) for each in used(driver)}
    assert given["call/sales"] == (0, 3)
    assert list(table(used(driver)))[2] == (
        "call/sales    3 a day            0      3        3  from 2026-01-06 09:00 UTC on"
    )


def test_the_command_reads_what_a_worker_has_given(tmp_path: Path, bootstrap: str, run: Run) -> None:
    project = make_project(tmp_path / "mine", bootstrap, "event")
    for folder in ("journeys", "actions", "tests"):
        shutil.rmtree(project / folder, ignore_errors=True)
        (project / folder).mkdir()
    for path in project.glob("*.yaml"):
        path.unlink()
    (project / "channels.yaml").write_text(CHANNELS)
    (project / "actions/call-back.yaml").write_text(ACTION)
    (project / "journeys/ask.yaml").write_text(JOURNEY)
    assert run(project, "topics", "apply").returncode == 0
    worker = begin(tmp_path / "output", project, "worker")
    try:
        worker.await_output("ready: partitions")
        event = {"type": "track", "event": "Call Wanted", "timestamp": "2026-04-01T12:00:00Z"}
        asked = "\n".join(json.dumps({**event, "userId": f"c{n}", "messageId": uuid4().hex}) for n in range(6))
        replayed = run(project, "replay", "-", "--until", "4 hours", stdin=asked.encode())
        assert replayed.returncode == 0, replayed.stderr
        shown = run(project, "capacity", "--json")
    finally:
        assert worker.stop() == 0
    assert shown.returncode == 0, shown.stderr
    found = {each["name"]: each for each in map(json.loads, shown.stdout.splitlines())}
    assert (found["call/sales"]["given"], found["call/sales"]["waiting"], found["call/sales"]["open"]) == (2, 4, True)
