"""Every definition that was ever applied: each change has its env, the same whenever it is asked for."""

from __future__ import annotations

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.applied import Applied, AppliedLimits, State, number_of
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.compile import compile_env, journey_version
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.testing.texts import pack_of

LIMITS = AppliedLimits(dedupe_count=64, dedupe_window_ms=1000, late_after_ms=1000)
ORIGIN = Origin("ada@desk", "c0ffee", dirty=True)
ACTIONS = """
channels: {note: {address: id, consent: none, content: {text: {}}}}
---
action: hello
channel: note
content: {text: hello}
---
"""


def talk(wait: str, on: str = "Product Viewed") -> Pack:
    return pack_of(f"{ACTIONS}journey: talk\nentry: {{on: {on}}}\nsteps: [{{wait: {wait}}}, {{act: hello}}]\n")


def put(catalogue: Catalogue, pack: Pack, states: dict[str, State] | None = None) -> Applied:
    applied = catalogue.following(pack, states or {}, LIMITS, "apply", 1_767_600_000_000, ORIGIN, "because")
    for key, value in records_of(applied, pack):
        catalogue.take(key, value)
    return applied


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(LIMITS)


def test_at_first_nothing_is_in_force(catalogue: Catalogue) -> None:
    assert catalogue.current is None
    assert catalogue.env("") is None


def test_what_is_applied_is_in_force(catalogue: Catalogue) -> None:
    applied = put(catalogue, talk("1 hour"))
    env = catalogue.env("")
    assert env is not None
    assert env.version == applied.version
    assert [journey.name for journey in env.entries["Product Viewed"]] == ["talk"]
    assert catalogue.pack(applied).to_json() == talk("1 hour").to_json()


def test_a_change_says_who_made_it_when_and_from_what(catalogue: Catalogue) -> None:
    applied = put(catalogue, talk("1 hour"))
    assert Applied.from_json(applied.to_json()) == applied
    assert (applied.number, applied.who, applied.commit, applied.dirty) == (1, "ada@desk", "c0ffee", True)
    assert (applied.when, applied.note) == ("2026-01-05T08:00:00.000Z", "because")


def test_the_same_content_differs_by_its_number_alone(catalogue: Catalogue) -> None:
    first, other, again = (put(catalogue, talk(wait)) for wait in ("1 hour", "2 hours", "1 hour"))
    assert first.version.partition("-")[2] == again.version.partition("-")[2] != other.version.partition("-")[2]
    assert [number_of(applied.version) for applied in catalogue.history] == [1, 2, 3]


def test_old_versions_are_there_for_those_who_stand_in_them(catalogue: Catalogue) -> None:
    put(catalogue, talk("1 hour"))
    put(catalogue, talk("2 hours"))
    env = catalogue.env("")
    assert env is not None
    assert {("talk", journey_version(talk(wait), "talk")) for wait in ("1 hour", "2 hours")} == env.pinned.keys()


def test_an_env_knows_nothing_of_what_came_later_whenever_it_is_asked_for(catalogue: Catalogue) -> None:
    early = Catalogue(LIMITS)
    first = put(early, talk("1 hour"))
    before = early.env(first.version)
    put(catalogue, talk("1 hour"))
    put(catalogue, pack_of(f"{ACTIONS}journey: talk\nentry: {{on: A}}\nexit: [{{on: B}}]\nsteps: [{{act: hello}}]\n"))
    after = catalogue.env(first.version)
    assert before is not None
    assert after is not None
    assert (after.pinned.keys(), after.heard) == (before.pinned.keys(), before.heard)


def test_a_journey_is_compiled_once(catalogue: Catalogue) -> None:
    first, second = put(catalogue, talk("1 hour")), put(catalogue, talk("1 hour"), {"talk": "paused"})
    one, other = catalogue.env(first.version), catalogue.env(second.version)
    assert one is not None
    assert other is not None
    assert one.current["talk"] is other.current["talk"]


