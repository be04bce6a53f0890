"""How every client of ours connects, and what is wrong when it can't."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from orchestrator.errors import InfrastructureError, OrchestratorError, SettingsError

if TYPE_CHECKING:
    from orchestrator.settings import Settings

_HOSTNAME_MISMATCH, _IP_MISMATCH = 62, 64
_WRONG_PASSWORD = (SaslAuthenticationFailed, AuthenticationFailedError)
_WRONG_MECHANISM = (UnsupportedSaslMechanismError, IllegalSaslStateError)


def client_options(settings: Settings, bootstrap: str) -> dict[str, Any]:
    """The connection arguments of aiokafka's consumer, producer and admin client.

    Raises:
        SettingsError: a certificate or key file is no such thing.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": bootstrap,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        password = settings.sasl_password
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return options


async def reachable(settings: Settings, bootstrap: str, timeout_s: float = 10) -> None:
    """Return when one of the servers answers us.

    Raises:
        SettingsError: they refuse who we are or how we speak.
        InfrastructureError: none can be reached within the time.
    """
    async with connection(settings, bootstrap, timeout_s):
        return


@asynccontextmanager
async def connection(settings: Settings, bootstrap: str, timeout_s: float = 10) -> AsyncIterator[Any]:
    """A connection (aiokafka's) to the first of the servers that answers.

    Raises:
        SettingsError: as :func:`reachable`.
        InfrastructureError: as :func:`reachable`, and when the connection breaks later.
    """
    opened = await _open(settings, bootstrap, timeout_s)
    try:
        yield opened
    except (KafkaError, OSError) as error:
        raise InfrastructureError(f"the connection with Kafka at {bootstrap} broke ({error}): try again") from error
    finally:
        await opened.close()


async def _open(settings: Settings, bootstrap: str, timeout_s: float) -> Any:
    options = client_options(settings, bootstrap)
    servers = options.pop("bootstrap_servers").split(",")
    problems = []
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            async with asyncio.timeout(timeout_s / len(servers)):
                return await _open_one(host.strip("[]"), int(port), options)
        except (OSError, KafkaError) as error:  # TimeoutError is an OSError
            problem = _explain(error, server, settings, timeout_s)
            if isinstance(problem, SettingsError):
                raise problem from error
            problems.append(str(problem))
    raise InfrastructureError("; ".join(problems))


async def _open_one(host: str, port: int, options: dict[str, Any]) -> Any:
    opened = await create_conn(host, port, client_id="orchestrator", **options)
    try:
        # A broker that wants a password lets us connect without, and ends the connection at the first request.
        await opened.send(MetadataRequest([]))
    except BaseException:
        await opened.close()
        raise
    return opened


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"ssl_ca_file = {settings.ssl_ca_file}: no certificates in PEM format: {error}") from error
    if settings.ssl_certificate_file:
        password = settings.ssl_key_password
        try:
            # Never without a password: OpenSSL would ask for one on the terminal.
            context.load_cert_chain(
                settings.ssl_certificate_file,
                settings.ssl_key_file,
                password.get_secret_value() if password else "",
            )
        except (ssl.SSLError, OSError) as error:
            raise SettingsError(
                f"ssl_certificate_file = {settings.ssl_certificate_file}, ssl_key_file = {settings.ssl_key_file}: "
                f"not a certificate and its key in PEM format, or ssl_key_password is wrong: {error}"
            ) from error
    return context


def _explain(error: BaseException, server: str, settings: Settings, timeout_s: float) -> OrchestratorError:
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, _WRONG_PASSWORD):
            return SettingsError(
                f"Kafka at {server} refuses user '{settings.sasl_username}': sasl_username or sasl_password is wrong, "
                f"or the user has no {settings.sasl_mechanism} password (sasl_mechanism)"
            )
        if isinstance(cause, _WRONG_MECHANISM):
            return SettingsError(f"Kafka at {server} doesn't offer {settings.sasl_mechanism}: change sasl_mechanism")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _distrust(cause, server)
        if isinstance(cause, ssl.SSLError):
            return _handshake(cause, server, settings)
        if isinstance(cause, socket.gaierror):
            return InfrastructureError(f"no host of that name: {server}; correct kafka")
        if isinstance(cause, ConnectionRefusedError):
            return InfrastructureError(
                f"nothing listens at {server}: start the broker ('orchestrator kafka start' for the embedded one), "
                "or correct kafka"
            )
    if isinstance(error, TimeoutError):
        return InfrastructureError(
            f"Kafka at {server} did not answer in {timeout_s:g} s: is kafka right, is a firewall between, "
            f"and is security_protocol {settings.security_protocol} what that port speaks?"
        )
    if isinstance(error, KafkaError | ConnectionError):
        return InfrastructureError(
            f"Kafka at {server} ended the connection: is security_protocol {settings.security_protocol} what that port "
            "speaks, does it want a client certificate (ssl_certificate_file, ssl_key_file), or is it going down?"
        )
    return InfrastructureError(f"Kafka at {server} can't be reached: {error}")


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _distrust(error: ssl.SSLCertVerificationError, server: str) -> SettingsError:
    if error.verify_code in (_HOSTNAME_MISMATCH, _IP_MISMATCH):
        return SettingsError(
            f"the certificate of {server} is for another host ({error.verify_message}): "
            "write the host's name in kafka as the certificate has it"
        )
    return SettingsError(
        f"the certificate of {server} is not trusted ({error.verify_message}): "
        "name the PEM file of the authority that signed it in ssl_ca_file"
    )


def _handshake(error: ssl.SSLError, server: str, settings: Settings) -> SettingsError:
    reason = error.reason or str(error)
    if "CERTIFICATE" in reason:
        return SettingsError(
            f"Kafka at {server} wants a client certificate that it trusts ({reason}): "
            "name ours in ssl_certificate_file and ssl_key_file"
        )
    return SettingsError(
        f"no TLS with {server} ({reason}): does that port speak security_protocol {settings.security_protocol}?"
    )
