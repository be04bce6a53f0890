"""A real SMTP server in the test's own loop, which takes, refuses and breaks off as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from warnings import catch_warnings, simplefilter

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailroom:
    """What the server was given, and what it says: replies by recipient, by stage, and how often."""

    taken: list[Envelope] = field(default_factory=list)
    connections: int = 0
    senders: str | None = None
    """Its reply to MAIL; None takes it."""
    recipients: dict[str, list[str]] = field(default_factory=dict)
    """Replies to RCPT by address: one a try, then it is taken."""
    content: list[str] = field(default_factory=list)
    """Replies to DATA: one a try, then it is taken."""

    @property
    def mails(self) -> list[EmailMessage]:
        return [parsed(envelope) for envelope in self.taken]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.senders is not None:
            return self.senders
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        replies = self.recipients.get(address)
        if replies:
            return replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.content:
            return self.content.pop(0)
        self.taken.append(envelope)
        return "250 OK"


def parsed(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def the_one_user(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """``shop`` with the password ``open sesame``."""
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"shop", b"open sesame")
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def serving(
    room: Mailroom, *, tls: ssl.SSLContext | None = None, implicit: bool = False, auth: bool = False, utf8: bool = True
) -> AsyncIterator[int]:
    """The port of a server; with ``tls`` it wants STARTTLS, or speaks TLS at once."""

    def protocol() -> SMTP:
        with catch_warnings():
            # It would rather have its own TLS before a password, and doesn't see ours.
            simplefilter("ignore")
            return SMTP(
                room,
                hostname="mail.example.org",
                enable_SMTPUTF8=utf8,
                tls_context=None if implicit else tls,
                require_starttls=tls is not None and not implicit,
                authenticator=the_one_user if auth else None,
                auth_required=auth,
                auth_require_tls=tls is not None and not implicit,
                loop=asyncio.get_running_loop(),
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
