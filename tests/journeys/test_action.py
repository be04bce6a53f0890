"""Actions as people write them: what they are worth, what they ask for, and on which channels they are said."""

from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.compile import compile_env, journey_version
from orchestrator.journeys.load import load, validate
from orchestrator.journeys.pack import Pack

FULL = """\
action: bike-lights
goal: sell
group: accessories
value: customer.traits.margin * 0.5
cost: 0.05
lever: 55
weights:
  - {name: on-site, if: event.name == "Page Viewed", weight: 30}
propensity: 0.3
from: 2026-03-01
until: 2026-06-01
eligibility: customer.known
applicability:
  - customer.traits.bike == true
  - {name: dark-soon, if: customer.traits.city != "Oslo"}
treatments:
  push: {content: {title: Lights, text: Be seen}, cost: 0.01}
  sms: {content: {text: Lights}}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "a.yaml").write_text(text)
    try:
        validate(tmp_path)
    except DefinitionError as error:
        return [f"{problem.line}: {problem.message}" for problem in error.problems]
    return []


def pack(tmp_path: Path, text: str) -> Pack:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "a.yaml").write_text(text)
    return load(tmp_path)


def test_an_action_stands_without_a_journey(tmp_path: Path) -> None:
    found = pack(tmp_path, FULL)
    env = compile_env(found, dedupe_count=1, dedupe_window_ms=1, late_after_ms=1)
    action = env.actions["bike-lights"]

    assert (action.goal, action.group, action.purpose, action.priority) == ("sell", "accessories", "marketing", 50)
    assert (action.lever, action.cost, action.propensity) == (1.55, 0.05, 0.3)
    assert [(weight.name, weight.factor) for weight in action.weights] == [("on-site", 1.3)]
    assert [rule.name for rule in action.applicability] == ["customer.traits.bike == true", "dark-soon"]
    assert [(said.channel.name, said.cost, said.goal) for said in action.treatments] == [
        ("push", 0.01, "sell"),
        ("sms", 0.05, "sell"),
    ]


def test_a_pack_with_treatments_survives_the_topic(tmp_path: Path) -> None:
    found = pack(tmp_path, FULL)
    assert Pack.from_json(found.to_json()) == found


def test_the_env_changes_with_an_action_that_no_journey_uses(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = pack(tmp_path / "one", FULL), pack(tmp_path / "two", FULL.replace("lever: 55", "lever: 56"))
    versions = [compile_env(each, dedupe_count=1, dedupe_window_ms=1, late_after_ms=1).version for each in (one, two)]
    assert versions[0] != versions[1]


def test_a_journeys_version_goes_by_what_its_actions_are_worth(tmp_path: Path) -> None:
    journey = "journey: j\nentry: {on: Page Viewed}\nsteps: [{act: bike-lights}]\n"
    versions = []
    for number, text in enumerate((FULL, FULL.replace("value: customer", "value: 2 * customer"))):
        folder = tmp_path / str(number)
        (folder / "journeys").mkdir(parents=True)
        (folder / "journeys" / "j.yaml").write_text(journey)
        versions.append(journey_version(pack(folder, text), "j"))
    assert versions[0] != versions[1]


WEIGHT = "a percentage from -100 to 900 is needed: 55 makes it 1.55 times as much, -100 nothing, 900 ten times as much"
MONEY = "a value or a cost is a number from 0 to 1000000000, or CEL that gives one"
BAD = {
    "a lever of a thousand million": ("lever: 1000000000", f"4: {WEIGHT}"),
    "a lever that is no number": ("lever: high", f"4: {WEIGHT}"),
    "a weight beyond bounds": ("weights: [{name: w, if: 'true', weight: -101}]", f"4: {WEIGHT}"),
    "a negative propensity": ("propensity: -0.1", "4: a propensity is a number from 0 to 1, or CEL that gives one"),
    "a propensity above 1": ("propensity: 1.1", "4: a propensity is a number from 0 to 1, or CEL that gives one"),
    "a propensity that is no number": (
        "propensity: .nan",
        "4: a propensity is a number from 0 to 1, or CEL that gives one",
    ),
    "a value without bounds": ("value: .inf", f"4: {MONEY}"),
    "a propensity that is a text": ("propensity: \"'high'\"", "4: 'propensity' is a text, and a number is needed"),
    "a value that is a condition": ("value: customer.known", "4: 'value' is true or false, and a number is needed"),
    "a cost that is a list": ("cost: '[1]'", "4: 'cost' is a list, and a number is needed"),
    "an end before the beginning": (
        "from: 2026-06-01\nuntil: 2026-03-01",
        "5: it is never said: 'until' (2026-03-01) is not after 'from' (2026-06-01)",
    ),
    "two weights of one name": (
        "weights: [{name: w, if: 'true', weight: 1}, {name: w, if: 'true', weight: 2}]",
        "4: two weights have the name 'w': the trace tells them by it",
    ),
    "a negative value": ("value: -1", f"4: {MONEY}"),
    "a cost beyond all bounds": ("cost: 1e300", f"4: {MONEY}"),
    "a value that does not compile": ("value: 1 +", "4: 'value' is no condition: the expression is not complete"),
    "a goal that there is not": ("goal: upsell", "4: 'goal' must be "),
    "a rule that does not compile": (
        "eligibility: [customer.known, foo()]",
        "there is no function 'foo'",
    ),
    "a rule that is no condition": ("suitability: 1 + 1", "true or false"),
    "both forms": ("treatments: {sms: {content: {text: Hi}}}", "2: 'channel' cannot stand beside 'treatments'"),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_told_with_what_is_allowed(tmp_path: Path, line: str, message: str) -> None:
    found = problems(tmp_path, f"action: a\nchannel: sms\ncontent: {{text: Hi}}\n{line}\n")
    assert len(found) == 1
    assert message in found[0]


def test_an_action_may_be_for_a_single_day(tmp_path: Path) -> None:
    lines = "from: 2026-03-01\nuntil: 2026-03-01\n"
    assert problems(tmp_path, f"action: a\nchannel: sms\ncontent: {{text: Hi}}\n{lines}") == []


def test_an_action_says_something_on_a_channel(tmp_path: Path) -> None:
    assert problems(tmp_path, "action: a\n") == [
        "1: 'channel' is missing: an action has 'channel' and 'content', or 'treatments'"
    ]


def test_each_treatment_is_checked_for_its_channel(tmp_path: Path) -> None:
    text = "action: a\ntreatments:\n  sms: {content: {txt: Hi}}\n  fax: {content: {text: Hi}}\n"
    found = problems(tmp_path, text)
    assert [problem[:2] for problem in found] == ["3:", "3:", "4:"]
    assert "the channel 'fax' is unknown" in found[-1]
