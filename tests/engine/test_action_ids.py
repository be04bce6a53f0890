"""Action ids: made of what began the stay, so that replay and merge give them again, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.engine.customer import Instance
from orchestrator.engine.offering import action_id
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

TALK = """
journey: talk
entry: {on: Product Viewed}
steps:
  - act: hello
  - {act: bye, delay: 1 hour}
"""


def ids(driver: JourneyTestDriver) -> list[str]:
    return [action["action_id"] for action in driver.actions]


def viewed_and_waited(driver: JourneyTestDriver, user: str = "ada", message: str = "m1") -> list[str]:
    driver.track(user, "Product Viewed", messageId=message)
    driver.advance("1 hour")
    return ids(driver)


def test_an_id_has_32_hex_digits(given: Given) -> None:
    for one in viewed_and_waited(given(TALK)):
        assert len(bytes.fromhex(one)) == 16


def test_a_replay_gives_the_same_ids(given: Given) -> None:
    assert viewed_and_waited(given(TALK)) == viewed_and_waited(given(TALK))


def test_a_replay_at_another_time_gives_the_same_ids(given: Given) -> None:
    later = given(TALK)
    later.advance("3 days")
    assert viewed_and_waited(given(TALK)) == viewed_and_waited(later)


def test_a_merge_gives_the_same_ids(given: Given) -> None:
    apart, merged = given(TALK), given(TALK)
    for driver in (apart, merged):
        driver.track(None, "Product Viewed", anonymous="laptop", messageId="m1")
    merged.identify("ada", anonymous="laptop")
    for driver in (apart, merged):
        driver.advance("1 hour")
    assert ids(apart) == ids(merged)
    assert [action["customer_id"] for action in merged.actions] == ["laptop", "ada"]


def test_each_step_has_its_own(given: Given) -> None:
    assert len(set(viewed_and_waited(given(TALK)))) == 2


def test_each_entry_has_its_own(given: Given) -> None:
    driver = given(TALK)
    viewed_and_waited(driver, message="m1")
    assert len(set(viewed_and_waited(driver, message="m2"))) == 4


def test_each_customer_has_their_own(given: Given) -> None:
    driver = given(TALK)
    viewed_and_waited(driver, "ada")
    assert len(set(viewed_and_waited(driver, "bo"))) == 4


def test_each_version_has_its_own(given: Given) -> None:
    changed = TALK.replace("1 hour", "59 minutes")
    assert not set(viewed_and_waited(given(TALK))) & set(viewed_and_waited(given(changed)))


def test_each_journey_has_its_own(given: Given) -> None:
    renamed = TALK.replace("journey: talk", "journey: tell")
    assert not set(viewed_and_waited(given(TALK))) & set(viewed_and_waited(given(renamed)))


def test_a_user_and_a_visitor_of_one_id_have_their_own(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed", messageId="m1")
    driver.track(None, "Product Viewed", anonymous="ada", messageId="m1")
    assert len(set(ids(driver))) == 2


def test_what_it_is_made_of_cannot_be_shifted_from_one_part_to_another() -> None:
    def of(journey: str, version: str, entry: str, step: str) -> str:
        return action_id(Instance(journey, version, journey, "u:ada", 0, {"id": entry}), step)

    assert (
        len({of("ab", "c", "d", "e"), of("a", "bc", "d", "e"), of("a", "b", "cd", "e"), of("a", "b", "c", "de")}) == 4
    )


def test_another_attempt_has_its_own() -> None:
    stay = Instance("talk", "1", "talk", "u:ada", 0, {"id": "m1"})
    assert action_id(stay, "act-1", attempt=0) != action_id(stay, "act-1", attempt=1)
