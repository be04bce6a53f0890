"""policy.yaml: what holds for all customers, and each thing that can be wrong in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.channel_policy import ChannelPolicy, Kind
from orchestrator.engine.policy import Policy
from orchestrator.errors import DefinitionError
from orchestrator.journeys.compile import compile_env
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.policy import PolicyDefinition

JOURNEY = "journey: a\nentry: {on: X}\nsteps:\n  - wait: 1 hour\n"


def project(folder: Path, policy: str | None) -> Path:
    (folder / "journeys").mkdir()
    (folder / "journeys/a.yaml").write_text(JOURNEY, "utf-8")
    if policy is not None:
        (folder / "policy.yaml").write_text(policy, "utf-8")
    return folder


def compiled(pack: Pack) -> tuple[str, Policy]:
    env = compile_env(pack, dedupe_count=64, dedupe_window_ms=1, late_after_ms=1)
    return env.version, env.policy


def test_without_a_file_it_is_utc_and_english(tmp_path: Path) -> None:
    assert compiled(load(project(tmp_path, None)))[1] == Policy("UTC", "en", 0)


def test_what_a_file_says(tmp_path: Path) -> None:
    pack = load(project(tmp_path, "timezone: Europe/Vienna\nlocale: de_at\nholdout: {percent: 2.5}\n"))

    assert compiled(pack)[1] == Policy("Europe/Vienna", "de-AT", 2.5)
    assert Pack.from_json(pack.to_json()) == pack


def test_a_policy_is_part_of_the_env_and_of_no_journey(tmp_path: Path) -> None:
    plain = load(project(tmp_path, None))
    other = replace(plain, policy=PolicyDefinition(locale="de"))

    assert plain.part("a").to_json() == other.part("a").to_json()
    assert compiled(plain)[0] != compiled(other)[0]
    assert b"policy" not in plain.to_json()


def test_what_a_file_says_of_channels(tmp_path: Path) -> None:
    text = """
channel:
  kinds: {fraud-notice: {channel: sms, urgent: true}}
  costs: {sms: 0.07}
  send_time: {email: best, push: {within: 12 hours}, sms: now}
  on_site_for: 5 minutes
"""
    pack = load(project(tmp_path, text))

    assert compiled(pack)[1].channel == ChannelPolicy(
        kinds={"fraud-notice": Kind("sms", urgent=True)},
        costs={"sms": 0.07},
        send_within_ms={"email": 86_400_000, "push": 43_200_000, "sms": 0},
        on_site_for_ms=300_000,
        holds_on_the_line=True,
    )
    assert Pack.from_json(pack.to_json()) == pack


WRONG = {
    "timezone: Europe/Berln": "policy.yaml:1: 'Europe/Berln' is no time zone: did you mean 'Europe/Berlin'?",
    "timezone: ''": "policy.yaml:1: 'timezone' must not be empty",
    "locale: dee-AT": "policy.yaml:1: 'dee-AT' is no locale: did you mean 'de-AT'?",
    "locale: 5": "policy.yaml:1: 'locale' must be a text, not the number 5",
    "\nholdout: {percent: 101}": "policy.yaml:2: 'percent' must be at most 100, not the number 101",
    "holdout: {percent: five}": "policy.yaml:1: 'percent' must be a number, not 'five'",
    "holdout: {}": "policy.yaml:1: 'percent' is missing",
    "channel: {costs: {pigeon: 1}}": "policy.yaml:1: the channel 'pigeon' is unknown: "
    "there are ads, call, crm, email, push, sms, web",
    "channel: {kinds: {fraud: {channel: smss}}}": "policy.yaml:1: the channel 'smss' is unknown: did you mean 'sms'?",
    "channel: {send_time: {email: noon}}": "policy.yaml:1: a time to send is 'best', 'now' or {within: 12 hours}, "
    "not 'noon'",
    "channel: {on_the_line: wait}": "policy.yaml:1: 'on_the_line' must be hold or send, not 'wait'",
    "zone: UTC": "policy.yaml:1: 'zone' is unknown here: did you mean 'timezone'?",
}


@pytest.mark.parametrize(("text", "problem"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(project(tmp_path, text))

    assert [str(found).removeprefix(f"{tmp_path}/") for found in caught.value.problems] == [problem]
