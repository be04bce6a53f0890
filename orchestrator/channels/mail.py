"""A mail as it travels, made of an action: the same bytes each time, so that a repeat can be told.

Headers are written here and not by the standard library, which reads encoded words in what it is given and, before
Python 3.11.10, could be made to begin a new header with one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

import idna

from orchestrator.channels.action import Action
from orchestrator.moments import to_datetime

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LOCAL: Final = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_PLAIN: Final = re.compile(r"[ -~]*")
_LINE_POLICY: Final = compat32.clone(linesep="\r\n", max_line_length=None)
_LOCAL_BYTES, _DOMAIN_BYTES = 64, 253
_LINE_LENGTH: Final = 76


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address as servers take it: the domain in ASCII, the part before it perhaps not."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether any server takes it, not only those with SMTPUTF8."""
        return self.local.isascii()

    @classmethod
    def read(cls, text: str) -> Address:
        """The address in a text.

        Raises:
            ValueError: it is none.
        """
        local, at, domain = text.strip().rpartition("@")
        if not at or not _LOCAL.fullmatch(local) or len(local.encode()) > _LOCAL_BYTES:
            raise ValueError(f"{text[:80]!r} is no mail address")
        try:
            # What browsers take for the same name is the same here: upper case, and the full stop of Asia.
            ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError(f"{text[:80]!r} is no mail address: {error}") from None
        if ("." not in ascii_domain and ascii_domain != "localhost") or len(ascii_domain) > _DOMAIN_BYTES:
            raise ValueError(f"{text[:80]!r} is no mail address: its domain is none")
        return cls(local, ascii_domain)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address with the name that a reader shows."""

    name: str
    address: Address

    @classmethod
    def read(cls, text: str) -> Mailbox:
        """``Shop <shop@example.org>``, or an address alone.

        Raises:
            ValueError: it is neither.
        """
        match = re.fullmatch(r"\s*(.*?)\s*<([^<>]*)>\s*", text)
        name, address = match.groups() if match else ("", text)
        return cls(name.strip('"'), Address.read(address))

    def encode(self) -> str:
        """As it stands in a header."""
        if not self.name:
            return str(self.address)
        name = _line(self.name)
        if _PLAIN.fullmatch(name) and "=?" not in name:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}" <{self.address}>'
        return f"{_encoded_words(name, 10)} <{self.address}>"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails of a sender have in common.

    ``unsubscribe`` is the URL of List-Unsubscribe with ``{names}`` to fill, for the ``purposes``.
    """

    sender: Mailbox
    reply_to: Mailbox | None = None
    unsubscribe: str | None = None
    purposes: frozenset[str] = frozenset({"marketing"})


def write_mail(action: Action, to: Address, head: Letterhead) -> bytes:
    """The mail, with CRLF at the end of each line."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in _headers(action, to, head))
    return headers.encode() + _body(action).as_bytes(policy=_LINE_POLICY)


def unsubscribe_url(template: str, action: Action) -> str:
    """The URL with what it names filled in."""
    values = {
        "action_id": action.action_id,
        "customer_id": action.customer_id,
        "channel": action.channel,
        "purpose": action.purpose,
        "journey": action.journey or action.placement or "",
    }
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})


def _headers(action: Action, to: Address, head: Letterhead) -> Iterator[tuple[str, str]]:
    yield "Date", format_datetime(to_datetime(action.decided_at_ms))
    yield "From", head.sender.encode()
    yield "To", str(to)
    if head.reply_to is not None:
        yield "Reply-To", head.reply_to.encode()
    yield "Subject", _text(str(action.content.get("subject") or ""), len("Subject: "))
    yield "Message-ID", f"<{action.action_id}@{head.sender.address.domain}>"
    if head.unsubscribe is not None and action.purpose in head.purposes:
        yield "List-Unsubscribe", f"<{unsubscribe_url(head.unsubscribe, action)}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"


def _text(text: str, column: int) -> str:
    line = _line(text)
    if _PLAIN.fullmatch(line) and "=?" not in line and column + len(line) <= 900:
        return line
    return _encoded_words(line, column)


def _line(text: str) -> str:
    """In one line: what would end a header becomes a space."""
    return _CONTROL.sub(" ", text).strip()


def _encoded_words(line: str, column: int) -> str:
    header = Header(line, "utf-8", maxlinelen=_LINE_LENGTH, header_name="x" * column)
    return header.encode(linesep="\r\n")


def _body(action: Action) -> Message:
    parts = [
        _part(str(content), kind) for kind in ("plain", "html") if (content := action.content.get(_FIELDS[kind]))
    ] or [_part("", "plain")]
    if len(parts) == 1:
        return parts[0]
    both = MIMEMultipart("alternative", boundary=f"=_{action.action_id}")
    for part in parts:
        del part["MIME-Version"]
        both.attach(part)
    return both


_FIELDS: Final = {"plain": "text", "html": "html"}
_UTF8: Final = Charset("utf-8")
_UTF8.body_encoding = QP


def _part(content: str, kind: str) -> MIMEText:
    part = MIMEText("", kind, "utf-8")
    del part["Content-Transfer-Encoding"]
    part.set_payload(content.encode("utf-8", "replace").decode(), _UTF8)
    return part
