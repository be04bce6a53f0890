"""What was sent is known after a restart, for as long as it was to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.channels.ending import Ending, Fate
from orchestrator.channels.memory import Memory, Remembered
from orchestrator.errors import InfrastructureError
from tests.channels.saying import NOW, action, action_id

SENT = Ending(Fate.SENT, NOW)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    opened = Memory(tmp_path / "sent")
    yield opened
    opened.close()


def test_it_outlives_the_process(tmp_path: Path) -> None:
    before = Memory(tmp_path / "sent")
    before.ended(action("a"), SENT)
    before.close()
    after = Memory(tmp_path / "sent")
    assert after.get(action_id("a")) == Remembered(SENT, reported=False, anonymous=False)
    assert after.get(action_id("b")) is None
    after.close()


def test_it_knows_what_is_reported_and_of_whom(memory: Memory) -> None:
    memory.ended(action("a", anonymous=True), SENT)
    memory.ended(action("a", anonymous=True), SENT, reported=True)
    assert memory.get(action_id("a")) == Remembered(SENT, reported=True, anonymous=True)


def test_the_oldest_are_forgotten_first_and_so_many_at_once(memory: Memory) -> None:
    for number in range(10):
        memory.ended(action(f"{number}"), Ending(Fate.SENT, NOW + 9 - number))
    assert memory.forget(NOW + 5, 4) == 4
    assert memory.forget(NOW + 5, 4) == 2
    assert memory.forget(NOW + 5, 4) == 0
    assert [number for number in range(10) if memory.get(action_id(f"{number}"))] == [0, 1, 2, 3]


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfrastructureError, match="cannot be written down in"):
        Memory(tmp_path / "file" / "sent")


@given(
    st.builds(
        Ending,
        st.sampled_from(Fate),
        st.integers(0, 2**53),
        st.text(),
        st.sampled_from([None, "hard", "soft"]),
        st.booleans(),
    )
)
def test_an_ending_is_the_same_when_it_is_read_again(ending: Ending) -> None:
    assert Ending.decode(ending.encode()) == ending
