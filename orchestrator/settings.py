"""The settings of a project: ``orchestrator.toml``, then ``ORCHESTRATOR_*``, then flags; each wins over the former."""

from __future__ import annotations

import os
import re
import tomllib
from abc import ABC, abstractmethod
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from orchestrator.durations import DurationMs, format_duration
from orchestrator.errors import Bug, SettingsError
from orchestrator.kafka.names import EVENT_TOPICS, FIXED_TOPICS, is_logical

FILE_NAME = "orchestrator.toml"
VARIABLE_PREFIX = "ORCHESTRATOR_"

# Read elsewhere: by the jar cache, by the command line and by senders.
_OTHER_VARIABLES = {"ORCHESTRATOR_CACHE", "ORCHESTRATOR_PROJECT"}
SENDER_VARIABLES = f"{VARIABLE_PREFIX}SENDERS__"
_TOPIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_KEY_LENGTH = 16
_CALLER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_API_KEY = re.compile(rf"[!-~]{{{_KEY_LENGTH},256}}")
_SHOWN_LENGTH = 80

Port = Annotated[int, Field(ge=0, le=65535)]


def _split(value: Any) -> Any:
    """A list as an environment variable writes it: ``a,b``."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _split_pairs(value: Any) -> Any:
    """A table as an environment variable writes it: ``a=b,c=d``."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in _split(value)]
    if any(not sign for _, sign, _ in pairs):
        raise ValueError("write pairs, for example 'events.click=web-clicks,events.call=calls'")
    return {name.strip(): real.strip() for name, _, real in pairs}


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _duration(default: str, description: str) -> Any:
    return Field(default, description=description)


