"""A project's folder: what is right, and each thing that can be wrong, with its place and its sentence."""

import os
from pathlib import Path
from textwrap import dedent, indent

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import default_channels, load, validate

ROOT = Path(__file__).resolve().parents[2]

JOURNEY = """\
journey: rescue
entry:
  on: Product Added
steps:
  - act: mail
"""
MAIL = """\
action: mail
channel: email
content:
  subject: Hello
  html: <p>Hello</p>
"""


def project(folder: Path, files: dict[str, str]) -> Path:
    """A right project with some files more, or others in their place."""
    for name, text in {"journeys/rescue.yaml": JOURNEY, "actions/mail.yaml": MAIL, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    return folder


def found(folder: Path, files: dict[str, str]) -> list[str]:
    """The problems of a project, with paths as seen from its folder."""
    with pytest.raises(DefinitionError) as caught:
        load(project(folder, files))
    return [str(problem).removeprefix(f"{folder}{os.sep}") for problem in caught.value.problems]


def head(rest: str) -> str:
    """A journey that begins with four lines that are right."""
    return "journey: a\nentry: {on: X}\n\nsteps:\n" + dedent(rest)


def action(rest: str, channel: str = "email") -> str:
    """An action whose content begins on line 4."""
    return f"action: a\nchannel: {channel}\ncontent:\n" + indent(dedent(rest), "  ")


A_DURATION = "for example '30 minutes', '2 hours' or '7 days'"
ENDS_BEFORE = "this step cannot be reached: the one before it always ends the journey"

FORM = {
    "a misspelt key": (
        "journey: a\npurpse: m\nentry: {on: X}\nsteps: [{end: true}]",
        "2: 'purpse' is unknown here: did you mean 'purpose'?",
    ),
    "a key that is like no other": (
        head("  - branch:\n      - whenever: x\n        steps: []"),
        "6: 'whenever' is unknown here: write if, segment, propensity or steps",
    ),
    "a key of another form of wait": (
        head("  - wait: {absence: 1 day, timeout: 1 day}"),
        "5: 'timeout' is unknown here: write absence",
    ),
    "the name of a field in Python": (
        head("  - act: mail\n    if_: event.properties.x"),
        "6: 'if_' is unknown here: did you mean 'if'?",
    ),
    "a missing key": ("journey: a\nsteps: [{end: true}]", "1: 'entry' is missing"),
    "a missing key within": (head("  - wait:\n      event: X"), "5: 'timeout' is missing"),
    "no name": (
        "journey: Cart Rescue!\nentry: {on: X}\nsteps: [{end: true}]",
        "1: 'Cart Rescue!' is no name: write lower case letters, digits and hyphens, at most 63, such as 'cart-rescue'",
    ),
    "a number for a name": (head("  - act: 3"), "5: 'act' must be a text, not the number 3"),
    "a number that is too large": (
        "journey: a\npriority: 2000\nentry: {on: X}\nsteps: [{end: true}]",
        "2: 'priority' must be at most 1000, not the number 2000",
    ),
    "a text for a number": (
        "journey: a\npriority: '50'\nentry: {on: X}\nsteps: [{end: true}]",
        "2: 'priority' must be a whole number, not '50'",
    ),
    "no event": ("journey: a\nentry: {on: []}\nsteps: [{end: true}]", "2: 'on' must not be empty"),
    "no step": ("journey: a\nentry: {on: X}\nsteps: []", "3: 'steps' must not be empty"),
    "nothing for steps": ("journey: a\nentry: {on: X}\nsteps:", "3: 'steps' must be a list, not nothing"),
    "a number for a duration": (head("  - wait: 30"), f"5: write a duration with its unit, {A_DURATION}"),
    "no duration": (
        head("  - quiet: {for: three days}"),
        f"5: 'three days' is no duration: write a number and a unit, {A_DURATION}",
    ),
    "quiet for nobody": (
        head("  - quiet: {purpose: marketin, for: 1 day}"),
        "5: the purpose 'marketin' is unknown: did you mean 'marketing'?",
    ),
    "quiet for what always passes": (
        head("  - quiet: {purpose: transactional, for: 1 day}"),
        "5: transactional messages always pass: name what is to be held",
    ),
    "quiet for no time": (head("  - quiet: {for: 0 days}"), "5: 'for' must be more than 0: nothing would be held"),
    "more than ten years": (head("  - wait: 4000 days"), "5: '4000 days' is no duration between 0 and ten years"),
    "no way to enter again": (
        "journey: a\nentry:\n  on: X\n  reentry: always\nsteps: [{end: true}]",
        "4: reentry 'always' is unknown: write never, after_exit, many, or for example 'after 7 days'",
    ),
    "a step of no kind": (
        head("  - id: a\n    delay: 1 day"),
        "5: a step needs one of wait, branch, split, act, offer, update, quiet, join, goto or end",
    ),
    "a step of two kinds": (
        head("  - act: mail\n    end: true"),
        "6: a step is one of act and end, not both: make a step of each",
    ),
    "a step without a value": (head("  - wait:"), "5: 'wait' has no value"),
    "a step as a text": (head("  - end"), "5: an item of 'steps' must have keys and values, not 'end'"),
    "yes for true": (head("  - end: yes"), "5: 'end' must be true, not 'yes'"),
}


@pytest.mark.parametrize(("written", "problem"), FORM.values(), ids=FORM.keys())
def test_the_form_of_a_journey(tmp_path: Path, written: str, problem: str) -> None:
    assert found(tmp_path, {"journeys/a.yaml": written}) == [f"journeys/a.yaml:{problem}"]


MEANING = {
    "an unknown action": (head("  - act: mial"), "5: the action 'mial' is unknown: did you mean 'mail'?"),
    "an action that is like no other": (head("  - act: xyz"), "5: the action 'xyz' is unknown: there are mail"),
    "an id twice": (
        head("  - wait: 1 day\n    id: a\n  - branch:\n      - steps:\n          - act: mail\n            id: a"),
        "10: another step has the id 'a' already",
    ),
    "a step after the end": (head("  - end: true\n  - act: mail"), f"6: {ENDS_BEFORE}"),
    "a step after a branch whose arms all end": (
        head("""\
          - branch:
              - if: event.properties.x
                steps: [{end: true}]
              - steps: [{end: true}]
          - act: mail
        """),
        f"9: {ENDS_BEFORE}",
    ),
    "a step after a wait that ends both ways": (
        head("""\
          - wait:
              event: X
              timeout: 1 day
              received: [{end: true}]
              timed_out: [{act: mail}, {end: true}]
          - act: mail
        """),
        f"10: {ENDS_BEFORE}",
    ),
    "an arm after else": (
        head("  - branch:\n      - steps: []\n      - if: event.properties.x\n        steps: []"),
        "7: this arm cannot be reached: the one before it has no 'if', so it takes all others",
    ),
    "an event that ends the journey before it is received": (
        """\
        journey: a
        entry: {on: X}
        exit: [{on: [Y, Z]}]
        steps:
          - wait:
              event: Y
              timeout: 1 day
              received: [{act: mail}]
        """,
        "8: 'received' cannot be reached: the exit or goal on the same event ends the journey first",
    ),
    "an exit on what enters": (
        "journey: a\nentry: {on: '*'}\nexit:\n  - on: '*'\nsteps: [{end: true}]",
        "4: every event enters this journey and every event ends it: give the exit an 'if'",
    ),
    "any event among others": (
        "journey: a\nentry:\n  on: ['*', X]\nsteps: [{end: true}]",
        "3: '*' is any event: name it alone, or name the others only",
    ),
    "a delay of a wait": (
        head("  - wait: 1 day\n    delay: 1 day"),
        "6: 'delay' belongs to act: to hold the journey, add a wait step",
    ),
    "an if of a wait": (
        head("  - wait: 1 day\n    if: event.properties.x"),
        "6: 'if' does not belong to wait: for an event write it within wait, beside 'event'",
    ),
    "an if of an end": (
        head("  - end: true\n    if: event.properties.x"),
        "6: 'if' does not belong to end: put the step into an arm of a branch",
    ),
    "too many steps": (head("  - act: mail\n" * 501), "4: has 501 steps, and at most 500 are allowed: split it up"),
    "a condition that is none": (
        head("  - act: mail\n    if: event.properties.x = 3"),
        "6: 'if' is no condition: write == to compare",
    ),
    "a condition over several lines": (
        head("""\
          - act: mail
            if: |
              event.properties.x == 1 &&
              foo(event.y)
        """),
        "8: 'if' is no condition: there is no function 'foo'",
    ),
    "a condition that is folded": (
        head("""\
          - wait:
              event: X
              timeout: 1 day
              if: >-
                event.properties.x == 1 &&

                foo(event.y)
        """),
        "11: 'if' is no condition: there is no function 'foo'",
    ),
    "a condition of an arm": (
        head("  - branch:\n      - if: (\n"),
        "6: 'if' is no condition: the expression is not complete",
    ),
    "a stay in a journey at its entry": (
        "journey: a\nentry:\n  on: X\n  if: journey.entry.x == 1\nsteps: [{end: true}]",
        "4: 'if' is no condition: there is no 'journey' here; use catalog, customer, event",
    ),
    "a key that is none": (
        "journey: a\nentry:\n  on: X\n  key: event..x\nsteps: [{end: true}]",
        "4: 'key' is no condition: '.' is not expected here",
    ),
}


@pytest.mark.parametrize(("written", "problem"), MEANING.values(), ids=MEANING.keys())
def test_the_meaning_of_a_journey(tmp_path: Path, written: str, problem: str) -> None:
    assert found(tmp_path, {"journeys/a.yaml": written}) == [f"journeys/a.yaml:{problem}"]


ACTIONS = {
    "an unknown channel": (action("  {}", "emial"), "2: the channel 'emial' is unknown: did you mean 'email'?"),
    "a missing field": (action("  subject: Hello"), "3: the content needs 'html'"),
    "an unknown field": (
        action("  subject: Hello\n  html: Hello\n  txet: Hello"),
        "6: the channel has no field 'txet': did you mean 'text'?",
    ),
    "a field of another type": (action("  subject: 5\n  html: Hello"), "4: 'subject' must be a text: put it in quotes"),
    "a value that is not allowed": (
        action("  audience: a\n  operation: delete", "ads"),
        "5: 'delete' is not allowed: write add or remove",
    ),
    "a text that is too long": (
        action(f"  subject: {'a' * 201}\n  html: Hello"),
        "4: 'subject' has 201 characters, and at most 200 are allowed",
    ),
    "a link that is not safe": (
        action("  text: Hello\n  link: javascript:alert(1)", "sms"),
        "5: the link 'javascript:alert(1)' is no http, https, mailto or tel link",
    ),
    "a time that is none": (
        action("  queue: a\n  reason: b\n  due: tomorrow", "call"),
        "6: 'tomorrow' is no time: write it as 2026-01-31T09:30:00Z",
    ),
    "a template that is open": (
        action("  subject: Hello\n  html: |\n    <p>\n    {{ event.name\n    </p>"),
        "8: unexpected '/'",
    ),
    "an unknown name in a template": (
        action("  subject: Hello\n  html: |\n    <p>\n    {{ custmer.id }}\n    </p>"),
        "7: the name 'custmer' is unknown: did you mean 'customer'?",
    ),
    "an unknown filter in a folded template": (
        action("  subject: Hello\n  html: >\n    <p>\n    {{ customer.id | uper }}\n    </p>"),
        "6: the filter 'uper' is unknown: did you mean 'upper'?",
    ),
    "a template in a map": (
        action("  object: task\n  fields:\n    a: 1\n    b: ['{{ x }}']", "crm"),
        "7: the name 'x' is unknown: there are catalog, customer, edit, event, journey, survey",
    ),
    "no content": ("action: a\nchannel: web\ncontent:", "3: 'content' must have keys and values, not nothing"),
}


@pytest.mark.parametrize(("written", "problem"), ACTIONS.values(), ids=ACTIONS.keys())
def test_an_action(tmp_path: Path, written: str, problem: str) -> None:
    assert found(tmp_path, {"actions/a.yaml": written}) == [f"actions/a.yaml:{problem}"]


CHANNELS = {
    "an unknown key": ("channels:\n  email:\n    adress: id", "3: 'adress' is unknown here: did you mean 'address'?"),
    "no such consent": (
        "channels:\n  email:\n    consent: opt-in",
        "3: 'consent' must be opt_in, opt_out or none, not 'opt-in'",
    ),
    "no address": (
        "channels:\n  fax: {address: number, content: {text: {}}}",
        "2: 'number' is no address: write id, or a trait such as traits.email",
    ),
    "no name": (
        "channels:\n  Fax: {address: id, content: {text: {}}}",
        "2: 'Fax' is no name: write lower case letters, digits and hyphens, at most 63, such as 'fax'",
    ),
    "no such type": (
        "channels:\n  fax:\n    address: id\n    content:\n      text: {type: txt}",
        "5: 'type' must be text, line, html, link, time or map, not 'txt'",
    ),
    "yes for true": (
        "channels:\n  fax:\n    address: id\n    content:\n      text:\n        required: yes",
        "6: 'required' must be true or false, not 'yes'",
    ),
    "no content": ("channels:\n  fax: {address: id, content: {}}", "2: 'content' must not be empty"),
    "no channels": ("channel: {}", "1: 'channel' is unknown here: did you mean 'channels'?"),
}


@pytest.mark.parametrize(("written", "problem"), CHANNELS.values(), ids=CHANNELS.keys())
def test_the_channels(tmp_path: Path, written: str, problem: str) -> None:
    assert f"channels.yaml:{problem}" in found(tmp_path, {"channels.yaml": written})


def test_one_mistake_is_one_problem(tmp_path: Path) -> None:
    files = {
        "actions/mail.yaml": "action: mail\nchannel: fax\ncontent: {text: Hello}\nexpires: soon",
        "actions/push.yaml": "action: [",
        "journeys/b.yaml": head("  - act: mail\n  - act: push").replace("journey: a", "journey: b"),
        "channels.yaml": "channels:\n  fax: {address: 5}",
    }

    assert [problem.partition(":")[0] for problem in found(tmp_path, files)] == [
        "actions/mail.yaml",
        "actions/push.yaml",
        "channels.yaml",
        "channels.yaml",
    ]


def test_all_problems_come_together_in_order(tmp_path: Path) -> None:
    files = {
        "actions/b.yaml": action("  subject: '{{ x }}'\n  html: '{{ y }}'\n  z: 1").replace("action: a", "action: b"),
        "journeys/a.yaml": head("  - act: x\n  - act: y\n  - end: true\n  - end: true"),
        "journeys/old.yml": "",
    }

    assert found(tmp_path, files) == [
        "actions/b.yaml:4: the name 'x' is unknown: there are catalog, customer, edit, event, journey, survey",
        "actions/b.yaml:5: the name 'y' is unknown: there are catalog, customer, edit, event, journey, survey",
        "actions/b.yaml:6: the channel has no field 'z': there are subject, html, text",
        "journeys/a.yaml:5: the action 'x' is unknown: there are b, mail",
        "journeys/a.yaml:6: the action 'y' is unknown: there are b, mail",
        f"journeys/a.yaml:8: {ENDS_BEFORE}",
        "journeys/old.yml: is not read: name it .yaml",
    ]


def test_one_name_in_two_files(tmp_path: Path) -> None:
    files = {"journeys/z.yaml": "\n" + JOURNEY, "actions/z.yaml": MAIL}

    assert found(tmp_path, files) == [
        f"actions/z.yaml:1: the action 'mail' is in {tmp_path / 'actions' / 'mail.yaml'}:1 already",
        f"journeys/z.yaml:2: the journey 'rescue' is in {tmp_path / 'journeys' / 'rescue.yaml'}:1 already",
    ]


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="there is no folder 'journeys' in it: a project has journeys/"):
        load(tmp_path)
    with pytest.raises(DefinitionError, match="there is no such folder: a project has journeys/"):
        load(tmp_path / "nowhere")


