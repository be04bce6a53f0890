"""What can be wrong in the contact policy beyond its form: names that are not there, rules that bind nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from orchestrator.engine.treatment import CONSENT_FREE
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.contact_policy import (
    BesidesDefinition,
    ContactPolicyDefinition,
    PressureDefinition,
    ScopeDefinition,
)
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import WEEKDAYS
from orchestrator.journeys.treatments import PURPOSE
from orchestrator.nearest import hint


def check_contact_policy(
    policy: ContactPolicyDefinition,
    channels: Collection[str],
    actions: Collection[str],
    groups: Collection[str],
    purposes: Collection[str],
) -> Iterator[Finding]:
    """The names in the contact policy that are not there, and the rules that would bind nothing or shut all out."""
    known = {"channel": channels, "action": actions, "group": groups, "purpose": purposes}
    for location, scope in _scopes(policy):
        for key, names in known.items():
            for name in getattr(scope, key):
                if name not in names:
                    yield Finding((*location, key), f"the {key} '{name}' is unknown: {hint(name, names)}")
        if isinstance(scope, ScopeDefinition) and scope.except_ is not None:
            yield from _excepted(location, scope, scope.except_)
    for name in policy.unbound:
        if name not in purposes:
            yield Finding(("contact", "unbound"), f"the purpose '{name}' is unknown: {hint(name, purposes)}")
    for number, hours in enumerate(policy.quiet_hours):
        if hours.from_ == hours.until and set(hours.days or WEEKDAYS) == set(WEEKDAYS):
            message = "they would never end: write another time, the days on which they begin, or a pause"
            yield Finding(("contact", "quiet_hours", number, "until"), message)
    for number, rule in enumerate(policy.pressure):
        yield from _too_heavy(("contact", "pressure", number), rule, channels)


def purposes_of(actions: Iterable[ActionDefinition], journeys: Iterable[JourneyDefinition]) -> set[str]:
    """Those that messages have, and those that mean something by themselves."""
    own = {action.purpose for action in actions if action.purpose is not None}
    return {PURPOSE, *CONSENT_FREE, *own, *(journey.purpose for journey in journeys)}


def unknown_in(pack: Pack, names: Mapping[str, str | None]) -> str | None:
    """What is wrong with the names of a purpose and a channel; None if a pack has both."""
    known = {"channel": pack.channels, "purpose": purposes_of(pack.actions.values(), pack.journeys.values())}
    wrong = ((key, name) for key, name in names.items() if name is not None and name not in known[key])
    return next((f"the {key} '{name}' is unknown: {hint(name, known[key])}" for key, name in wrong), None)


def _excepted(location: Location, scope: ScopeDefinition, but: BesidesDefinition) -> Iterator[Finding]:
    for key in ("purpose", "channel", "goal", "group", "action"):
        if getattr(scope, key) and set(getattr(scope, key)) <= set(getattr(but, key)):
            message = f"it excepts each {key} that the rule is about: the rule would bind nothing"
            yield Finding((*location, "except", key), message)


def _too_heavy(location: Location, rule: PressureDefinition, channels: Collection[str]) -> Iterator[Finding]:
    for name, weight in rule.weights.items():
        if name not in channels:
            yield Finding((*location, "weights", name), f"the channel '{name}' is unknown: {hint(name, channels)}")
        elif weight > rule.limit:
            message = f"one message on '{name}' weighs more than the limit of {rule.limit:g}: none would ever go out"
            yield Finding((*location, "weights", name), message)
    about = set(rule.channel or channels) - set(rule.except_.channel if rule.except_ is not None else ())
    if rule.limit < 1 and (plain := sorted(about & set(channels) - set(rule.weights))):
        message = f"one message on '{plain[0]}' weighs 1, more than the limit: none would ever go out"
        yield Finding((*location, "limit"), message)


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