def test_states_close_a_journey(catalogue: Catalogue) -> None:
    for state, paused, ended in (("paused", True, False), ("stopped", False, False), ("ended", False, True)):
        env = catalogue.env(put(catalogue, talk("1 hour"), {"talk": state}).version)  # type: ignore[dict-item]
        assert env is not None
        assert env.entries == {}
        assert ("talk" in env.closed, "talk" in env.paused, "talk" in env.ended) == (True, paused, ended)


def test_a_version_that_is_still_to_come_is_not_known(catalogue: Catalogue) -> None:
    put(catalogue, talk("1 hour"))
    assert catalogue.env("2-0123456789ab") is None


def test_a_version_that_got_lost_is_that_of_today(catalogue: Catalogue) -> None:
    put(catalogue, talk("1 hour"))
    current = put(catalogue, talk("2 hours"))
    env = catalogue.env("1-0123456789ab")
    assert env is not None
    assert env.version == current.version


def test_a_pack_from_before_there_were_changes_still_reads(catalogue: Catalogue) -> None:
    pack = talk("1 hour")
    env = compile_env(pack, **LIMITS.model_dump())
    catalogue.take(b"pack/" + env.version.encode(), pack.to_json())
    catalogue.take(b"clock", b'{"clock":"wall"}')
    found = catalogue.env(env.version)
    assert catalogue.current is None
    assert found is not None
    assert (found.version, found.entries.keys(), found.pinned.keys()) == (
        env.version,
        env.entries.keys(),
        env.pinned.keys(),
    )


def test_those_who_stand_in_such_a_pack_are_looked_after_later_too(catalogue: Catalogue) -> None:
    pack = talk("1 hour")
    catalogue.take(b"pack/" + compile_env(pack, **LIMITS.model_dump()).version.encode(), pack.to_json())
    put(catalogue, talk("2 hours"))
    env = catalogue.env("")
    assert env is not None
    assert ("talk", journey_version(pack, "talk")) in env.pinned


def test_a_change_may_end_those_whom_nothing_maps_and_is_another_then(catalogue: Catalogue) -> None:
    moving = pack_of(f"{ACTIONS}journey: talk\nentry: {{on: A}}\nmigrate: {{}}\nsteps: [{{act: hello}}]\n")
    staying, ending = (
        catalogue.following(moving, {}, LIMITS, "rollback", 0, ORIGIN, end_unmapped=end) for end in (False, True)
    )
    assert staying.version != ending.version
    adaptions = []
    for applied in (staying, ending):
        env = compile_env(moving, **LIMITS.model_dump(), applied=applied)
        assert env.ends_unmapped == applied.end_unmapped
        adaptions.append(env.adaption)
    assert adaptions[0] != adaptions[1]


def test_a_change_of_before_there_were_names_of_projects_still_reads(catalogue: Catalogue) -> None:
    applied = put(catalogue, talk("1 hour"))
    assert b"project" not in applied.to_json()
    assert Applied.from_json(applied.to_json()).project == ""


def test_all_steps_and_channels_that_ever_were_are_known(catalogue: Catalogue) -> None:
    put(catalogue, talk("1 hour"))
    put(catalogue, pack_of(f"{ACTIONS}journey: talk\nentry: {{on: A}}\nsteps: [{{id: say, act: hello}}]\n"))
    assert catalogue.steps("talk") == {"wait-1", "act-hello", "say"}
    assert catalogue.steps("other") == frozenset()
    assert "note" in catalogue.channels


def test_what_a_later_release_wrote_is_refused(catalogue: Catalogue) -> None:
    applied = put(catalogue, talk("1 hour"))
    with pytest.raises(DefinitionError, match="novelty"):
        catalogue.take(b"applied/2", applied.to_json()[:-1] + b',"novelty":1}')


@pytest.mark.parametrize("version", ["", "5b1c0d2e9f01", "changed"])
def test_versions_of_old_have_no_number(version: str) -> None:
    assert number_of(version) == 0


@pytest.mark.parametrize("version", ["no version", "1-XY", "\ufffd"])
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        number_of(version)