class Settings(BaseSettings):
    """All settings, checked. Read them with :meth:`load`; the constructor reads no file and no environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        env_prefix=VARIABLE_PREFIX,
        env_ignore_empty=True,
        str_strip_whitespace=True,
    )

    project: Path = Field(description="The project's folder; paths in settings are relative to it.")

    project_name: str = Field(
        "",
        max_length=100,
        description="What tells this project from others, so that none takes the place of another.",
    )

    kafka: str | None = Field(
        None, description="Bootstrap servers, host:port[,host:port]; without it an embedded broker is started."
    )
    kafka_port: Port = Field(9092, description="Port of the embedded broker; 0 means any free one.")
    kafka_folder: Path = Field(Path(".orchestrator/kafka"), description="Folder of the embedded broker.")
    security_protocol: Annotated[Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_upper)] = (
        Field(
            "PLAINTEXT", description="How to connect to the cluster: encrypted (SSL), with a password (SASL), or both."
        )
    )
    sasl_mechanism: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(_upper)] = Field(
        "PLAIN", description="How the password is proven."
    )
    sasl_username: str | None = Field(None, description="User for SASL.")
    sasl_password: SecretStr | None = Field(None, description="Password for SASL.")
    ssl_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the brokers' certificates; else the system's are trusted.",
    )
    ssl_certificate_file: Path | None = Field(None, description="PEM file of our own certificate, for mutual TLS.")
    ssl_key_file: Path | None = Field(None, description="PEM file of the key of our own certificate.")
    ssl_key_password: SecretStr | None = Field(None, description="Password of that key, if it is encrypted.")

    prefix: str = Field("", max_length=100, description="Put before every default topic name.")
    topics: Annotated[dict[str, str], NoDecode, BeforeValidator(_split_pairs)] = Field(
        {}, description="Topics that have another name on the cluster: our name to the real one; wins over prefix."
    )
    partitions: int = Field(4, ge=1, le=1024, description="Partitions of the topics, the same for all that are keyed.")
    replication_factor: int = Field(1, ge=1, le=32, description="Copies of each partition.")
    strict_topics: Annotated[list[str], NoDecode, BeforeValidator(_split)] = Field(
        [], description="Input topics (our names) on which unknown event names are refused."
    )

    group: str = Field("orchestrator", min_length=1, max_length=200, description="Consumer group of the workers.")
    guarantee: Literal["exactly_once", "at_least_once"] = Field(
        "exactly_once", description="What holds for actions when a worker dies: none twice, or perhaps some twice."
    )
    clock: Literal["wall", "event"] = Field(
        "wall", description="What timers go by: the wall clock, or the time stamps of events (demo and replay)."
    )
    session_timeout: Annotated[DurationMs, Field(ge=1_000, le=1_800_000)] = _duration(
        "12 seconds", "After this silence a worker counts as dead and its partitions go to others."
    )
    state_folder: Path = Field(Path(".orchestrator/state"), description="Folder of the local state, a cache.")
    changelog_retention: Annotated[DurationMs, Field(ge=3_600_000)] = _duration(
        "7 days", "How long the changelog keeps marks of deletion; local state older than half is rebuilt."
    )

    apply_on_start: bool = Field(
        True, description="Whether a worker puts its project's definitions in force when it starts, if they are new."
    )
    dedupe_count: int = Field(64, ge=0, le=10_000, description="Message ids kept per customer against repeats.")
    dedupe_window: DurationMs = _duration("7 days", "How long they are kept.")
    late_after: DurationMs = _duration("1 day", "An event older than this on arrival starts no journey.")
    max_event_age: DurationMs = _duration("365 days", "An event older than this goes to dead-letter.")
    future_tolerance: DurationMs = _duration("1 day", "An event dated further ahead goes to dead-letter.")
    max_event_bytes: int = Field(262_144, ge=1_024, le=1_000_000, description="A larger event goes to dead-letter.")

    learning: bool = Field(
        True, description="Whether workers learn, if policy.yaml has attribution or recommendations."
    )
    learning_every: Annotated[DurationMs, Field(ge=100)] = _duration(
        "10 seconds", "How often what was learned is written down, and so reaches decisions."
    )

    survey_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        None,
        description="Signs the links of surveys, so that nobody can make up an answer; without it they are not signed.",
    )

    senders: dict[str, dict[str, Any]] = Field(
        {}, repr=False, exclude=True, description="Senders by name, a table for each: see below."
    )

    http_host: str = Field("127.0.0.1", min_length=1, description="Address of the HTTP server.")
    http_port: Port = Field(8080, description="Port of the HTTP server; 0 means any free one.")
    api: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether other programs may ask over HTTP; auto is on where there is an API key."
    )
    api_host: str = Field("127.0.0.1", min_length=1, description="Address of that server.")
    api_port: Port = Field(8081, description="Port of that server; 0 means any free one.")
    api_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+$",
        description="Where other workers reach it; else api_host and the port, or this machine's name for 0.0.0.0.",
    )
    api_keys: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_split_pairs)] = Field(
        {}, description="Keys of the programs that may ask, by the program's name."
    )
    api_keys_file: Path | None = Field(None, description="File with more of them, a line NAME=KEY for each.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Log lines as text or JSON; auto is text on a terminal."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="What is logged."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the caller gives: :meth:`load` reads the rest and knows where each value was."""
        return (init_settings,)

    @classmethod
    def load(cls, project: Path, **flags: Any) -> Self:
        """The settings of a project; flags that are None don't count.

        Raises:
            SettingsError: with a line for each thing that is wrong.
        """
        sources = [_File(project / FILE_NAME), _Environment(), _Flags(flags)]
        problems = [problem for source in sources for problem in source.problems]
        values: dict[str, Any] = {"project": project}
        for source in sources:
            values |= source.values
        try:
            settings = cls(**values)
        except ValidationError as error:
            problems += [line for details in error.errors() for line in _describe(details, sources)]
        if problems:
            raise SettingsError("\n".join(problems))
        return settings

    @property
    def serves_api(self) -> bool:
        """Whether other programs may ask over HTTP."""
        return self.api == "on" or (self.api == "auto" and bool(self.api_keys or self.api_keys_file))

    @property
    def survey_key(self) -> bytes:
        """What the links of surveys are signed by; empty if they are not."""
        return self.survey_secret.get_secret_value().encode() if self.survey_secret is not None else b""

    def topic(self, logical: str) -> str:
        """The real name of a topic."""
        if not is_logical(logical):
            raise Bug(f"there is no topic '{logical}'")
        return self.topics.get(logical) or f"{self.prefix}{logical}"

    @field_validator("project")
    @classmethod
    def _check_project(cls, project: Path) -> Path:
        if not project.is_dir():
            raise ValueError("there is no such folder; make it, or name another one with --project")
        return project.resolve()

    @field_validator(
        "kafka_folder",
        "state_folder",
        "ssl_ca_file",
        "ssl_certificate_file",
        "ssl_key_file",
        "api_keys_file",
        mode="after",
    )
    @classmethod
    def _resolve(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return path and info.data.get("project", Path()) / path.expanduser()

    @field_validator("ssl_ca_file", "ssl_certificate_file", "ssl_key_file", "api_keys_file", mode="after")
    @classmethod
    def _check_file(cls, path: Path | None) -> Path | None:
        if path and not os.access(path, os.R_OK):
            raise ValueError("there is no such file, or it can't be read")
        return path

    @field_validator("kafka")
    @classmethod
    def _check_servers(cls, servers: str | None) -> str | None:
        if servers is None:
            return None
        parts = _split(servers)
        matches = [_SERVER.fullmatch(part) for part in parts]
        if not parts or any(match is None or not 0 < int(match.group(2)) < 65536 for match in matches):
            raise ValueError("write host:port, or several with commas, for example 'kafka-1:9092,kafka-2:9092'")
        return ",".join(parts)

    @field_validator("prefix")
    @classmethod
    def _check_prefix(cls, prefix: str) -> str:
        if prefix and not _TOPIC_NAME.fullmatch(prefix):
            raise ValueError("only letters, digits, '.', '_' and '-' may be in a topic's name")
        return prefix

    @field_validator("topics")
    @classmethod
    def _check_topics(cls, topics: dict[str, str]) -> dict[str, str]:
        for logical, real in topics.items():
            if not is_logical(logical):
                known = [*FIXED_TOPICS, "actions.<channel>"]
                raise ValueError(
                    f"there is no topic '{logical}'{_nearest(logical, known)}; there are {', '.join(known)}"
                )
            if not _TOPIC_NAME.fullmatch(real) or real in {".", ".."}:
                raise ValueError(f"'{real}' is no topic name: letters, digits, '.', '_' and '-', at most 249")
        return topics

    @field_validator("strict_topics")
    @classmethod
    def _check_strict(cls, topics: list[str]) -> list[str]:
        for topic in topics:
            if topic not in EVENT_TOPICS:
                nearest = _nearest(topic, EVENT_TOPICS)
                raise ValueError(f"'{topic}' is no input topic{nearest}; there are {', '.join(EVENT_TOPICS)}")
        return topics

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, key in keys.items():
            check_api_key(name, key.get_secret_value())
        return keys

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems = [
            *self._topic_problems(),
            *self._embedded_problems(),
            *self._password_problems(),
            *self._tls_problems(),
            *self._api_problems(),
        ]
        if problems:
            raise PydanticCustomError(
                "together", "{text}", {"text": "; ".join(map(str, problems)), "problems": problems}
            )
        return self

    def _topic_problems(self) -> list[tuple[str, str]]:
        real = [self.topic(logical) for logical in {*FIXED_TOPICS, *self.topics}]
        twice = sorted({name for name in real if real.count(name) > 1})
        return [("topics", f"two of our topics may not be one topic on the cluster: '{name}'") for name in twice]

    def _embedded_problems(self) -> list[tuple[str, str]]:
        if self.kafka:
            return []
        problems = []
        if self.security_protocol != "PLAINTEXT":
            problems.append(("security_protocol", "the embedded broker is plain and local: name your cluster in kafka"))
        if self.replication_factor > 1:
            problems.append(
                ("replication_factor", "the embedded broker is one node: use 1, or name your cluster in kafka")
            )
        return problems

    def _password_problems(self) -> list[tuple[str, str]]:
        if not self.security_protocol.startswith("SASL"):
            given = [name for name in ("sasl_username", "sasl_password") if getattr(self, name)]
            return [(name, "needs security_protocol SASL_SSL or SASL_PLAINTEXT") for name in given]
        missing = [name for name in ("sasl_username", "sasl_password") if not getattr(self, name)]
        return [("security_protocol", f"needs {name} as well") for name in missing]

    def _tls_problems(self) -> list[tuple[str, str]]:
        names = ("ssl_ca_file", "ssl_certificate_file", "ssl_key_file", "ssl_key_password")
        if not self.security_protocol.endswith("SSL"):
            return [(name, "needs security_protocol SSL or SASL_SSL") for name in names if getattr(self, name)]
        if self.ssl_certificate_file and not self.ssl_key_file:
            return [("ssl_certificate_file", "needs ssl_key_file as well")]
        if self.ssl_key_file and not self.ssl_certificate_file:
            return [("ssl_key_file", "needs ssl_certificate_file as well")]
        if self.ssl_key_password and not self.ssl_key_file:
            return [("ssl_key_password", "needs ssl_key_file as well")]
        return []

    def _api_problems(self) -> list[tuple[str, str]]:
        if self.api == "on" and not (self.api_keys or self.api_keys_file):
            return [("api", "needs a key for each program that may ask: write api_keys or api_keys_file")]
        return []


def check_api_key(name: str, key: str) -> None:
    """Raises ValueError for a name or a key that cannot be one; the key is not in the sentence."""
    if _CALLER.fullmatch(name) is None:
        # It is not shown: whoever mixed up the two has written a key there.
        raise ValueError("the name of a program has lower case letters, digits and hyphens, at most 63")
    if _API_KEY.fullmatch(key) is None:
        raise ValueError(f"the key of '{name}' must have {_KEY_LENGTH} to 256 ASCII characters without spaces")


class _Source(ABC):
    """Where values were read: the known ones, and a line for each thing that is wrong."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []

    @abstractmethod
    def place(self, name: str) -> str:
        """Where a setting was read."""

    def _keep_known(self, values: dict[str, Any]) -> None:
        known = set(Settings.model_fields) - {"project"}
        for name, value in values.items():
            if name in known:
                self.values[name] = value
            else:
                self.problems.append(f"{self.place(name)}: there is no setting '{name}'{_nearest(name, known)}")


class _File(_Source):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._lines = path, list[str]()
        try:
            text = path.read_bytes().decode()
            self._lines = text.splitlines()
            self._keep_known(tomllib.loads(text))
        except FileNotFoundError:
            return
        except OSError as error:
            self.problems.append(f"{path} can't be read: {error.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.problems.append(f"{path} is no valid TOML: {error}")

    def place(self, name: str) -> str:
        key = re.compile(rf"""\s*(\[\s*)?["']?{re.escape(name)}["']?\s*[\].=]""")
        lines = (count for count, line in enumerate(self._lines, start=1) if key.match(line))
        number = next(lines, 0)
        return f"{self._path}:{number}" if number else str(self._path)


class _Environment(_Source):
    def __init__(self) -> None:
        super().__init__()
        ours = {name for name in os.environ if name.upper().startswith(VARIABLE_PREFIX)} - _OTHER_VARIABLES
        names = {name for name in ours if not name.upper().startswith(SENDER_VARIABLES)}
        unknown = {name for name in names if self._setting(name) not in Settings.model_fields}
        read = EnvSettingsSource(Settings)()
        self._keep_known({self._setting(name): None for name in sorted(unknown)})
        self._keep_known({name: value for name, value in read.items() if name != "project"})

    def place(self, name: str) -> str:
        return f"environment variable {VARIABLE_PREFIX}{name.upper()}"

    @staticmethod
    def _setting(variable: str) -> str:
        return variable[len(VARIABLE_PREFIX) :].lower()


class _Flags(_Source):
    def __init__(self, flags: dict[str, Any]) -> None:
        super().__init__()
        self._keep_known({name: value for name, value in flags.items() if value is not None})

    def place(self, name: str) -> str:
        return f"flag --{name.replace('_', '-')}"


_DURATIONS = {
    name for name, field in Settings.model_fields.items() if isinstance(field.default, str) and field.annotation is int
}
_BOUND = re.compile(r"(?<=equal to )\d+$")


def _describe(details: ErrorDetails, sources: list[_Source]) -> list[str]:
    context = details.get("ctx", {})
    if details["type"] == "together":
        return [_line(name, None, message, sources) for name, message in context["problems"]]
    name = str(details["loc"][0])
    message = str(context.get("error") or details["msg"])
    if name in _DURATIONS:
        message = _BOUND.sub(lambda bound: format_duration(int(bound[0])), message)
    return [_line(name, details["input"], message[:1].lower() + message[1:], sources)]


def _line(name: str, value: Any, message: str, sources: list[_Source]) -> str:
    place = next((f"{source.place(name)}: " for source in reversed(sources) if name in source.values), "")
    return f"{place}{name}{_shown(name, value)}: {message}"


def _shown(name: str, value: Any) -> str:
    if value is None or "password" in name or name in ("senders", "api_keys"):
        return ""
    text = str(value) if isinstance(value, Path) else repr(value)
    return f" = {text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + '…'}"


def _nearest(name: str, known: Any) -> str:
    found = get_close_matches(name, known, n=1)
    return f"; did you mean '{found[0]}'?" if found else ""
