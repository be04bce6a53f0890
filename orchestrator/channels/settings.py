"""The settings of senders: a table ``[senders.NAME]`` of ``orchestrator.toml`` for each, and the environment.

The environment wins: ``ORCHESTRATOR_SENDERS__EMAIL__PASSWORD`` is ``password`` of ``[senders.email]``; secrets belong
there.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from yarl import URL

from orchestrator.channels.mail import Mailbox
from orchestrator.channels.signature import read_secret
from orchestrator.durations import DurationMs, format_duration
from orchestrator.errors import SettingsError
from orchestrator.kafka.names import action_topic, is_logical
from orchestrator.settings import FILE_NAME, SENDER_VARIABLES, Settings

_SECRETS: Final = frozenset({"password", "secret", "authorization"})
_URL_NAMES: Final = frozenset({"action_id", "customer_id", "channel", "purpose", "journey"})
_DURATIONS: Final = frozenset({"timeout", "retry_first", "retry_most", "breaker_window", "breaker_pause", "remember"})
_SHOWN_LENGTH: Final = 80
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_BOUND = re.compile(r"(?<=equal to )\d+$")


def _split(value: Any) -> Any:
    """A list as an environment variable writes it: ``a,b``."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_split), Field(min_length=1)]


def _duration(default: str, description: str) -> Any:
    return Field(default, description=description)


