"""What holds under caps whatever happens in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.events.timestamps import read_moment
from orchestrator.testing import JourneyTestDriver
from tests.engine.conftest import WORLD
from tests.engine.saying import act, on

MOST, HOURS = 2, 12
PRIORITIES = {"minor": 10, "news": 50, "urgent": 90}
HOLD = ("0 minutes", "1 hour", "5 hours", "11 hours")


def world(when_full: str, quiet: str) -> str:
    journeys = "".join(
        on(f"{name} {number}", f"{{act: {name}, delay: {delay}}}", "exit: [{on: Stop}]")
        for name in PRIORITIES
        for number, delay in enumerate(HOLD)
    )
    actions = "".join(act(name, f"priority: {priority}") for name, priority in PRIORITIES.items())
    bill = on("Bill Came", "act: bill") + act("bill", "purpose: transactional")
    cap = f"{{most: {MOST}, per: {HOURS} hours, when_full: {when_full}}}"
    return f"{WORLD}\n---\n{journeys}{actions}{bill}contact: {{caps: {cap}{quiet}}}"


DRIVERS = [
    world(when_full, quiet)
    for when_full in ("refuse", "wait")
    for quiet in ("", ', quiet_hours: {from: "21:00", until: "08:00"}')
]


@dataclass
class Said:
    """What went out, and what of it is known to have failed."""

    at: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def most_at_once(self) -> int:
        """In any window."""
        times = sorted(at for id_, at in self.at.items() if id_ not in self.failed)
        return max((sum(end - HOURS * 3_600_000 < at <= end for at in times) for end in times), default=0)


def take(said: Said, actions: list[dict[str, Any]]) -> None:
    for action in actions:
        if action["kind"] == "action" and action["purpose"] == "marketing":
            said.at[action["action_id"]] = read_moment(action["decided_at"])


messages = st.tuples(st.sampled_from(sorted(PRIORITIES)), st.integers(0, len(HOLD) - 1))
acts = st.lists(
    st.tuples(
        st.sampled_from([20, 60, 240, 600]), st.one_of(messages, st.sampled_from(["fail", "open", "stop", "bill"]))
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@for_any(st.sampled_from(DRIVERS), acts)
def test_no_window_ever_holds_more_than_it_may_and_bills_always_go_out(text: str, happens: list[Any]) -> None:
    driver, said = JourneyTestDriver.of_text(text), Said()
    for minutes, what in happens:
        take(said, driver.advance(f"{minutes} minutes"))
        open_ = [id_ for id_ in said.at if id_ not in said.failed]
        if what in ("fail", "open") and open_:
            name = "Message Failed" if what == "fail" else "Message Opened"
            said.failed |= {open_[-1]} if what == "fail" else set()
            take(said, driver.track("ada", name, {"action_id": open_[-1]}))
        elif what == "stop":
            take(said, driver.track("ada", "Stop"))
        elif what == "bill":
            bills = driver.track("ada", "Bill Came")
            assert "bill" in [action["action"] for action in bills]
            take(said, bills)
        elif isinstance(what, tuple):
            take(said, driver.track("ada", f"{what[0]} {what[1]}"))
        assert said.most_at_once() <= MOST
    take(said, driver.advance("5 days"))
    assert said.most_at_once() <= MOST


@settings(max_examples=40, deadline=None)
@for_any(st.lists(st.sampled_from(["minor 3", "news 3"]), max_size=12), st.integers(0, len(HOLD) - 1))
def test_an_important_message_goes_out_as_if_what_waits_and_matters_less_were_not_there(
    waiting: list[str], delay: int
) -> None:
    driver = JourneyTestDriver.of_text(DRIVERS[0])
    for what in waiting:
        driver.track("ada", what)
    said = driver.track("ada", "urgent 0") + driver.track("ada", f"urgent {delay}") + driver.advance("11 hours")
    assert [action["action"] for action in said] == ["urgent", "urgent"]


@settings(max_examples=40, deadline=None)
@for_any(
    st.lists(st.tuples(st.sampled_from([1, 30, 200]), st.sampled_from(["minor 0", "minor 1", "news 0"])), max_size=15)
)
def test_an_important_message_that_waits_is_not_starved_by_what_goes_out_meanwhile(happens: list[Any]) -> None:
    driver = JourneyTestDriver.of_text(DRIVERS[0])
    driver.track("ada", "urgent 3")
    for minutes, what in happens:
        driver.advance(f"{minutes} minutes")
        driver.track("ada", what)
    driver.advance("12 hours")
    assert [action["action"] for action in driver.actions].count("urgent") == 1
