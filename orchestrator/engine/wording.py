"""What an offer says to its customer now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.content import Rendered, Said
from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.partners import edits_for, request_of

if TYPE_CHECKING:
    from orchestrator.engine.treatment import Treatment
    from orchestrator.engine.turn import Turn


def worded(turn: Turn, made: Offer, treatment: Treatment, instance: Instance) -> Rendered:
    """Its content, with what whoever asked for the journey wrote into it. Raises ContentError."""
    if (constant := treatment.content.constant) is not None:
        return Rendered(constant.copy())
    said = Said(made.id, edits_for(made.action, request_of(instance.entry, made.journey)))
    return treatment.content.render(*turn.views(instance), turn.env.policy, turn.now, turn.shelf, said)
