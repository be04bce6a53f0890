"""Settings: where they come from, which wins, and what is said when one is wrong."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orchestrator.errors import Bug, SettingsError
from orchestrator.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)


def write(project: Path, text: str) -> Path:
    path = project / "orchestrator.toml"
    path.write_text(text, "utf-8")
    return path


def refusal(project: Path, **flags: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(project, **flags)
    return str(caught.value).splitlines()


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = Settings.load(tmp_path)
    assert settings.kafka is None
    assert settings.kafka_folder == tmp_path / ".orchestrator/kafka"
    assert settings.guarantee == "exactly_once"
    assert settings.dedupe_window == 7 * 86_400_000
    assert settings.session_timeout == 12_000


def test_every_field_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_flag_wins_over_environment_wins_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'group = "file"\npartitions = 2\nhttp_port = 1\n')
    monkeypatch.setenv("ORCHESTRATOR_PARTITIONS", "3")
    monkeypatch.setenv("ORCHESTRATOR_HTTP_PORT", "2")
    settings = Settings.load(tmp_path, http_port=3, kafka_port=None)
    assert (settings.group, settings.partitions, settings.http_port, settings.kafka_port) == ("file", 3, 3, 9092)


def test_an_empty_variable_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'kafka = "a:1"\n')
    monkeypatch.setenv("ORCHESTRATOR_KAFKA", "")
    assert Settings.load(tmp_path).kafka == "a:1"


def test_settings_do_not_change(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Settings.load(tmp_path), "group", "other")  # noqa: B010


def test_lists_and_tables_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_STRICT_TOPICS", "events.click, events.call")
    monkeypatch.setenv("ORCHESTRATOR_TOPICS", "events.click=web-clicks,actions.web=site")
    settings = Settings.load(tmp_path)
    assert settings.strict_topics == ["events.click", "events.call"]
    assert settings.topic("events.click") == "web-clicks"


def test_topic_names(tmp_path: Path) -> None:
    write(tmp_path, 'prefix = "shop."\n[topics]\n"events.call" = "calls"\n')
    settings = Settings.load(tmp_path)
    assert settings.topic("events.click") == "shop.events.click"
    assert settings.topic("events.call") == "calls"
    assert settings.topic("actions.web") == "shop.actions.web"
    with pytest.raises(Bug):
        settings.topic("event.click")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kafka_prot = 1", ["there is no setting 'kafka_prot'", "did you mean 'kafka_port'?"]),
        ("project = 'x'", ["there is no setting 'project'"]),
        ("kafka = 'localhost'", ["kafka = 'localhost'", "host:port"]),
        ("kafka = 'a:1,b:70000'", ["host:port"]),
        ("kafka_port = 65536", ["kafka_port = 65536", "65535"]),
        ("partitions = 0", ["partitions = 0", "greater than or equal to 1"]),
        ("partitions = 1025", ["1024"]),
        ("guarantee = 'twice'", ["'exactly_once' or 'at_least_once'"]),
        ("clock = 'sun'", ["'wall' or 'event'"]),
        ("late_after = 5", ["late_after = 5", "'30 minutes'"]),
        ("session_timeout = '1 ms'", ["session_timeout = '1 ms'", "equal to 1 second"]),
        ("prefix = 'a b'", ["prefix = 'a b'", "letters"]),
        ("strict_topics = ['events.clik']", ["did you mean 'events.click'?"]),
        ("topics = { 'events.clik' = 'x' }", ["did you mean 'events.click'?"]),
        ("topics = { 'events.click' = 'a b' }", ["'a b' is no topic name"]),
        ("topics = { 'events.click' = 'events.call' }", ["'events.call'", "one topic on the cluster"]),
        ("replication_factor = 3", ["embedded broker is one node"]),
        ("security_protocol = 'SSL'", ["name your cluster in kafka"]),
        ("ssl_ca_file = 'missing.pem'", ["ssl_ca_file = 'missing.pem'", "no such file"]),
        ("sasl_username = 'u'", ["sasl_username", "needs security_protocol SASL_SSL"]),
    ],
)
def test_a_wrong_line_is_named_with_its_place(tmp_path: Path, line: str, expected: list[str]) -> None:
    path = write(tmp_path, f"# a comment\n{line}\n")
    (problem,) = refusal(tmp_path)
    assert problem.startswith(f"{path}:2: ")
    for part in expected:
        assert part in problem


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'clock = "sun"\nbogus = 1\n')
    monkeypatch.setenv("ORCHESTRATOR_PARTITIONS", "many")
    monkeypatch.setenv("ORCHESTRATOR_PARTITION", "4")
    problems = refusal(tmp_path, http_port=-1, foo=1)
    assert len(problems) == 6
    assert f"{path}:2: there is no setting 'bogus'" in problems
    assert any("variable ORCHESTRATOR_PARTITION:" in line and "did you mean 'partitions'?" in line for line in problems)
    assert any("variable ORCHESTRATOR_PARTITIONS: partitions = 'many'" in line for line in problems)
    assert any("flag --http-port: http_port = -1" in line for line in problems)
    assert any("flag --foo" in line for line in problems)


@pytest.mark.parametrize(
    ("content", "expected"), [(b"a = ", "no valid TOML"), (b"a = '\xff'", "no valid TOML"), (b"= 1", "line 1")]
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "orchestrator.toml").write_bytes(content)
    (problem,) = refusal(tmp_path)
    assert str(tmp_path / "orchestrator.toml") in problem
    assert expected in problem


def test_a_folder_instead_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "orchestrator.toml").mkdir()
    assert "can't be read" in refusal(tmp_path)[0]


def test_a_missing_project_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere")[0].startswith(f"project = {tmp_path / 'nowhere'}: there is no such folder")


def test_the_cache_variable_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_CACHE", str(tmp_path))
    monkeypatch.setenv("ORCHESTRATOR_PROJECT", str(tmp_path))
    Settings.load(tmp_path)


def test_secrets_are_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'sasl_pasword = "hunter2"\nssl_key_password = ["hunter2"]\n')
    monkeypatch.setenv("ORCHESTRATOR_SASL_PASSWORD", "hunter2")
    assert "hunter2" not in "\n".join(refusal(tmp_path))
    (tmp_path / "orchestrator.toml").unlink()
    settings = Settings.load(tmp_path, kafka="a:1", security_protocol="SASL_SSL", sasl_username="u")
    assert settings.sasl_password == SecretStr("hunter2")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"security_protocol": "sasl_ssl"}, ["needs sasl_username", "needs sasl_password"]),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_username": "u"}, ["needs sasl_password"]),
        ({"security_protocol": "SSL", "ssl_certificate_file": "pem"}, ["needs ssl_key_file"]),
        ({"security_protocol": "SSL", "ssl_key_file": "pem"}, ["needs ssl_certificate_file"]),
        ({"security_protocol": "SSL", "ssl_key_password": "x"}, ["needs ssl_key_file"]),
        ({"ssl_ca_file": "pem"}, ["needs security_protocol SSL"]),
    ],
)
def test_settings_that_need_each_other(tmp_path: Path, flags: dict[str, str], expected: list[str]) -> None:
    (tmp_path / "pem").touch()
    problems = refusal(tmp_path, kafka="a:1", **flags)
    assert len(problems) == len(expected)
    for problem, part in zip(problems, expected, strict=True):
        assert problem.startswith("flag --")
        assert part in problem


def test_files_are_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings = Settings.load(tmp_path, kafka="a:1", security_protocol="SSL", ssl_ca_file="ca.pem")
    assert settings.ssl_ca_file == tmp_path / "ca.pem"


def test_the_page_of_settings_is_current() -> None:
    docs = Path(__file__).parents[1] / "docs"
    page = runpy.run_path(str(docs / "settings_page.py"))["page"]
    assert (docs / "settings.md").read_text() == page(), "run python docs/settings_page.py docs/settings.md"


def test_keys_of_programs_come_from_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, '[api_keys]\nshop = "a-key-of-the-shop-1"\n')
    settings = Settings.load(tmp_path)
    assert settings.serves_api
    assert settings.api_keys == {"shop": SecretStr("a-key-of-the-shop-1")}
    monkeypatch.setenv("ORCHESTRATOR_API_KEYS", "desk=a-key-of-the-desk-1,shop=another-key-of-it")
    assert sorted(Settings.load(tmp_path).api_keys) == ["desk", "shop"]


@pytest.mark.parametrize(
    ("api", "keys", "serves"), [("auto", True, True), ("auto", False, False), ("on", True, True), ("off", True, False)]
)
def test_programs_may_ask_where_there_is_a_key(tmp_path: Path, api: str, keys: bool, serves: bool) -> None:
    flags = {"api": api, **({"api_keys": {"shop": "a-key-of-the-shop-1"}} if keys else {})}
    assert Settings.load(tmp_path, **flags).serves_api is serves


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"api": "on"}, ["api: needs a key", "write api_keys or api_keys_file"]),
        ({"api_keys": {"shop": "hunter2"}}, ["the key of 'shop' must have 16"]),
        ({"api_keys": {"Hunter2-hunter2-hunter2": "shop"}}, ["the name of a program has lower case letters"]),
        ({"api_keys": "hunter2-hunter2-hunter2"}, ["write pairs"]),
        ({"api_url": "shop"}, ["api_url"]),
        ({"api_keys_file": "nowhere"}, ["there is no such file"]),
    ],
)
def test_what_is_wrong_with_the_api_is_said_without_its_keys(
    tmp_path: Path, flags: dict[str, Any], expected: list[str]
) -> None:
    (line,) = refusal(tmp_path, **flags)
    assert [part for part in expected if part not in line] == []
    assert "hunter2" not in line.lower()