class SenderSettings(BaseModel):
    """What all senders have, a sender of your own too."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, str_strip_whitespace=True)

    name: str = Field(description="That of its table.")
    channels: Texts = Field(description="Channels whose actions it sends; else the one of its name.")
    concurrency: int = Field(16, ge=1, le=1_000, description="Actions that are sent at once.")
    per_second: float | None = Field(
        None, gt=0, le=100_000, allow_inf_nan=False, description="Most actions in a second; else no bound."
    )
    timeout: Annotated[DurationMs, Field(ge=100, le=600_000)] = _duration("30 seconds", "A longer try failed.")
    tries: int = Field(12, ge=1, le=1_000, description="Tries of one action, the first one counted.")
    retry_first: Annotated[DurationMs, Field(ge=1)] = _duration(
        "5 seconds", "The wait after the first try, doubled each time."
    )
    retry_most: Annotated[DurationMs, Field(ge=1)] = _duration("30 minutes", "The longest wait between two tries.")
    breaker_failures: int = Field(
        5, ge=1, le=10_000, description="So many failures of the provider open the circuit breaker,"
    )
    breaker_window: Annotated[DurationMs, Field(ge=1)] = _duration(
        "1 minute", "if they come within this time and no more tries succeed meanwhile;"
    )
    breaker_pause: Annotated[DurationMs, Field(ge=1)] = _duration("30 seconds", "for this time nothing is tried then.")
    remember: Annotated[DurationMs, Field(ge=60_000)] = _duration(
        "8 days", "How long a sent action is known; longer than the action topics keep theirs."
    )
    in_hand: int = Field(1_000, ge=1, le=100_000, description="Actions read ahead, with those that wait.")

    @field_validator("channels")
    @classmethod
    def _check_channels(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        for channel in channels:
            if not is_logical(action_topic(channel)):
                raise ValueError(f"'{channel}' is no channel: lower case letters, digits and hyphens")
        return channels


class OwnSettings(SenderSettings):
    """Of a sender that is run by :func:`orchestrator.channels.serve`."""


class ConsoleSettings(SenderSettings):
    """Actions as lines on standard output."""

    kind: Literal["console"]


class WebhookSettings(SenderSettings):
    """Actions to a URL."""

    kind: Literal["webhook"]
    url: str = Field(description="Where each action is posted to.")
    secret: SecretStr = Field(description="Signs the posts: whsec_ and base64; or an old one and a new one.")
    authorization: SecretStr | None = Field(None, description="The header Authorization, such as 'Bearer …'.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        try:
            found = URL(url)
        except ValueError as error:
            raise ValueError(f"is no URL: {error}") from None
        if found.scheme not in ("http", "https") or not found.host:
            raise ValueError("write a whole URL, such as https://crm.example.org/actions")
        if found.user is not None:
            raise ValueError("it has credentials in it: put them into authorization")
        return url

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: SecretStr) -> SecretStr:
        if not secret_keys(secret):
            raise ValueError("is empty")
        return secret


class SmtpSettings(SenderSettings):
    """Mail."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["smtp"]
    host: str = Field(min_length=1, description="The server that takes our mail.")
    port: int | None = Field(None, ge=1, le=65535, description="Its port; else 465 (tls), 587 (starttls) or 25 (none).")
    security: Literal["none", "starttls", "tls"] = Field("starttls", description="How the connection is encrypted.")
    username: str | None = Field(None, min_length=1, description="The user, if it wants one.")
    password: SecretStr | None = Field(None, description="The user's password.")
    ca_file: Path | None = Field(None, description="PEM file of who signs its certificate; else the system's.")
    sender: str = Field(alias="from", description="Who writes: Shop <shop@example.org>.")
    reply_to: str | None = Field(None, description="Who gets the answers.")
    unsubscribe_url: str | None = Field(
        None,
        description="URL for List-Unsubscribe, by one click (RFC 8058); {action_id} in it is filled in.",
    )
    unsubscribe_purposes: Texts = Field(("marketing",), description="Purposes whose mails have it.")

    @model_validator(mode="after")
    def _check_password(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password need each other")
        if self.password is not None and self.security == "none" and self.host not in _THIS_MACHINE:
            raise ValueError("over the network it needs security 'starttls' or 'tls'")
        return self

    @field_validator("sender", "reply_to")
    @classmethod
    def _check_mailbox(cls, text: str | None) -> str | None:
        if text is not None and not Mailbox.read(text).address.is_ascii:
            raise ValueError(f"{text!r} is not ASCII before the @, which only some servers take")
        return text

    @field_validator("unsubscribe_url")
    @classmethod
    def _check_unsubscribe(cls, template: str | None) -> str | None:
        if template is None:
            return None
        if not template.startswith("https://") or not template.isascii() or re.search(r"[\s<>]", template):
            raise ValueError("write an https URL: mail readers post to nothing else")
        try:
            names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        except ValueError as error:
            raise ValueError(f"{error}; write a brace that is none of ours twice") from None
        if names - _URL_NAMES:
            raise ValueError(f"there is no {{{min(names - _URL_NAMES)}}}; there are {', '.join(sorted(_URL_NAMES))}")
        if "action_id" not in names:
            raise ValueError("needs {action_id}: nothing else is hard to guess, and anybody could unsubscribe others")
        return template


_MODELS: Final[dict[str, type[SenderSettings]]] = {
    "smtp": SmtpSettings,
    "webhook": WebhookSettings,
    "console": ConsoleSettings,
}
S = TypeVar("S", bound=SenderSettings)


def secret_keys(secret: SecretStr) -> tuple[bytes, ...]:
    """The keys of a webhook's secret. Raises ValueError."""
    return tuple(read_secret(part) for part in secret.get_secret_value().split())


def load(settings: Settings, name: str) -> SenderSettings:
    """The settings of a sender that comes with the package.

    Raises:
        SettingsError: with a line for each thing that is wrong.
    """
    found = _Found.read(settings, name)
    kind = found.values.get("kind")
    if kind is None:
        missing = "kind is missing" if found.values else f"there is no table [senders.{name}]"
        raise SettingsError(
            f'{found.path}: {missing}; write one with kind = "smtp", "webhook" or "console", or run a sender '
            "of your own: docs/senders.md"
        )
    model = _MODELS.get(str(kind))
    if model is None:
        raise SettingsError(found.line("kind", kind, f"there is no such kind{_nearest(str(kind), _MODELS)}"))
    return found.validated(model)


def load_own(settings: Settings, name: str) -> OwnSettings:
    """The settings of a sender of the user's own, which needs no table.

    Raises:
        SettingsError: with a line for each thing that is wrong.
    """
    return _Found.read(settings, name).validated(OwnSettings)


class _Found:
    """The values of one sender, and where each was read."""

    def __init__(self, path: Path, name: str, values: dict[str, Any], lines: list[str]) -> None:
        self.path = path
        self.values = values
        self._name = name
        self._lines = lines
        self._variables: set[str] = set()
        self._read_environment()

    @classmethod
    def read(cls, settings: Settings, name: str) -> Self:
        """From the project's file and the environment. What is wrong in the file as a whole, ``Settings`` has said."""
        path = settings.project / FILE_NAME
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        table = settings.senders.get(name, {})
        return cls(path, name, dict(table), lines)

    def validated(self, model: type[S]) -> S:
        """The settings.

        Raises:
            SettingsError: with a line for each thing that is wrong.
        """
        known = {field.alias or key for key, field in model.model_fields.items()} - {"name"}
        problems = [
            self.line(name, None, f"there is no such setting{_nearest(name, known)}")
            for name in self.values
            if name not in known
        ]
        given = {name: value for name, value in self.values.items() if name in known}
        try:
            made = TypeAdapter(model).validate_python({"channels": [self._name], **given, "name": self._name})
        except ValidationError as error:
            problems += [self._describe(details) for details in error.errors()]
            raise SettingsError("\n".join(problems)) from None
        if problems:
            raise SettingsError("\n".join(problems))
        return made

    def line(self, name: str, value: Any, message: str) -> str:
        """A sentence with its place."""
        shown = ""
        if value is not None and name not in _SECRETS:
            text = repr(value)
            shown = f" = {text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + '…'}"
        return f"{self._place(name)}: senders.{self._name}.{name}{shown}: {message}"

    def _describe(self, details: ErrorDetails) -> str:
        name = str(details["loc"][0]) if details["loc"] else "password"
        message = str(details.get("ctx", {}).get("error") or details["msg"])
        if name in _DURATIONS:
            message = _BOUND.sub(lambda bound: format_duration(int(bound[0])), message)
        if details["type"] == "missing":
            where = f", best in {self._variable(name)}" if name in _SECRETS else ""
            return self.line(name, None, f"is missing{where}")
        return self.line(name, details["input"], message[:1].lower() + message[1:])

    def _read_environment(self) -> None:
        prefix = self._variable("")
        for variable, text in os.environ.items():
            if variable.upper().startswith(prefix) and text:
                name = variable[len(prefix) :].lower()
                self.values[name] = text
                self._variables.add(name)

    def _variable(self, name: str) -> str:
        return f"{SENDER_VARIABLES}{self._name.upper().replace('-', '_')}__{name.upper()}"

    def _place(self, name: str) -> str:
        if name in self._variables:
            return f"environment variable {self._variable(name)}"
        number = _line_of(self._lines, self._name, name)
        return f"{self.path}:{number}" if number else str(self.path)


def _line_of(lines: list[str], sender: str, name: str) -> int:
    """Where a key of a sender's table stands; the table's head if it does not; 0 if there is no table."""
    head = re.compile(rf"""\s*\[\s*senders\s*\.\s*["']?{re.escape(sender)}["']?\s*\]""")
    key = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    inside = 0
    for count, line in enumerate(lines, start=1):
        if head.match(line):
            inside = count
        elif inside and line.lstrip().startswith("["):
            break
        elif inside and key.match(line):
            return count
    return inside


def _nearest(name: str, known: Any) -> str:
    found = get_close_matches(name, known, n=1)
    return f"; did you mean '{found[0]}'?" if found else f"; there are {', '.join(sorted(known))}"
