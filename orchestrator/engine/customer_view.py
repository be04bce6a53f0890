"""The customer as conditions and templates see it; what costs something is made only when something asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from orchestrator.engine.audience import Audience, Trait, own_state
from orchestrator.engine.catalogue import Catalogue
from orchestrator.engine.customer import Customer
from orchestrator.engine.models import Models
from orchestrator.engine.policy import Policy
from orchestrator.engine.presence import on_site, on_the_line
from orchestrator.engine.recommendations import Recommender
from orchestrator.engine.visit import campaign_view
from orchestrator.events.scales import group_of
from orchestrator.events.view import View
from orchestrator.moments import to_datetime

RECOMMENDED: Final = 10
"""So many recommendations a condition sees."""


class CustomerParts:
    """What makes the parts of a customer's view, by name: all of it at a moment, ``at`` what came and ``now``.

    It holds no turn: a turn holds the view, and what holds itself is left to the garbage collector.
    """

    __slots__ = ("at", "audience", "catalogue", "customer", "models", "now", "policy")

    def __init__(
        self,
        customer: Customer,
        audience: Audience,
        policy: Policy,
        catalogue: Catalogue,
        models: Models,
        now: int,
        at: int,
    ) -> None:
        self.customer = customer
        self.audience = audience
        self.policy = policy
        self.catalogue = catalogue
        self.models = models
        self.now = now
        self.at = at

    def __getitem__(self, name: str) -> Callable[[], Any]:
        if name not in self:
            raise KeyError(name)
        return partial(_PARTS[name], self)

    def __contains__(self, name: object) -> bool:
        return name in _PARTS and (self.policy.channel is not None or name not in _OF_PRESENCE)

    def recommender(self) -> Recommender:
        """What gives recommendations for the customer as they are now."""
        rule = self.policy.recommending
        return Recommender(self.catalogue, self.models.cooccurrence, self.customer.products, self.now, rule)


def consents_view(customer: Customer) -> dict[str, Any]:
    """The customer's consents as conditions and templates see them."""
    return {
        key: {"given": consent.given, "at": to_datetime(consent.at), "source": consent.source}
        for key, consent in customer.consents.items()
    }


def surveys_view(customer: Customer) -> dict[str, Any]:
    """The last answer to each survey as conditions and templates see it."""
    return {
        name: {"score": score, "kind": kind, "group": group_of(kind, score), "at": to_datetime(at)}
        for name, (score, kind, at) in customer.surveys.items()
    }


def computed_view(audience: Audience, customer: Customer, now: int) -> View:
    """The computed traits at a moment, each made only when something asks for it."""
    return View({}, {}, _Readings(audience.traits, customer.computed, now))


def _recommended(parts: CustomerParts) -> list[dict[str, Any]]:
    return parts.recommender()(RECOMMENDED) if parts.policy.recommending is not None else []


def _on_site(parts: CustomerParts) -> bool:
    assert parts.policy.channel is not None
    return on_site(parts.customer, parts.policy.channel, parts.now)


def _on_the_line(parts: CustomerParts) -> bool:
    assert parts.policy.channel is not None
    return on_the_line(parts.customer, parts.policy.channel, parts.now)


_OF_PRESENCE: Final = frozenset({"on_site", "on_the_line"})
_PARTS: Final[Mapping[str, Callable[[CustomerParts], Any]]] = {
    "consents": lambda parts: consents_view(parts.customer),
    "computed": lambda parts: computed_view(parts.audience, parts.customer, parts.now),
    "surveys": lambda parts: surveys_view(parts.customer),
    "campaign": lambda parts: campaign_view(parts.customer, parts.at),
    "recommended": _recommended,
    "on_site": _on_site,
    "on_the_line": _on_the_line,
}


class _Readings:
    """The computed traits by name, as something that makes their values."""

    def __init__(self, traits: Mapping[str, Trait], kept: Mapping[str, list[Any]], now: int) -> None:
        self._traits = traits
        self._kept = kept
        self._now = now

    def __getitem__(self, name: str) -> Callable[[], Any]:
        trait = self._traits[name]
        return partial(trait.read, own_state(trait, self._kept.get(name)), self._now)

    def __contains__(self, name: object) -> bool:
        return name in self._traits