def test_a_project_may_have_folders_within(tmp_path: Path) -> None:
    pack = load(project(tmp_path, {"journeys/care/a.yaml": head("  - act: mail"), "journeys/.hidden.yaml": "?"}))

    assert sorted(pack.journeys) == ["a", "rescue"]


def test_the_channels_of_the_package_are_there(tmp_path: Path) -> None:
    pack = load(project(tmp_path, {}))

    assert pack.channels == default_channels()
    assert list(pack.channels) == ["web", "email", "sms", "push", "call", "ads", "crm"]


def test_a_projects_channels_replace_key_by_key(tmp_path: Path) -> None:
    files = {
        "channels.yaml": """\
            channels:
              email:
                consent: opt_out
              web:
                content:
                  banner: {type: html}
              fax:
                address: [traits.fax, id]
                content: {text: {}}
        """,
    }
    channels = load(project(tmp_path, files)).channels

    assert channels["email"].consent == "opt_out"
    assert channels["email"].content == default_channels()["email"].content
    assert list(channels["web"].content) == ["banner"]
    assert channels["fax"].address == ("traits.fax", "id")
    assert channels["sms"] == default_channels()["sms"]


@pytest.mark.parametrize(
    "path", ["", "journeys", "actions", "journeys/rescue.yaml", "actions/mail.yaml", "channels.yaml"]
)
def test_a_part_of_a_project_is_checked_in_its_light(tmp_path: Path, path: str) -> None:
    project(tmp_path, {"channels.yaml": "channels: {}"})
    under = tmp_path / path

    assert set(validate(under)) == {file for file in tmp_path.rglob("*.yaml") if file.is_relative_to(under)}


