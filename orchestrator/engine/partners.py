"""Rules of this file: whoever asks that a customer enters a journey asks for no more than they may.

A partner, be it a dealer or a team of the house, may enter customers into some journeys, edit the blocks of some
actions, and do so some times a day. What they ask for is a request as any other: the event "Journey Requested", with
``by`` and ``edits`` in its properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrator.engine.blocks import MOST_EDITS, Block, edit, unknown_block
from orchestrator.engine.steps import Act
from orchestrator.errors import BadRecord
from orchestrator.events.event import JOURNEY_REQUESTED
from orchestrator.nearest import hint

if TYPE_CHECKING:
    from orchestrator.engine.journey import Journey
    from orchestrator.events.event import Event

NOT_ALLOWED: Final = "not_allowed"
"""The code of the dead letter of a request that asks for too much."""
BAD_EDIT: Final = "bad_edit"
"""The code of the dead letter of a request whose edits are not allowed."""

_NO_EDITS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Partner:
    """Who may ask: for which ``journeys``, with edits of which ``actions``, for how many customers a day.

    ``keys`` are the names of the API keys that are theirs.
    """

    name: str
    journeys: frozenset[str]
    actions: frozenset[str]
    daily_limit: int | None = None
    keys: frozenset[str] = frozenset()


def check_request(journey: Journey | None, partners: Mapping[str, Partner], properties: Mapping[str, Any]) -> None:
    """Whether a request for a journey may be made; of a journey that there is not, only whether its form is right.

    Args:
        properties: of the event: ``journey``, and perhaps ``by`` and ``edits``.

    Raises:
        BadRecord: a sentence: what was asked for, and what is allowed.
    """
    name, by, edits = properties.get("journey"), properties.get("by"), properties.get("edits")
    partner = None
    if by is not None:
        partner = partners.get(by) if isinstance(by, str) else None
        if partner is None:
            raise BadRecord(NOT_ALLOWED, f"there is no partner '{str(by)[:80]}': {hint(str(by), partners)}")
        if name not in partner.journeys:
            allowed = ", ".join(sorted(partner.journeys))
            raise BadRecord(
                NOT_ALLOWED, f"the partner '{by}' may enter nobody into the journey '{name}', only into {allowed}"
            )
    if edits is not None and journey is not None:
        _check_edits(journey, partner, edits)


def request_of(kept: Mapping[str, Any], journey: str) -> Mapping[str, Any]:
    """What was asked for when a stay began: the properties of the request, if it was one for this very journey."""
    if kept["name"] != JOURNEY_REQUESTED:
        return _NO_EDITS
    properties: Mapping[str, Any] = kept["properties"]
    return properties if properties.get("journey") == journey else _NO_EDITS


def edits_for(action: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The edits of a request that are for an action, by block: what names the action goes before what does not."""
    edits = request.get("edits")
    if not edits:
        return _NO_EDITS
    own = {name.partition(".")[2]: value for name, value in edits.items() if name.startswith(f"{action}.")}
    return {name: value for name, value in edits.items() if "." not in name} | own


def partner_of(partners: Mapping[str, Partner], key: str) -> Partner | None:
    """Whose API key it is, by the key's name; None if it is no partner's."""
    return next((partner for partner in partners.values() if key in partner.keys), None)


def asking(partners: Mapping[str, Partner], event: Event, journey: str) -> Partner | None:
    """The partner who asks for this very journey, if one does."""
    if event.name != JOURNEY_REQUESTED or event.properties.get("journey") != journey:
        return None
    return partners.get(str(event.properties.get("by")))


def _check_edits(journey: Journey, partner: Partner | None, edits: Any) -> None:
    if not isinstance(edits, Mapping) or len(edits) > MOST_EDITS:
        raise BadRecord(BAD_EDIT, f"'edits' must have blocks and what they are to say, {MOST_EDITS} at most")
    actions = dict(_actions_of(journey))
    for key, value in edits.items():
        for action, name in _meant(key, actions, journey.name):
            if partner is not None and action not in partner.actions:
                allowed = ", ".join(sorted(partner.actions)) or "none"
                raise BadRecord(
                    NOT_ALLOWED,
                    f"the partner '{partner.name}' may not edit the action '{action}', only these: {allowed}",
                )
            try:
                edit(action, actions[action], name, value)
            except ValueError as error:
                raise BadRecord(BAD_EDIT, str(error)) from None


def _actions_of(journey: Journey) -> Iterator[tuple[str, Mapping[str, Block]]]:
    for step in journey.steps.values():
        if isinstance(step, Act):
            yield step.action.name, step.action.blocks


def _meant(key: str, actions: Mapping[str, Mapping[str, Block]], journey: str) -> list[tuple[str, str]]:
    """The blocks that a key names: ``block`` in every action of the journey that has it, or ``action.block``."""
    action, dot, name = key.partition(".")
    if dot:
        if action not in actions:
            raise BadRecord(BAD_EDIT, f"the journey '{journey}' has no action '{action[:80]}': {hint(action, actions)}")
        return [(action, name)]
    found = [(action, key) for action, blocks in actions.items() if key in blocks]
    if not found:
        united = {name: block for blocks in actions.values() for name, block in blocks.items()}
        raise BadRecord(BAD_EDIT, unknown_block(f"the journey '{journey}'", united, key))
    return found
