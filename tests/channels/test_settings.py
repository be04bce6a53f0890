"""The settings of senders: where they come from, and what is said when one is wrong."""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from orchestrator.channels.console import ConsoleSender
from orchestrator.channels.kinds import make
from orchestrator.channels.settings import SmtpSettings, WebhookSettings, load, load_own
from orchestrator.channels.smtp import SmtpSender
from orchestrator.channels.webhook import WebhookSender
from orchestrator.errors import SettingsError
from orchestrator.settings import Settings

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
SMTP = '[senders.email]\nkind = "smtp"\nhost = "mail.example.org"\nfrom = "Shop <shop@example.org>"\n'
WEBHOOK = f'[senders.crm]\nkind = "webhook"\nurl = "https://crm.example.org/actions"\nsecret = "{SECRET}"\n'


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ORCHESTRATOR_")]:
        monkeypatch.delenv(name)


def loaded(project: Path, text: str, name: str = "email") -> Any:
    (project / "orchestrator.toml").write_text(text, "utf-8")
    return load(Settings.load(project), name)


def refusal(project: Path, text: str, name: str = "email") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        loaded(project, text, name)
    return str(caught.value).splitlines()


def test_little_is_enough(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SMTP)
    assert isinstance(settings, SmtpSettings)
    assert settings.channels == ("email",)
    assert (settings.concurrency, settings.timeout, settings.tries) == (16, 30_000, 12)
    assert settings.security == "starttls"
    assert isinstance(make(settings, int), SmtpSender)


def test_the_environment_wins_and_keeps_the_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_SENDERS__EMAIL__PASSWORD", "hunter2")
    monkeypatch.setenv("ORCHESTRATOR_SENDERS__EMAIL__USERNAME", "shop")
    monkeypatch.setenv("ORCHESTRATOR_SENDERS__EMAIL__CHANNELS", "email, newsletter")
    monkeypatch.setenv("ORCHESTRATOR_SENDERS__EMAIL__CONCURRENCY", "3")
    settings = loaded(tmp_path, SMTP + "concurrency = 2\n")
    assert settings.password.get_secret_value() == "hunter2"
    assert (settings.channels, settings.concurrency) == (("email", "newsletter"), 3)
    assert "hunter2" not in repr(settings)


def test_a_name_with_a_hyphen_has_an_underscore_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_SENDERS__IN_APP__URL", "https://app.example.org/")
    settings = loaded(tmp_path, f'[senders.in-app]\nkind = "webhook"\nsecret = "{SECRET}"\n', "in-app")
    assert isinstance(settings, WebhookSettings)
    assert settings.url == "https://app.example.org/"


def test_the_three_kinds(tmp_path: Path) -> None:
    assert isinstance(make(loaded(tmp_path, WEBHOOK, "crm"), int), WebhookSender)
    assert isinstance(make(loaded(tmp_path, '[senders.web]\nkind = "console"\n', "web"), int), ConsoleSender)


def test_a_sender_of_ones_own_needs_no_table_and_no_kind(tmp_path: Path) -> None:
    assert load_own(Settings.load(tmp_path), "sms").channels == ("sms",)
    (tmp_path / "orchestrator.toml").write_text("[senders.sms]\nper_second = 20\n", "utf-8")
    assert load_own(Settings.load(tmp_path), "sms").per_second == 20


def test_a_worker_does_not_ask_whether_senders_are_right(tmp_path: Path) -> None:
    (tmp_path / "orchestrator.toml").write_text('[senders.email]\npassword = "hunter2"\nbogus = 1\n', "utf-8")
    assert "hunter2" not in repr(Settings.load(tmp_path))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hots = 'a'", ["there is no such setting; did you mean 'host'?"]),
        ("concurrency = 0", ["concurrency = 0", "greater than or equal to 1"]),
        ("per_second = nan", ["per_second = nan"]),
        ("timeout = 5", ["timeout = 5", "'30 minutes'"]),
        ("timeout = '1 ms'", ["equal to 100 milliseconds"]),
        ("security = 'ssl'", ["'none', 'starttls' or 'tls'"]),
        ("channels = ['E mail']", ["'E mail' is no channel"]),
        ("reply_to = 'nobody'", ["'nobody' is no mail address"]),
        ("reply_to = 'jürgen@example.de'", ["is not ASCII"]),
        ("unsubscribe_url = 'http://example.org/{action_id}'", ["https URL"]),
        ("unsubscribe_url = 'https://example.org/{customer_id}'", ["needs {action_id}"]),
        ("unsubscribe_url = 'https://example.org/{address}'", ["there is no {address}; there are action_id"]),
        ("unsubscribe_url = 'https://example.org/{'", ["write a brace"]),
        ("unsubscribe_url = 'https://example.org/{action_id}\\nX: y'", ["https URL"]),
        ("username = 'shop'", ["username and password need each other"]),
    ],
)
def test_a_wrong_line_is_named_with_its_place(tmp_path: Path, line: str, expected: list[str]) -> None:
    before = "[senders.other]\nconcurrency = 1\n\n"
    quoted = line.replace("'", '"') if "\\n" in line else line
    (problem,) = refusal(tmp_path, f"{before}{SMTP}{quoted}\n")
    place = "4" if "need each other" in expected[0] else "8"
    assert problem.startswith(f"{tmp_path / 'orchestrator.toml'}:{place}: senders.email.")
    for part in expected:
        assert part in problem


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    problems = refusal(tmp_path, '[senders.email]\nkind = "smtp"\n')
    assert [line.partition(": ")[2] for line in problems] == [
        "senders.email.host: is missing",
        "senders.email.from: is missing",
    ]
    (problem,) = refusal(tmp_path, '[senders.crm]\nkind = "webhook"\nurl = "https://a.b/"\n', "crm")
    assert problem.endswith("senders.crm.secret: is missing, best in ORCHESTRATOR_SENDERS__CRM__SECRET")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no table [senders.email]"),
        ("[senders.email]\nhost = 'a'\n", "kind is missing"),
        ("[senders.email]\nkind = 'smpt'\n", "did you mean 'smtp'?"),
        ("senders = 5\n", "senders"),
    ],
)
def test_no_sender_at_all(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(refusal(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        SMTP + 'password = ["hunter2"]\n',
        SMTP + 'password = "hunter2"\nusername = "shop"\nsecurity = "none"\n',
        WEBHOOK.replace(SECRET, "hunter2").replace("crm", "email"),
        "[senders]\nemail = 'hunter2'\n",
    ],
)
def test_secrets_are_never_shown(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in "\n".join(refusal(tmp_path, text))


@pytest.mark.parametrize("url", ["crm.example.org", "ftp://a.b/", "https://", "https://user:hunter2@a.b/", "http://[x"])
def test_a_webhook_needs_a_whole_url(tmp_path: Path, url: str) -> None:
    (problem,) = refusal(tmp_path, WEBHOOK.replace("https://crm.example.org/actions", url), "crm")
    assert "senders.crm.url" in problem


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    settings = loaded(tmp_path, f'{SMTP}ca_file = "{tmp_path / "ca.pem"}"\n')
    with pytest.raises(SettingsError, match=r"senders\.email\.ca_file"):
        make(settings, int)
