"""What can be wrong in the contact policy beyond its form: names that are not there, rules that bind nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.journeys.contact_policy import BesidesDefinition, ContactPolicyDefinition, ScopeDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.source import Location
from orchestrator.nearest import hint


def check_contact_policy(
    policy: ContactPolicyDefinition, channels: Collection[str], actions: Collection[str], groups: Collection[str]
) -> Iterator[Finding]:
    """The channels, actions and groups that the contact policy names and that are not there."""
    for location, scope in _scopes(policy):
        for key, known in (("channel", channels), ("action", actions), ("group", groups)):
            for name in getattr(scope, key):
                if name not in known:
                    yield Finding((*location, key), f"the {key} '{name}' is unknown: {hint(name, known)}")
    for number, rule in enumerate(policy.pressure):
        for name in rule.weights:
            if name not in channels:
                message = f"the channel '{name}' is unknown: {hint(name, channels)}"
                yield Finding(("contact", "pressure", number, "weights", name), message)


def _scopes(policy: ContactPolicyDefinition) -> Iterator[tuple[Location, ScopeDefinition | BesidesDefinition]]:
    lists = ("caps", "quiet_hours", "pressure", "suppression", "pause")
    placed: list[tuple[Location, ScopeDefinition]] = [
        (("contact", kind, number), rule) for kind in lists for number, rule in enumerate(getattr(policy, kind))
    ]
    placed += [(("contact", "calendars", name), rule) for name, rule in policy.calendars.items()]
    for location, rule in placed:
        yield location, rule
        if rule.except_ is not None:
            yield (*location, "except"), rule.except_