def test_problems_elsewhere_are_left_out(tmp_path: Path) -> None:
    project(tmp_path, {"actions/mail.yaml": "action: mail\nchannel: emial\ncontent: {}"})

    assert validate(tmp_path / "journeys") == (tmp_path / "journeys" / "rescue.yaml",)
    with pytest.raises(DefinitionError, match="emial"):
        validate(tmp_path / "actions" / "mail.yaml")


def test_paths_are_shown_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, {"journeys/a.yaml": head("  - act: x")})
    monkeypatch.chdir(tmp_path / "journeys")

    assert validate(Path("rescue.yaml")) == (Path("rescue.yaml"),)
    assert validate(Path("../actions")) == (Path("../actions/mail.yaml"),)
    with pytest.raises(DefinitionError, match=r"^a\.yaml:5: the action 'x' is unknown"):
        validate(Path("a.yaml"))


def test_a_file_outside_of_any_project_is_checked_by_itself(tmp_path: Path) -> None:
    for name, text in {"j.yaml": JOURNEY, "a.yaml": MAIL, "c.yaml": "channels: {}"}.items():
        (tmp_path / name).write_text(text, "utf-8")
        assert validate(tmp_path / name) == (tmp_path / name,)

    (tmp_path / "a.yaml").write_text(MAIL.replace("email", "emial"), "utf-8")
    with pytest.raises(DefinitionError, match="the channel 'emial' is unknown"):
        validate(tmp_path / "a.yaml")


def test_what_is_no_definition(tmp_path: Path) -> None:
    project(tmp_path, {"notes.txt": "hello"})

    with pytest.raises(DefinitionError, match=r"notes\.txt: is no definition: a project has journeys/"):
        validate(tmp_path / "notes.txt")
    with pytest.raises(DefinitionError, match=r"a\.yaml: there is no such file: a project has journeys/"):
        validate(tmp_path / "journeys" / "a.yaml")


def test_the_example_is_right() -> None:
    pack = load(ROOT / "examples" / "shop")

    assert pack.journeys
    assert pack.actions
