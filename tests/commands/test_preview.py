"""``orchestrator preview`` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator import cli

JOURNEY = "journey: order\nentry: {on: Order Completed}\nsteps:\n  - act: order-mail\n"
MAIL = """\
action: order-mail
channel: email
purpose: service
content:
  subject: "Thank you, {{ customer.traits.first_name }}"
  html: "<p>{{ event.properties.total | money('EUR') }}</p>"
locales:
  de: {subject: "Danke, {{ customer.traits.first_name }}"}
"""
SMS = 'action: text\nchannel: sms\ncontent:\n  text: "Order {{ event.properties.colour }}: ş"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"journeys/order.yaml": JOURNEY, "actions/mail.yaml": MAIL, "actions/text.yaml": SMS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def preview(project: Path, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["orchestrator", "--project", str(project), "preview", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


SAID = {
    "a sample": ((), "subject:\n  Thank you, Ada\nhtml:\n  <p>€19.80</p>\n"),
    "a locale": (("--locale", "de_AT"), "subject:\n  Danke, Ada\nhtml:\n  <p>€\xa019,80</p>\n"),
    "traits": (
        ("--customer", '{"first_name": "Grace", "locale": "de"}'),
        "subject:\n  Danke, Grace\nhtml:\n  <p>19,80\xa0€</p>\n",
    ),
    "a customer": (
        ("--customer", '{"id": "u7", "traits": {"first_name": "Grace"}}'),
        "subject:\n  Thank you, Grace\nhtml:\n  <p>€19.80</p>\n",
    ),
    "properties": (("--event", '{"total": 5}'), "subject:\n  Thank you, Ada\nhtml:\n  <p>€5.00</p>\n"),
    "a call": (
        ("--event", '{"type": "track", "event": "Order Completed", "properties": {"total": 6}}'),
        "subject:\n  Thank you, Ada\nhtml:\n  <p>€6.00</p>\n",
    ),
}


@pytest.mark.parametrize(("options", "said"), SAID.values(), ids=SAID.keys())
def test_what_it_says(
    project: Path,
    options: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert preview(project, "order-mail", *options, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == said


def test_it_writes_a_page(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    customer, page = tmp_path / "customer.json", tmp_path / "mail.html"
    customer.write_text(json.dumps({"first_name": "<Ada>", "locale": "ar"}), "utf-8")

    assert (
        preview(project, "order-mail", "--customer", str(customer), "--html", str(page), monkeypatch=monkeypatch) == 0
    )
    text = page.read_text("utf-8")
    assert '<html lang="ar" dir="rtl">' in text
    assert "<title>Thank you, &lt;Ada&gt;</title>" in text
    assert "<p>€19.80</p>" in text


def test_an_sms_has_its_parts(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    colour = json.dumps({"colour": "x" * 70})

    assert preview(project, "text", "--event", colour, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.startswith("text (2 of 10 parts):\n  Order xxx")


FAILS = {
    "a template that fails": (
        ("text",),
        1,
        None,
    ),
    "an unknown action": (
        ("order-mial",),
        2,
        "error: the action 'order-mial' is unknown: did you mean 'order-mail'?\n",
    ),
    "an unknown locale": (
        ("order-mail", "--locale", "dee"),
        2,
        "error: --locale: 'dee' is no locale: did you mean 'de'?\n",
    ),
    "an unknown channel": (
        ("order-mail", "--channel", "emial"),
        2,
        "error: --channel: 'order-mail' says nothing on 'emial': did you mean 'email'?\n",
    ),
    "no file": (("order-mail", "--event", "none.json"), 2, None),
    "no JSON": (("order-mail", "--event", "{x"), 2, None),
    "a list": (("order-mail", "--event", __file__), 2, None),
}


@pytest.mark.parametrize(("arguments", "code", "said"), FAILS.values(), ids=FAILS.keys())
def test_how_it_fails(
    project: Path,
    arguments: tuple[str, ...],
    code: int,
    said: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert preview(project, *arguments, monkeypatch=monkeypatch) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said is None or error == said


def test_an_action_says_something_on_each_of_its_channels(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = "action: news\ntreatments:\n  push: {content: {text: a push}}\n  sms: {content: {text: an SMS}}\n"
    (project / "actions/news.yaml").write_text(both, "utf-8")
    assert preview(project, "news", monkeypatch=monkeypatch) == 0
    assert "a push" in capsys.readouterr().out
    assert preview(project, "news", "--channel", "sms", monkeypatch=monkeypatch) == 0
    assert "an SMS" in capsys.readouterr().out


def test_what_is_missing_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    preview(project, "text", monkeypatch=monkeypatch)

    assert capsys.readouterr().err == (
        "error: text: 'colour' is missing: give it a default, as in {{ … | default('') }}; "
        "if the event or the customer has it, give them by --event or --customer\n"
    )
