"""Mail by SMTP."""

from __future__ import annotations

import re
import ssl
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from orchestrator.channels.action import Action
from orchestrator.channels.mail import Address, Letterhead, write_mail
from orchestrator.channels.outcome import Accepted, Bounced, Later, Outcome, Refused

_MAILS_PER_CONNECTION: Final = 100
"""Servers end a connection after some hundred by themselves, in the middle of a mail if it is so."""

_ENHANCED: Final = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
_CLOSING: Final = 421
_NO_SUCH_MAILBOX: Final = frozenset({501, 511, 550, 551, 553})
_BAD_ADDRESS: Final = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
"""Of the recipient's (RFC 3463); 1.7 and 1.8 are of the sender's."""
_FULL: Final = "2.2"

Security = Literal["none", "starttls", "tls"]
Stage = Literal["mail", "rcpt", "data"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails are handed in, and as whom. ``starttls`` is never left out because a server doesn't offer it."""

    host: str
    port: int
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    timeout_s: float = 30.0


class SmtpSender:
    """A sender of mails. Connections are kept for the next mail, as many as mails are sent at once."""

    def __init__(self, server: Server, head: Letterhead) -> None:
        self._server = server
        self._head = head
        self._idle: deque[_Connection] = deque()
        self._tls = _tls_context(server)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._idle:
            await self._idle.pop().quit()

    async def send(self, action: Action) -> Outcome:
        """One try."""
        try:
            to = Address.read(action.recipient.address)
        except ValueError as error:
            return Bounced("hard", str(error))
        content = write_mail(action, to, self._head)
        try:
            connection = await self._connection()
        except (SMTPException, OSError) as error:
            return Later(f"{self._server.host}:{self._server.port}: {_words(error)}")
        kept = False
        try:
            outcome = await connection.hand_in(str(self._head.sender.address), to, content)
            kept = connection.client.is_connected and connection.mails < _MAILS_PER_CONNECTION
        except (SMTPException, OSError) as error:
            return Later(f"{self._server.host}:{self._server.port}: {_words(error)}")
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.client.close()
        return outcome

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if await connection.is_alive():
                return connection
            connection.client.close()
        server = self._server
        client = SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout_s,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
            username=server.username,
            password=server.password,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return _Connection(client)


@dataclass(slots=True)
class _Connection:
    client: SMTP
    mails: int = 0

    async def hand_in(self, sender: str, to: Address, content: bytes) -> Outcome:
        """Raises what aiosmtplib raises but the server's refusals."""
        self.mails += 1
        options = ["SMTPUTF8", "BODY=8BITMIME"] if not to.is_ascii else []
        if options and self.client.is_ehlo_or_helo_needed:
            await self.client.ehlo()
        if options and not self.client.supports_extension("smtputf8"):
            return Refused(f"the address is not ASCII, and the server has no SMTPUTF8: {to}")
        encoding = "utf-8" if options else "ascii"
        stage: Stage = "mail"
        try:
            await self.client.mail(sender, options=options, encoding=encoding)
            stage = "rcpt"
            await self.client.rcpt(str(to), encoding=encoding)
            stage = "data"
            await self.client.data(content)
        except SMTPResponseException as answer:
            return verdict(stage, answer.code, answer.message)
        return Accepted()

    async def is_alive(self) -> bool:
        """Whether the server still listens; it begins anew, too."""
        try:
            await self.client.rset()
        except (SMTPException, OSError):
            return False
        return True

    async def quit(self) -> None:
        try:
            await self.client.quit()
        except (SMTPException, OSError):
            self.client.close()


def verdict(stage: Stage, code: int, message: str) -> Outcome:
    """What a server's refusal means.

    A no to the sender's address (``mail``) is about our settings and not about this mail: it is tried again, and opens
    the circuit breaker.
    """
    text = f"{code} {' '.join(message.split())}"
    match = _ENHANCED.match(message)
    status = f"{int(match[2])}.{int(match[3])}" if match else None
    if stage == "mail" or code == _CLOSING:
        return Later(text)
    if code < 500:
        return Later(text, of_recipient=stage == "rcpt" and not (status or "").startswith("3."))
    if status == _FULL or (status is None and stage == "rcpt" and code == 552):
        return Bounced("soft", text)
    if status in _BAD_ADDRESS or (status is None and stage == "rcpt" and code in _NO_SUCH_MAILBOX):
        return Bounced("hard", text)
    return Refused(text)


def _words(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {' '.join(error.message.split())}"
    return str(error) or type(error).__name__


def _tls_context(server: Server) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=server.ca_file) if server.security != "none" else None
