"""Rules of this file: what another program asks about one customer now is decided here, as an event would be.

A request is an input like an event or a timer: the same record, request and moment give the same answer, and the
journal has it, so that all can be done again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, Final

from orchestrator.engine import answers
from orchestrator.engine.journey import Env
from orchestrator.engine.offering import decide_all
from orchestrator.engine.offers import no_stay
from orchestrator.engine.openings import openings
from orchestrator.engine.standing import fill
from orchestrator.engine.turn import Turn, remember
from orchestrator.errors import RequestRefused
from orchestrator.events.event import Event
from orchestrator.moments import format_moment
from orchestrator.nearest import hint

PLACES: Final = 1
"""How many actions are answered where nobody says how many fit in."""

DECISION_REQUESTED: Final = "Decision Requested"
"""What conditions and templates of standing actions see as ``event.name`` while a request is answered."""

_TOLD: Final = ("action_id", "action", "journey", "placement")

OTHER_CHANNEL: Final = "other-channel"
UNKNOWN_CHANNEL: Final = "unknown-channel"
UNKNOWN_PLACEMENT: Final = "unknown-placement"


@dataclass(frozen=True, slots=True)
class Request:
    """What to say to a customer on a channel now.

    ``customer`` is the key of the record (``u:`` or ``a:`` and the id), ``id`` the caller's own, by which the same
    request is known again. ``places`` is how many actions fit in; a ``placement`` names where. ``properties`` and
    ``context`` are seen by conditions as those of an event. ``caller`` is the name of the program that asks.
    """

    customer: str
    id: str
    channel: str
    placement: str | None = None
    places: int | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    caller: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the journal has it."""
        return asdict(self)


def check(env: Env, request: Request) -> None:
    """Whether there is what is asked for. Raises RequestRefused."""
    if request.channel not in env.channels:
        raise RequestRefused(
            UNKNOWN_CHANNEL,
            f"there is no channel '{request.channel}': {hint(request.channel, env.channels)}",
        )
    if request.placement is None:
        return
    placement = env.placements.get(request.placement)
    if placement is None:
        raise RequestRefused(
            UNKNOWN_PLACEMENT,
            f"there is no placement '{request.placement}': {hint(request.placement, env.placements)}",
        )
    if placement.channel != request.channel:
        raise RequestRefused(
            OTHER_CHANNEL,
            f"the placement '{placement.name}' is on the channel '{placement.channel}': ask for that one",
        )


def decided(turn: Turn, request: Request) -> dict[str, Any]:
    """What is answered; the story tells it, and it is kept for whoever asks again."""
    answer = _answer(turn, request)
    answers.keep(turn.customer, turn.home.chunks, request, answer, turn.now)
    _tell(turn, request, answer)
    return answer


def _answer(turn: Turn, request: Request) -> dict[str, Any]:
    id_, excluded = _decision_id(request), dict[str, int]()
    placement = turn.env.placements[request.placement] if request.placement is not None else None
    event = _event(turn, request, id_)
    asked = turn.about(event)
    if placement is not None:
        excluded |= fill(asked, placement, no_stay(asked, remember(event))).excluded
        decide_all(asked)
    places = request.places or (placement.places if placement is not None else PLACES)
    ranked = openings(asked, request.channel, placement, excluded)[:places]
    customer = turn.customer
    return {
        "decision_id": id_,
        "customer": {"id": customer.id, "known": customer.known},
        "channel": request.channel,
        "placement": request.placement,
        "decided_at": format_moment(turn.now),
        "actions": [{"rank": rank, **action} for rank, action in enumerate(ranked, 1)],
        "excluded": excluded,
    }


def _event(turn: Turn, request: Request, id_: str) -> Event:
    """The request as conditions and templates see it; no journey hears of it."""
    event = turn.signal(f"request/{id_}", DECISION_REQUESTED, request.properties)
    event.context = request.context
    return event


def _decision_id(request: Request) -> str:
    """32 hex digits that a replay gives again."""
    return blake2b(f"{request.caller}\x1f{request.id}\x1f{request.customer}".encode(), digest_size=16).hexdigest()


def _tell(turn: Turn, request: Request, answer: dict[str, Any]) -> None:
    """A line of the customer's story: what was shown where, and to whom it was told."""
    turn.say(
        {
            "kind": "answer",
            "customer_id": turn.customer_id,
            "at": answer["decided_at"],
            "decision_id": answer["decision_id"],
            "caller": request.caller,
            "channel": request.channel,
            "placement": request.placement,
            "actions": [
                {name: shown[name] for name in ("action_id", "action", "journey", "placement")}
                for shown in answer["actions"]
            ],
            "excluded": answer["excluded"],
        }
    )
