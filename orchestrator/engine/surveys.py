"""The customer's own verdict: the last score of each survey, and a line of the journey that it is about."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.engine.customer import Customer
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event
from orchestrator.events.scales import group_of
from orchestrator.moments import format_moment

SURVEYS_KEPT: Final = 32


def learn_answer(turn: Turn, event: Event) -> None:
    """Keeps the score, if it is newer than the one that is kept, and writes it to the journey log."""
    told, customer = event.properties, turn.customer
    name, kind, score = told["survey"], told["kind"], told["score"]
    keep(customer, name, [score, kind, event.timestamp])
    turn.changed.add("surveys")
    turn.profile_changed()
    turn.say(
        {
            "kind": "survey",
            "customer_id": turn.customer_id,
            "at": format_moment(turn.now),
            "journey": _journey_of(customer, told),
            "survey": name,
            "survey_kind": kind,
            "score": score,
            "group": group_of(kind, score),
            "action_id": told.get("action_id"),
            "trigger": turn.trigger(),
        }
    )


def keep(customer: Customer, name: str, answer: list[Any]) -> None:
    """Keeps the newer answer of two; of too many surveys, the oldest is forgotten."""
    surveys = customer.surveys
    held = surveys.get(name)
    if held is None or (held[2], held[0]) < (answer[2], answer[0]):
        surveys[name] = answer
    while len(surveys) > SURVEYS_KEPT:
        del surveys[min(surveys, key=lambda name: (surveys[name][2], name))]


def _journey_of(customer: Customer, told: dict[str, Any]) -> str | None:
    """The journey that asked: as the survey's link says, else as far as the message is known."""
    contact = customer.contacts.get(str(told.get("action_id")))
    return told.get("journey") or (contact.journey if contact is not None else None)
