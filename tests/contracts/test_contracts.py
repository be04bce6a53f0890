"""The contracts: what is checked in is what the models say, and the models say what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from orchestrator.contracts.__main__ import differences, files, main, write
from orchestrator.contracts.actions import ACTION, Action
from orchestrator.contracts.content import action_model, content_model
from orchestrator.contracts.definitions import Definitions
from orchestrator.contracts.schemas import contracts
from orchestrator.journeys.definition import ChannelDefinition
from orchestrator.journeys.load import default_channels, load

ROOT = Path(__file__).resolve().parents[2]
CHANNELS = default_channels()
CONTRACTS = contracts(CHANNELS)
SCHEMAS = {path: orjson.loads(text) for path, text in files().items() if path.endswith(".json")}


def test_what_is_checked_in_is_current() -> None:
    assert differences(ROOT / "topics") == [], "run 'make schemas'"


def test_writing_brings_a_folder_up_to_date_and_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(write(tmp_path)) == sorted(files())
    assert write(tmp_path) == []
    (tmp_path / "schemas/old.json").write_text("{}")
    (tmp_path / "topics.yaml").write_text("")

    assert main(["--check", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/schemas/old.json is out of date: run 'make schemas'",
        f"{tmp_path}/topics.yaml is out of date: run 'make schemas'",
    ]
    assert main(["--write", str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    assert not (tmp_path / "schemas/old.json").exists()


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_has_an_id_without_a_host(path: str) -> None:
    schema = SCHEMAS[path]
    name = path.removeprefix("schemas/").removesuffix(".json")

    assert schema["$id"] == f"orchestrator:{name}"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", [path for path in SCHEMAS if path != "schemas/definitions.json"])
def test_a_schema_describes_every_field(path: str) -> None:
    assert list(_undescribed(SCHEMAS[path])) == []


def _undescribed(schema: dict[str, Any]) -> Iterator[str]:
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, field in model.get("properties", {}).items():
            if not field.keys() & {"description", "const", "enum", "$ref"}:
                yield f"{model['title']}.{name}"


def _examples() -> Iterator[Any]:
    for path, schema in SCHEMAS.items():
        for model in (schema, *schema.get("$defs", {}).values()):
            for example in model.get("examples", ()):
                name = path.removeprefix("schemas/").removesuffix(".json")
                yield pytest.param(CONTRACTS[name], example, id=f"{name} {model.get('title', '')}")


@pytest.mark.parametrize(("contract", "example"), list(_examples()))
def test_examples_are_valid_and_survive_a_round_trip(contract: TypeAdapter[Any], example: Any) -> None:
    read = contract.validate_json(orjson.dumps(example))

    written = contract.dump_json(read, by_alias=True, exclude_unset=True)
    assert orjson.loads(written) == example
    assert contract.validate_json(written) == read


SENT = ["action", "cancel", "action-headers", "decision", "journey-log", "clock"]


@pytest.mark.parametrize("name", [*SENT, "actions.email"])
def test_what_we_send_has_exactly_its_fields(name: str) -> None:
    contract, schema = CONTRACTS[name], SCHEMAS[f"schemas/{name}.json"]
    models = [model for model in (schema, *schema.get("$defs", {}).values()) if "examples" in model]
    for model in models:
        example = model["examples"][0]
        with pytest.raises(ValidationError, match="extra_forbidden"):
            contract.validate_python({**example, "more": 1})
        for field in model["required"]:
            with pytest.raises(ValidationError):
                contract.validate_python({key: value for key, value in example.items() if key != field})


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", "cancel"),
        ("action_id", "9F8B0C6DE1B44C0DB4E0C66A7C1F5E02"),
        ("customer_id", ""),
        ("customer_id", 7),
        ("priority", "40"),
        ("priority", 1_001),
        ("action", "Cart Rescue"),
        ("decided_at", "2026-01-02T03:04:05Z"),
        ("decided_at", "2026-02-30T03:04:05.678Z"),
        ("decided_at", "2026-01-02T03:04:05.678+00:00"),
        ("recipient", {"address": "a", "locale": 5, "timezone": None}),
        ("recipient", {"address": "a"}),
        ("trigger", None),
    ],
)
def test_what_an_action_may_not_say(field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Action.model_validate({**ACTION, field: wrong})

    assert {error["loc"][0] for error in caught.value.errors()} == {field}


def test_a_journal_comes_back_as_lists_of_json() -> None:
    value = {
        "kind": "journal",
        "partition": 0,
        "env": "e",
        "entries": [["events.click", 0, 1, 5], ["timer", "u:1", 6], ["timer", 1, 2, 3]],
    }
    contract = CONTRACTS["journey-log"]

    assert orjson.loads(contract.dump_json(contract.validate_python(value), exclude_unset=True)) == value


def test_a_field_of_a_channel_that_is_not_required_is_left_out_or_right() -> None:
    email = content_model("email", CHANNELS["email"])

    email.model_validate({"subject": "s", "html": "h"})
    for wrong in ({"subject": "s", "html": "h", "text": None}, {"subject": "s" * 201, "html": "h"}, {"subject": "s"}):
        with pytest.raises(ValidationError):
            email.model_validate(wrong)


def test_a_channel_of_ones_own_has_a_contract_too() -> None:
    definition = ChannelDefinition.model_validate(
        {
            "address": "traits.letterbox",
            "content": {"fields": {"type": "map"}, "model_config": {"one_of": ["a4"]}, "by-when": {"type": "time"}},
        }
    )
    content = {"fields": {"a": 1}, "model_config": "a4", "by-when": "2026-01-02T03:04:05Z"}
    letter = action_model("paper-letter", definition)

    read = letter.model_validate({**ACTION, "channel": "paper-letter", "content": content})
    assert read.model_dump(by_alias=True)["content"] == content
    assert letter.__name__ == "PaperLetterAction"
    with pytest.raises(ValidationError):
        letter.model_validate({**ACTION, "channel": "email", "content": content})


def test_the_definitions_of_the_shop_are_in_form() -> None:
    pack = load(ROOT / "examples/shop").to_json()

    assert Definitions.model_validate_json(pack).journeys


def test_every_schema_that_a_topic_names_is_there_and_every_schema_is_named() -> None:
    topics = yaml.safe_load(files()["topics.yaml"])["topics"]
    named = set(re.findall(r"schemas/[a-z.-]+\.json", str(topics)))
    parts = {"schemas/action.json", "schemas/cancel.json"}

    assert named | parts == set(SCHEMAS)
    assert {f"actions.{channel}" for channel in CHANNELS} < set(topics)
