"""A customer as programs see them: state, open journeys, what was said, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from orchestrator.console.lookup import shown
from orchestrator.console.standing import counted, messages
from orchestrator.engine import Customer, Env
from orchestrator.engine.answers import kept
from orchestrator.engine.audience import Audience
from orchestrator.moments import format_moment

if TYPE_CHECKING:
    from orchestrator.streams.recent import Recent

_ELSEWHERE: Final = frozenset({"instances", "contacts", "alarms", "next_due", "adapted", "armed"})
"""What is shown in another form, or is the engine's own business."""
_OF_STAY: Final = ("journey", "version", "key", "step", "entered_at", "due")
_OF_ACTION: Final = ("rank", "action_id", "action", "journey")


def known(
    customer: Customer, recent: Recent, read: Callable[[bytes], bytes | None], env: Env | None, now: int
) -> dict[str, Any]:
    """As JSON values, with moments in ISO 8601.

    Args:
        read: gives what is stored under a key.
        now: UTC milliseconds.
    """
    plain = shown(customer, None, env.audience if env is not None else Audience(), now)
    stays = plain.get("instances", {}).values()
    return {
        **{name: value for name, value in plain.items() if name not in _ELSEWHERE},
        "journeys": [{name: stay.get(name) for name in _OF_STAY} for stay in stays],
        "messages": messages(customer),
        **(counted(customer, env.policy, now) if env is not None else {}),
        "decisions": recent.of(customer.id),
        "decisions_since": format_moment(recent.since),
        "answers": [_answer(row) for row in reversed(kept(read, customer.key, now))],
    }


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    told = {name: answer[name] for name in ("decision_id", "channel", "placement", "decided_at", "excluded")}
    return {**told, "actions": [{name: shown[name] for name in _OF_ACTION} for shown in answer["actions"]]}
