"""What we may do on a cluster with access rules: a missing right becomes the command that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.coordination import FindCoordinatorRequest

from orchestrator.errors import SettingsError
from orchestrator.kafka.metadata import Operation

if TYPE_CHECKING:
    from orchestrator.settings import Settings

_GROUP, _TRANSACTION = 0, 1


def topic_rights(settings: Settings, lacking: Mapping[str, Iterable[Operation]]) -> list[str]:
    """A sentence for each set of rights that is missing on topics."""
    names: dict[tuple[Operation, ...], list[str]] = {}
    for name, operations in lacking.items():
        names.setdefault(tuple(sorted(operations)), []).append(name)
    return [_topic_sentence(settings, group, operations) for operations, group in names.items() if operations]


def group_right(settings: Settings) -> str:
    """The sentence for our consumer group."""
    return _sentence(settings, f"group '{settings.group}'", ["Read"], f"--group {settings.group}")


def transaction_right(settings: Settings) -> str:
    """The sentence for our transactional ids, which all begin with the group's name."""
    resource = f"--transactional-id {settings.group} --resource-pattern-type prefixed"
    return _sentence(settings, f"transactional ids '{settings.group}*'", ["Write", "Describe"], resource)


def explain(error: BaseException, settings: Settings) -> SettingsError | None:
    """The sentence for an error of aiokafka that says a right is missing; None for any other error."""
    match error:
        case TopicAuthorizationFailedError():
            names = sorted({str(name) for argument in error.args for name in _each(argument)})
            needed = (Operation.READ, Operation.WRITE)
            return SettingsError("\n".join(topic_rights(settings, dict.fromkeys(names or ["*"], needed))))
        case GroupAuthorizationFailedError():
            return SettingsError(group_right(settings))
        case TransactionalIdAuthorizationFailed():
            return SettingsError(transaction_right(settings))
        case ClusterAuthorizationFailedError():
            return SettingsError(_sentence(settings, "the cluster", ["IdempotentWrite"], "--cluster"))
    return None


async def coordinator_problems(connection: Any, settings: Settings) -> list[str]:
    """What is missing for the group and, if we use transactions, for their ids."""
    problems = []
    group = await connection.send(FindCoordinatorRequest(settings.group, _GROUP))
    if for_code(group.error_code) is GroupAuthorizationFailedError:
        problems.append(group_right(settings))
    if settings.guarantee == "exactly_once":
        transaction = await connection.send(FindCoordinatorRequest(f"{settings.group}-0", _TRANSACTION))
        if for_code(transaction.error_code) is TransactionalIdAuthorizationFailed:
            problems.append(transaction_right(settings))
    return problems


def _each(argument: object) -> Iterable[object]:
    return argument if isinstance(argument, set | frozenset | list | tuple) else (argument,)


def _topic_sentence(settings: Settings, names: list[str], operations: Iterable[Operation]) -> str:
    listed = ("topic " if len(names) == 1 else "topics ") + ", ".join(f"'{name}'" for name in names)
    selectors = " ".join(f"--topic {name}" for name in names)
    return _sentence(settings, listed, [operation.title for operation in operations], selectors)


def _sentence(settings: Settings, resource: str, operations: list[str], selector: str) -> str:
    given = " ".join(f"--operation {operation}" for operation in operations)
    return (
        f"{_who(settings)} lacks {' and '.join(operations)} on {resource}; an administrator gives it with: "
        f"kafka-acls --bootstrap-server {settings.kafka or '<server>'} --add "
        f"--allow-principal '{_principal(settings)}' {given} {selector}"
    )


def _who(settings: Settings) -> str:
    return f"user '{settings.sasl_username}'" if settings.sasl_username else "our user"


def _principal(settings: Settings) -> str:
    if settings.sasl_username:
        return f"User:{settings.sasl_username}"
    return "User:<subject of our certificate>" if settings.ssl_certificate_file else "User:ANONYMOUS"
