"""The senders that come with the package, made of their settings."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from yarl import URL

from orchestrator.channels.console import ConsoleSender
from orchestrator.channels.mail import Letterhead, Mailbox
from orchestrator.channels.sender import Sender
from orchestrator.channels.settings import SenderSettings, SmtpSettings, WebhookSettings, secret_keys
from orchestrator.channels.smtp import Server, SmtpSender
from orchestrator.channels.webhook import Endpoint, WebhookSender
from orchestrator.errors import SettingsError

_PORTS = {"tls": 465, "starttls": 587, "none": 25}


def make(settings: SenderSettings, clock: Callable[[], int]) -> Sender:
    """The sender of a kind; the clock is in UTC ms.

    Raises:
        SettingsError: a file that they name is not what it must be.
    """
    match settings:
        case SmtpSettings():
            return _smtp(settings)
        case WebhookSettings(url=url, secret=secret, authorization=authorization):
            bearer = authorization.get_secret_value() if authorization is not None else None
            return WebhookSender(Endpoint(URL(url), secret_keys(secret), bearer), clock)
        case _:
            return ConsoleSender()


def _smtp(settings: SmtpSettings) -> SmtpSender:
    server = Server(
        settings.host,
        settings.port or _PORTS[settings.security],
        settings.security,
        settings.username,
        settings.password.get_secret_value() if settings.password is not None else None,
        settings.ca_file,
        settings.timeout / 1000,
    )
    head = Letterhead(
        Mailbox.read(settings.sender),
        Mailbox.read(settings.reply_to) if settings.reply_to is not None else None,
        settings.unsubscribe_url,
        frozenset(settings.unsubscribe_purposes),
    )
    try:
        return SmtpSender(server, head)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"senders.{settings.name}.ca_file = {settings.ca_file}: no certificates in PEM format: {error}"
        ) from error
