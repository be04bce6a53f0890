"""The contact policy as people write it, and each thing that can be wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engine.suppression import digest_of
from orchestrator.errors import DefinitionError
from orchestrator.journeys.compile import compile_env
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack

JOURNEY = "journey: a\nentry: {on: X}\nsteps:\n  - act: hello\n"
ACTION = "action: hello\nchannel: web\ngroup: shoes\ngoal: sell\ncontent: {slot: hero, content: hi}\n"
WHOLE = """
contact:
  unbound: [service, marketing]
  caps:
    - {most: 3, per: 7 days, purpose: marketing, channel: [email, sms], when_full: wait}
    - {most: 1, per: 30 days, each: action}
    - {most: 1, per: day, goal: sell, except: {group: shoes}}
  quiet_hours: {from: "21:00", until: "08:00", days: [sat, sun], channel: sms}
  calendars:
    holidays: {country: DE, subdivision: BY}
    closed: [2026-12-24, 2026-12-31]
  pressure: {limit: 10, half_life: 3 days, weights: {sms: 2}}
  suppression: lists/*.csv
  pause: {channel: ads}
"""


def project(folder: Path, policy: str) -> Path:
    for kind, text in (("journeys", JOURNEY), ("actions", ACTION)):
        (folder / kind).mkdir()
        (folder / kind / "a.yaml").write_text(text, "utf-8")
    (folder / "policy.yaml").write_text(policy, "utf-8")
    (folder / "lists").mkdir()
    (folder / "lists/a.csv").write_text("email,why\nAda@Example.org,asked\n# a comment\n\nu-7\n", "utf-8")
    return folder


def version(pack: Pack) -> str:
    return compile_env(pack, dedupe_count=64, dedupe_window_ms=1, late_after_ms=1).version


def test_a_whole_policy_is_read_and_travels_with_the_definitions(tmp_path: Path) -> None:
    pack = load(project(tmp_path, WHOLE))
    assert Pack.from_json(pack.to_json()) == pack
    policy = compile_env(pack, dedupe_count=64, dedupe_window_ms=1, late_after_ms=1).policy.contact
    assert [cap.scope.label for cap in policy.caps] == [
        "marketing messages on email or sms",
        "messages",
        "messages to sell",
    ]
    assert [cap.span for cap in policy.caps] == ["within 1 week", "within 30 days", "this day"]
    others = policy.quiet_hours, policy.free_days, policy.pressure, policy.pauses
    assert [len(rules) for rules in others] == [1, 2, 1, 1]


def test_a_list_holds_digests_and_no_addresses(tmp_path: Path) -> None:
    pack = load(project(tmp_path, "contact: {suppression: lists/*.csv}"))
    assert pack.suppressed == {"lists/*.csv": "".join(sorted(map(digest_of, ["email", "ada@example.org", "u-7"])))}
    assert b"ada" not in pack.to_json().lower()


def test_a_list_may_be_hashed_already(tmp_path: Path) -> None:
    folder = project(tmp_path, "contact: {suppression: lists/*.txt}")
    # printf 'ada@example.org' | sha256sum
    hashed = "9f8c3c5ed5bb5d8d2a6e4f4c7f1fa8bd1c2b8e2f0b7f8f3f4a0d6f5a6c7b8d9e"
    (folder / "lists/b.txt").write_text(hashed.upper(), "utf-8")
    assert load(folder).suppressed == {"lists/*.txt": hashed[:16]}


def test_another_policy_or_list_is_another_env_and_the_same_journeys(tmp_path: Path) -> None:
    folder = project(tmp_path, "contact: {suppression: lists/*.csv}")
    before = load(folder)
    (folder / "lists/a.csv").write_text("bo@example.org\n", "utf-8")
    after = load(folder)
    assert version(before) != version(after)
    assert before.part("a").to_json() == after.part("a").to_json()


WRONG = {
    "caps: {most: 0, per: 1 day}": "'most' must be at least 1, not the number 0",
    "caps: {most: 101, per: 1 day}": "'most' must be at most 100, not the number 101",
    "caps: {most: 1}": "'per' is missing",
    "caps: {most: 1, per: fortnight}": "'fortnight' is no duration: write a number and a unit",
    "caps: {most: 1, per: year}": "'year' is no duration: write a number and a unit, for example '30 minutes', "
    "'2 hours' or '7 days'; or one of the calendar: day, week, month",
    "caps: {most: 1, per: 2 months}": "'2 months' is no duration: write a number and a unit, for example '30 minutes', "
    "'2 hours' or '7 days' (months and years differ in length: write days); or one of the calendar",
    "caps: {most: 1, per: -1 day}": "'-1 day' is no duration: it must not be negative; or one of the calendar",
    "caps: {most: 1, per: 7}": "write a window with its unit, for example '7 days', or one of day, week, month",
    "caps: {most: 1, per: day, purpose: marketin}": "the purpose 'marketin' is unknown: did you mean 'marketing'?",
    "caps: {most: 1, per: day, channel: email, except: {channel: [email, sms]}}": "it excepts each channel that",
    "unbound: sevice": "the purpose 'sevice' is unknown: did you mean 'service'?",
    "pause: {purpose: marketin}": "the purpose 'marketin' is unknown: did you mean 'marketing'?",
    "pause: 1": "a pause is true, false, or says of what, for example {channel: email}",
    "pause: yes": "a pause is true, false, or says of what, for example {channel: email}",
    'quiet_hours: {from: "21:00", until: "21:00"}': "they would never end: write another time",
    'quiet_hours: {from: "21:00", until: "24:00"}': "'24:00' is no time of day: write hours and minutes, for example "
    "'09:00' or '17:30' (midnight is '00:00')",
    "calendars: {closed: [2026-02-30]}": "'2026-02-30' is no day: day",
    "calendars: {closed: [24.12.2026]}": "'24.12.2026' is no day: write year, month and day, for example 2026-12-24",
    "calendars: {closed: [0]}": "'0' is no day: write year, month and day, for example 2026-12-24",
    "pressure: {limit: 0.5, half_life: 1 day, channel: sms}": "one message on 'sms' weighs 1, more than the limit",
    "pressure: {limit: 5, half_life: 1 day, weights: {sms: 6}}": "one message on 'sms' weighs more than the limit of 5",
    "caps: {most: 1, per: 0 days}": "a window must be longer than nothing",
    "caps: {most: 1, per: 1 day, purpose: transactional}": "transactional messages always pass: give what is to be",
    "caps: {most: 1, per: 1 day, channel: emial}": "the channel 'emial' is unknown: did you mean 'email'?",
    "caps: {most: 1, per: 1 day, except: {action: helo}}": "the action 'helo' is unknown: did you mean 'hello'?",
    "caps: {most: 1, per: 1 day, group: shoe}": "the group 'shoe' is unknown: did you mean 'shoes'?",
    "calendars: {holidays: {country: GE, subdivision: XX}}": "'XX' is no part of GE: there is none",
    "calendars: {holidays: {country: ZZ}}": "the holidays of the country 'ZZ' are not known: there are",
    "calendars: {holidays: {subdivision: BY}}": "'subdivision' is a part of a country: name that too",
    "calendars: {holidays: {}}": "'days' or 'country' is missing: no day would be free",
    "pressure: {limit: 1, half_life: 0 days}": "a half-life must be longer than nothing",
    "pressure: {limit: 1, half_life: 1 day, weights: {emial: 2}}": "the channel 'emial' is unknown: did you mean",
    "suppression: ../lists/*.csv": "'../lists/*.csv' must lie in the project's folder: write it as lists/*.csv",
    "suppression: list/*.csv": "there is no file 'list/*.csv' in the project's folder",
}


@pytest.mark.parametrize(("text", "problem"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(project(tmp_path, f"contact:\n  {text}\n"))

    found = [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]
    assert len(found) == 1
    assert found[0].startswith(f"policy.yaml:2: {problem}")
