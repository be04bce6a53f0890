"""Schemas for editors: they are there, they fit the files that are right, and they find what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.commands.init import init
from orchestrator.commands.schema import schema_texts, write_schemas
from orchestrator.errors import UsageError
from orchestrator.journeys import load as loading
from orchestrator.journeys.event_schemas import package_events
from orchestrator.journeys.load import default_channels
from orchestrator.journeys.source import parse_source, read_source
from tests.commands.json_schema import violations

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "shop"
SCHEMAS: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in schema_texts()}
FOLDERS = {"journeys": "journey", "actions": "action", "tests": "test"}


def kind_of(file: Path, project: Path) -> str:
    inside = file.relative_to(project)
    return FOLDERS[inside.parts[0]] if len(inside.parts) > 1 else file.stem


def found(kind: str, text: str) -> list[str]:
    value = parse_source(Path("a.yaml"), text.encode()).value
    return list(violations(value, SCHEMAS[kind], SCHEMAS[kind]))


@pytest.mark.parametrize("file", sorted(SHOP.rglob("*.yaml")), ids=lambda file: str(file.relative_to(SHOP)))
def test_the_files_of_the_shop_fit(file: Path) -> None:
    schema = SCHEMAS[kind_of(file, SHOP)]
    assert list(violations(read_source(file).value, schema, schema)) == []


def test_the_files_of_a_new_project_fit_the_schema_that_they_name(tmp_path: Path) -> None:
    init(tmp_path)
    files = sorted(tmp_path.rglob("*.yaml"))
    assert files
    for file in files:
        first = file.read_text("utf-8").partition("\n")[0]
        named = file.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert named.resolve() == tmp_path / "schemas" / f"{kind_of(file, tmp_path)}.json"
        schema = json.loads(named.read_text("utf-8"))
        assert list(violations(read_source(file).value, schema, schema)) == [], file


def test_what_the_package_declares_fits() -> None:
    assert list(violations({"events": package_events()}, SCHEMAS["events"], SCHEMAS["events"])) == []
    channels = {name: channel.model_dump(by_alias=True, mode="json") for name, channel in default_channels().items()}
    for channel in channels.values():
        channel["content"] = {name: {"type": field["type"]} for name, field in channel["content"].items()}
    assert list(violations({"channels": channels}, SCHEMAS["channels"], SCHEMAS["channels"])) == []


RIGHT = [
    ("channels", "channels: {email: {consent: opt_out}}"),
    ("channels", "channels: {fax: {address: [traits.fax, id], content: {text: {}}}}"),
    ("events", "events: {A: {properties: {a: text, b: {list: {c: number}}, d: {one_of: [x]}, e: {f: {g: date}}}}}"),
    ("events", "events: {A: {open: true}}"),
    ("traits", "given: {a: text, b: {list: text}}\ncomputed: {c: {count: X, window: 30 days}}"),
    ("segments", "segments: {vip: {if: customer.known}}"),
    ("policy", "timezone: Europe/Berlin"),
    ("journey", "journey: a\nentry: {on: [X, Y]}\nsteps: [{wait: {absence: 1 day}}, {act: b, delay: 1h}, {end: true}]"),
    ("journey", "journey: a\nentry: {date: customer.traits.birthday}\nsteps: [{wait: {event: X, timeout: 1 day}}]"),
]


@pytest.mark.parametrize(("kind", "text"), RIGHT)
def test_what_is_right_fits(kind: str, text: str) -> None:
    assert found(kind, text) == []


WRONG = [
    ("journey", "journey: a\nentry: {on: X}\nstep: [{end: true}]"),
    ("journey", "journey: A B\nentry: {on: X}\nsteps: [{end: true}]"),
    ("journey", "journey: a\nentry: {on: X}\nsteps: [{end: yes}]"),
    ("journey", "journey: a\nentry: {on: X}\nsteps: [{act: b, end: true}]"),
    ("journey", "journey: a\nentry: {on: X}\nsteps: [{wait: 30}]"),
    ("journey", "journey: a\nentry: {on: X, api: true}\nsteps: [{end: true}]"),
    ("journey", "journey: a\nentry: {on: X}\nsteps: []"),
    ("action", "action: a\ncontent: {}"),
    ("action", "action: a\nchannel: email\npriority: 2000\ncontent: {}"),
    ("channels", "channels: {email: {consent: maybe}}"),
    ("events", "events: {A: {properties: {a: txt}}}"),
    ("events", "events: {A: text}"),
    ("traits", "computed: {a: {count: X, sum: Y}}"),
    ("segments", "segments: {vip: {}}"),
    ("policy", "time_zone: Europe/Berlin"),
]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_what_is_wrong_does_not(kind: str, text: str) -> None:
    assert found(kind, text) != []


def test_every_file_of_a_project_has_a_schema() -> None:
    files = {value for name, value in vars(loading).items() if name.isupper() and str(value).endswith(".yaml")}
    assert {Path(str(file)).stem for file in files} <= set(SCHEMAS)


# Settings.


def test_the_settings_of_an_editor_stay(tmp_path: Path) -> None:
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"editor.tabSize": 2, "yaml.schemas": {"./other.json": "other.yaml"}}', "utf-8")
    write_schemas(tmp_path)
    written = json.loads(settings.read_text("utf-8"))
    assert written["editor.tabSize"] == 2
    assert written["yaml.schemas"]["./other.json"] == "other.yaml"
    assert written["yaml.schemas"]["./schemas/journey.json"] == "journeys/**/*.yaml"


def test_writing_twice_is_the_same(tmp_path: Path) -> None:
    first = {path: path.read_bytes() for path in write_schemas(tmp_path)}
    assert {path: path.read_bytes() for path in write_schemas(tmp_path)} == first


@pytest.mark.parametrize("text", ["// a remark\n{}", "[]", '{"yaml.schemas": 5}'])
def test_settings_that_cannot_be_added_to_are_left_alone(tmp_path: Path, text: str) -> None:
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r'add this yourself\n\{\n  "yaml\.schemas"'):
        write_schemas(tmp_path)
    assert settings.read_text("utf-8") == text


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "schemas").write_text("a file", "utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        write_schemas(tmp_path)
