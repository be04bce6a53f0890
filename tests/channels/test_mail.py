"""A mail as it travels."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.channels.mail import Address, Letterhead, Mailbox, unsubscribe_url, write_mail
from tests.channels.saying import action, action_id

ADA = Address.read("ada@example.com")
HEAD = Letterhead(Mailbox.read("Shop <shop@example.org>"))
ONE_CLICK = Letterhead(HEAD.sender, unsubscribe="https://example.org/no?a={action_id}&c={customer_id}")
HEADERS = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def written(head: Letterhead = HEAD, to: Address = ADA, **changes: Any) -> EmailMessage:
    raw = write_mail(action(**changes), to, head)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw), "each line ends with CRLF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_both_forms_go_as_alternatives_the_richer_one_last() -> None:
    mail = written(content={"subject": "Grüße", "html": "<p>Käse für 5 €</p>", "text": "Käse für 5 €"})
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().strip() == "Käse für 5 €"
    assert html.get_content().strip() == "<p>Käse für 5 €</p>"
    assert mail["Subject"] == "Grüße"


@pytest.mark.parametrize(("field", "kind"), [("html", "text/html"), ("text", "text/plain")])
def test_one_form_goes_alone(field: str, kind: str) -> None:
    mail = written(content={"subject": "Hello", field: "Hello\nyou\n.\n..dots"})
    assert mail.get_content_type() == kind
    assert mail.get_content().splitlines() == ["Hello", "you", ".", "..dots"]
    assert list(mail.keys()) == [*HEADERS[:5], *mail.keys()[5:]]


def test_who_writes_when_and_under_which_id() -> None:
    mail = written(Letterhead(Mailbox.read('"Müller & Söhne" <shop@example.org>'), Mailbox.read("help@example.org")))
    assert mail["From"] == "Müller & Söhne <shop@example.org>"
    assert mail["Reply-To"] == "help@example.org"
    assert mail["To"] == "ada@example.com"
    assert mail["Message-ID"] == f"<{action_id('hello')}@example.org>"
    assert mail["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"


def test_the_same_action_gives_the_same_bytes() -> None:
    content = {"subject": "Hello", "html": "<p>a</p>", "text": "a"}
    assert write_mail(action(content=content), ADA, HEAD) == write_mail(action(content=content), ADA, HEAD)


def test_unsubscribing_takes_one_click() -> None:
    mail = written(ONE_CLICK, customer="a b/ü&c=d>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"] == f"<https://example.org/no?a={action_id('hello')}&c=a%20b%2F%C3%BC%26c%3Dd%3E>"


def test_a_receipt_has_nothing_to_unsubscribe_from() -> None:
    assert written(ONE_CLICK, purpose="transactional")["List-Unsubscribe"] is None


def test_braces_that_are_none_of_ours_stay() -> None:
    assert unsubscribe_url("https://a.b/{{x}}/{journey}", action()) == "https://a.b/{x}/cart-rescue"


INJECTIONS = [
    "Hello\r\nBcc: eve@example.org",
    "Hello\nBcc: eve@example.org",
    "Hello\r\n\r\n<p>mine</p>",
    "Hello\x0bBcc: eve\x85Bcc: eve\u2028Bcc: eve@example.org",
    "=?utf-8?q?Hello=0D=0ABcc:_eve=40example.org?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogZXZlQGV4YW1wbGUub3Jn?=",
    "Hi =?utf-8?q?=0A?= Bcc: eve@example.org",
]


@pytest.mark.parametrize("subject", INJECTIONS)
def test_a_subject_begins_no_header(subject: str) -> None:
    mail = written(content={"subject": subject, "text": "Hello"})
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail.get_content().strip() == "Hello"


@pytest.mark.parametrize("name", INJECTIONS)
def test_nor_does_a_name(name: str) -> None:
    mail = written(Letterhead(Mailbox(name, Address.read("shop@example.org"))), content={"subject": "a", "text": "a"})
    assert sorted(mail.keys()) == sorted(HEADERS)


@given(st.text(), st.text(min_size=1), st.text())
def test_whatever_they_say_it_is_a_mail_and_says_it(subject: str, text: str, name: str) -> None:
    head = Letterhead(Mailbox(name, Address.read("shop@example.org")))
    mail = written(head, content={"subject": subject, "text": text})
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail["Message-ID"] == f"<{action_id('hello')}@example.org>"
    body = mail.get_content()
    assert body.split() == text.split() or "\x00" in text or not body.isprintable()


@pytest.mark.parametrize(
    ("text", "address", "is_ascii"),
    [
        ("ada@example.com", "ada@example.com", True),
        (" ada+shop@EXAMPLE.com ", "ada+shop@example.com", True),
        ("ada@straße.de", "ada@xn--strae-oqa.de", True),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", True),
        ("ada@例え。jp", "ada@xn--r8jz45g.jp", True),
        ("jürgen@example.de", "jürgen@example.de", False),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp", False),
        ("root@localhost", "root@localhost", True),
    ],
)
def test_addresses(text: str, address: str, is_ascii: bool) -> None:
    found = Address.read(text)
    assert (str(found), found.is_ascii) == (address, is_ascii)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.com", "ada@", "ada@com", "ada@ex ample.com", "a da@example.com", "ada@-a-.com"),
        *(
            "ada@example.com\r\nBcc: eve@example.org",
            "ada@example.com>",
            "<ada@example.com>",
            "ada@example.com,eve@a.b",
        ),
        *("ada@@example.com", "ada..b@example.com", ".ada@example.com", '"ada eve"@example.com', "ada\x00@example.com"),
        *(f"{'a' * 65}@example.com", f"ada@{'a' * 64}.com", "ada@example.com SIZE=1", "ada@[127.0.0.1]"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no mail address"):
        Address.read(text)
