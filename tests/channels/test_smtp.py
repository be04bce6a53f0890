"""Mails to a real server, and what its answers mean."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from orchestrator.channels.mail import Letterhead, Mailbox
from orchestrator.channels.outcome import Accepted, Bounced, Later, Outcome, Refused
from orchestrator.channels.smtp import Server, SmtpSender, verdict
from tests.channels.mail_server import Mailroom, serving
from tests.channels.saying import action, action_id

HEAD = Letterhead(Mailbox.read("Shop <shop@example.org>"))


def sending(
    room: Mailroom, talk: Callable[[SmtpSender], Awaitable[Any]], server: dict[str, Any] | None = None, **options: Any
) -> Any:
    """What a talk with a sender gives whose server is ours."""

    async def main() -> Any:
        async with serving(room, **options) as port:
            settings: dict[str, Any] = {"security": "none", "timeout_s": 5.0, **(server or {})}
            async with SmtpSender(Server("localhost", port, **settings), HEAD) as sender:
                return await talk(sender)

    return asyncio.run(main())


def sent(
    room: Mailroom, server: dict[str, Any] | None = None, address: str = "ada@example.com", **options: Any
) -> Outcome:
    """The outcome of one try."""
    outcome: Outcome = sending(room, lambda sender: sender.send(action(address=address)), server, **options)
    return outcome


def test_a_mail_arrives_as_it_was_written() -> None:
    room = Mailroom()
    assert sent(room) == Accepted()
    (mail,) = room.mails
    assert mail["Subject"] == "Your cart is still here"
    assert mail["Message-ID"] == f"<{action_id('hello')}@example.org>"
    assert mail.get_content().strip() == "<p>Hello</p>"
    (envelope,) = room.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@example.org", ["ada@example.com"])


def test_a_repeat_has_the_same_message_id_and_bytes() -> None:
    room = Mailroom()
    sent(room)
    sent(room)
    assert room.taken[0].content == room.taken[1].content


def test_one_connection_serves_many_mails_and_a_refusal_does_not_end_it() -> None:
    room = Mailroom(recipients={"ada@example.com": ["550 5.1.1 no such user"]})

    async def talk(sender: SmtpSender) -> list[Outcome]:
        return [await sender.send(action(f"{number}")) for number in range(5)]

    outcomes = sending(room, talk)
    assert outcomes == [Bounced("hard", "550 5.1.1 no such user"), *[Accepted()] * 4]
    assert room.connections == 1


def test_several_go_at_once_on_connections_of_their_own() -> None:
    room = Mailroom()

    async def talk(sender: SmtpSender) -> list[Outcome]:
        return list(await asyncio.gather(*(sender.send(action(f"{number}")) for number in range(4))))

    assert sending(room, talk) == [Accepted()] * 4
    assert room.connections == 4


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    room = Mailroom()

    async def talk(sender: SmtpSender) -> list[Outcome]:
        first = await sender.send(action("1"))
        sender._idle[0].client.close()
        return [first, await sender.send(action("2"))]

    assert sending(room, talk) == [Accepted(), Accepted()]
    assert room.connections == 2


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("550 5.1.1 no such user", Bounced("hard", "550 5.1.1 no such user")),
        ("550 no such user", Bounced("hard", "550 no such user")),
        ("550 5.2.1 disabled", Bounced("hard", "550 5.2.1 disabled")),
        ("552 5.2.2 full", Bounced("soft", "552 5.2.2 full")),
        ("554 5.7.1 we don't like you", Refused("554 5.7.1 we don't like you")),
        ("450 4.2.0 greylisted", Later("450 4.2.0 greylisted", of_recipient=True)),
        ("452 4.2.2 full", Later("452 4.2.2 full", of_recipient=True)),
        ("451 4.3.0 our disk is broken", Later("451 4.3.0 our disk is broken")),
    ],
)
def test_what_it_says_of_the_recipient(reply: str, outcome: Outcome) -> None:
    room = Mailroom(recipients={"ada@example.com": [reply]})
    assert sent(room) == outcome
    assert room.taken == []


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("554 5.6.0 spam", Refused("554 5.6.0 spam")),
        ("550 spam", Refused("550 spam")),
        ("550 5.1.1 no such user after all", Bounced("hard", "550 5.1.1 no such user after all")),
        ("451 try later", Later("451 try later")),
    ],
)
def test_what_it_says_of_the_mail(reply: str, outcome: Outcome) -> None:
    assert sent(Mailroom(content=[reply])) == outcome


def test_a_no_to_our_own_address_is_no_customers_fault() -> None:
    assert sent(Mailroom(senders="550 5.7.1 who are you")) == Later("550 5.7.1 who are you")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_server_that_closes_is_tried_again(stage: Any) -> None:
    assert verdict(stage, 421, "4.3.2 closing") == Later("421 4.3.2 closing")


def test_an_address_that_is_none_bounces_without_a_connection() -> None:
    room = Mailroom()
    outcome = sent(room, address="ada@example.com\r\nRCPT TO:<eve@example.org>")
    assert isinstance(outcome, Bounced)
    assert outcome.kind == "hard"
    assert room.connections == 0


def test_an_address_of_other_letters_arrives() -> None:
    room = Mailroom()
    assert sent(room, address="jürgen@bücher.example") == Accepted()
    (envelope,) = room.taken
    assert envelope.rcpt_tos == ["jürgen@xn--bcher-kva.example"]
    assert "SMTPUTF8" in envelope.mail_options
    assert room.mails[0]["To"] == "jürgen@xn--bcher-kva.example"


def test_unless_the_server_cannot() -> None:
    outcome = sent(Mailroom(), address="jürgen@example.de", utf8=False)
    assert isinstance(outcome, Refused)
    assert "SMTPUTF8" in outcome.reason
    assert sent(Mailroom(), address="ada@bücher.example", utf8=False) == Accepted()


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

        async def main() -> Outcome:
            async with SmtpSender(Server("127.0.0.1", port, "none"), HEAD) as sender:
                return await sender.send(action())

        outcome = asyncio.run(main())
    assert isinstance(outcome, Later)
    assert f"127.0.0.1:{port}" in outcome.reason


def test_a_server_that_hangs_up_in_the_middle_is_tried_again() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.close()
        await writer.wait_closed()

    async def main() -> Outcome:
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with SmtpSender(Server("127.0.0.1", port, "none", timeout_s=5.0), HEAD) as sender:
                return await sender.send(action())

    assert isinstance(asyncio.run(main()), Later)


class Certificates:
    """Those of a server, and the file of who signed them."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.file)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(self.context)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_encrypted_and_with_a_password(certificates: Certificates, security: str, implicit: bool) -> None:
    room = Mailroom()
    server = {
        "security": security,
        "ca_file": certificates.file,
        "username": "shop",
        "password": "open sesame",
    }
    assert sent(room, server, tls=certificates.context, implicit=implicit, auth=True) == Accepted()
    assert len(room.taken) == 1


def test_a_wrong_password_is_tried_again_and_not_told() -> None:
    server = {"username": "shop", "password": "open sesame!"}
    outcome = sent(Mailroom(), server, auth=True)
    assert isinstance(outcome, Later)
    assert "535" in outcome.reason
    assert "sesame" not in outcome.reason


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_strangers_is_refused(certificates: Certificates, security: str) -> None:
    room = Mailroom()
    outcome = sent(room, {"security": security}, tls=certificates.context, implicit=security == "tls")
    assert isinstance(outcome, Later)
    assert room.taken == []


def test_a_server_without_starttls_gets_nothing() -> None:
    room = Mailroom()
    outcome = sent(room, {"security": "starttls"})
    assert isinstance(outcome, Later)
    assert room.taken == []
