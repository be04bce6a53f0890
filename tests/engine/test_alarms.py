"""What falls due for one customer: in order of due, whatever it is, each once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.engine.alarms import fire, next_due
from orchestrator.engine.customer import Customer, decode, encode
from orchestrator.engine.turn import Turn
from orchestrator.errors import Bug
from orchestrator.journeys.compile import compile_env
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of

Given = Callable[[str], JourneyTestDriver]

DAY = 86_400_000
NOW = 1_767_603_600_000
WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
"""
ABSENCES = "---\n".join(
    f"journey: {name}\npriority: {priority}\nentry: {{absence: {{of: Order Completed, for: 1 day}}}}\n"
    "steps: [{act: hello}]\n"
    for name, priority in (("a", 10), ("b", 90), ("c", 10))
)
ENV = compile_env(pack_of(WORLD + ABSENCES), dedupe_count=8, dedupe_window_ms=DAY, late_after_ms=DAY)


def turn(alarms: dict[str, int], now: int = NOW) -> Turn:
    served = {name: due - DAY for name, due in ((key[6:7], due) for key, due in alarms.items())}
    return Turn(ENV, Customer("u:ada", 0, 0, alarms=alarms, served=served), None, now)


def told(done: Turn) -> list[str]:
    return [line["journey"] for line in done.out.log if line["happened"] == "entered"]


def test_an_alarm_is_the_next_to_fall_due() -> None:
    assert next_due(turn({"entry:a/absence": NOW + 5, "entry:b/absence": NOW + 3})) == NOW + 3


def test_it_is_gone_when_it_has_fired() -> None:
    done = turn({"entry:a/absence": NOW, "entry:b/absence": NOW + 1})
    fire(done)
    assert done.customer.alarms == {"entry:b/absence": NOW + 1}
    assert told(done) == ["a"]


def test_the_earliest_first_and_of_one_moment_the_more_important_then_by_name() -> None:
    done = turn({"entry:c/absence": NOW, "entry:a/absence": NOW, "entry:b/absence": NOW})
    fire(done)
    assert told(done) == ["b", "a", "c"]
    done = turn({"entry:c/absence": NOW - 1, "entry:a/absence": NOW, "entry:b/absence": NOW})
    fire(done)
    assert told(done) == ["c", "b", "a"]


@pytest.mark.parametrize("name", ["entry:gone", "entry:gone/absence", "entry:a", "entry:a/slot", "entry:a/else"])
def test_an_alarm_of_what_is_no_more_does_nothing(name: str) -> None:
    done = turn({name: NOW})
    fire(done)
    assert done.customer.alarms == {}
    assert told(done) == []


def test_an_alarm_that_nobody_knows_is_a_bug() -> None:
    with pytest.raises(Bug, match="nobody knows what the alarm 'tea' is for"):
        fire(turn({"tea": NOW}))


def test_a_wait_and_an_offer_of_the_same_moment_come_before_an_alarm(given: Given) -> None:
    driver = given("""
        journey: held
        entry: {on: Order Completed}
        steps: [{act: hello, delay: 1 day}, {wait: 1 day}, {act: bye}]
        ---
        journey: missed
        entry: {absence: {of: Order Completed, for: 1 day}}
        steps: [{act: hello}]
    """)
    driver.track("ada", "Order Completed")
    said = [(action["journey"], action["action"]) for action in driver.advance("1 day")]
    assert said == [("held", "hello"), ("held", "bye"), ("missed", "hello")]


@for_all(
    dues=st.dictionaries(st.sampled_from("abc"), st.integers(NOW - 50, NOW + 50), min_size=1),
    steps=st.lists(st.integers(0, 40), max_size=8),
)
def test_each_alarm_fires_once_and_not_before_its_time(dues: dict[str, int], steps: list[int]) -> None:
    record = turn({f"entry:{name}/absence": due for name, due in dues.items()}).customer
    now, fired = NOW - 60, []
    for step in [*steps, 200]:
        now += step
        done = Turn(ENV, record, None, now)
        fire(done)
        fired += [(name, now) for name in told(done)]
        record = decode(encode(record))  # type: ignore[assignment]
    assert sorted(name for name, _ in fired) == sorted(dues)
    assert all(at >= dues[name] for name, at in fired)
