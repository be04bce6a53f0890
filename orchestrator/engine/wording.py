"""What an offer says to its customer now."""

from __future__ import annotations

from orchestrator.engine.content import Rendered, Said
from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.partners import edits_for, request_of
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.turn import Turn, journey_view


def worded(turn: Turn, made: Offer, treatment: Treatment, instance: Instance) -> Rendered:
    """Its content, with what whoever asked for the journey wrote into it. Raises ContentError."""
    said = Said(made.id, edits_for(made.action, request_of(instance.entry, made.journey)))
    seen = turn.event_view(instance), turn.customer_view(), journey_view(instance)
    return treatment.content.render(*seen, turn.env.policy, turn.now, turn.shelf, said)
