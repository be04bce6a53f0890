"""Actions as the tests say them."""

from __future__ import annotations

from hashlib import md5
from typing import Any, Final

import orjson

from orchestrator.channels.action import Action, Cancel
from orchestrator.channels.dispatch import Held
from orchestrator.channels.progress import Progress
from orchestrator.contracts.actions import ACTION
from orchestrator.moments import format_moment

NOW: Final = 1_767_323_045_678
HOUR: Final = 3_600_000
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def action_id(name: str) -> str:
    return md5(name.encode()).hexdigest()


def record(name: str = "hello", customer: str = "u-7", **changes: Any) -> dict[str, Any]:
    """An action as it lies on its topic: decided now, good for an hour."""
    address = changes.pop("address", "ada@example.com")
    expires = changes.pop("expires", NOW + HOUR)
    return {
        **ACTION,
        "action_id": action_id(name),
        "customer_id": customer,
        "recipient": {"address": address, "locale": "en-GB", "timezone": None},
        "decided_at": format_moment(changes.pop("decided", NOW)),
        "expires_at": format_moment(expires),
        **changes,
    }


def action(name: str = "hello", customer: str = "u-7", **changes: Any) -> Action:
    return Action.model_validate_json(orjson.dumps(record(name, customer, **changes)))


def cancel_record(name: str = "hello", customer: str = "u-7") -> dict[str, Any]:
    kept = ("action_id", "customer_id", "channel", "action", "journey", "journey_version", "decided_at")
    of = record(name, customer)
    return {**{key: of[key] for key in kept}, "kind": "cancel", "reason": "Order Completed came", "trigger": None}


def cancel(name: str = "hello", customer: str = "u-7") -> Cancel:
    return Cancel.model_validate_json(orjson.dumps(cancel_record(name, customer)))


def held(name: str = "hello", customer: str = "u-7", **changes: Any) -> Held:
    return Held(action(name, customer, **changes), 0, Progress())
