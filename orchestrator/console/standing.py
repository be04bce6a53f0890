"""What was said to a customer, and how they stand under the contact policy now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.engine.calendar import zone_of
from orchestrator.engine.contact import each_of, named
from orchestrator.engine.contact_policy import Cap
from orchestrator.engine.contacts import Contact
from orchestrator.engine.customer import Customer
from orchestrator.engine.frequency import fits, free_from, taken
from orchestrator.engine.policy import Policy
from orchestrator.engine.pressure import pressure
from orchestrator.moments import format_moment


def messages(customer: Customer) -> list[dict[str, Any]]:
    """What was said, the newest first."""
    return [_message(contact) for contact in reversed(customer.contacts)]


def counted(customer: Customer, policy: Policy, now: int) -> dict[str, Any]:
    """What counts against each cap now, and the pressure; what waits is not counted. Empty without a contact policy."""
    said = [contact for contact in customer.contacts if contact.counts]
    caps = [row for cap in policy.contact.caps for row in _under(cap, said, customer, policy, now)]
    figures = []
    for rule in policy.contact.pressure:
        figure, ignored = pressure(rule, [contact for contact in said if rule.scope.binds(contact)], now)
        figures.append(
            {"of": rule.scope.label, "pressure": round(figure, 1), "limit": rule.limit, "not_answered": ignored}
        )
    return {name: rows for name, rows in (("caps", caps), ("pressure", figures)) if rows}


def _under(cap: Cap, said: list[Contact], customer: Customer, policy: Policy, now: int) -> Iterator[dict[str, Any]]:
    zone, places = zone_of(customer, policy.timezone), dict[str, list[int]]()
    for contact in said:
        if cap.scope.binds(contact):
            places.setdefault(each_of(cap, contact), []).append(contact.at)
    for each, times in sorted(places.items()):
        count = taken(cap, times, now, zone)
        if count and (each or cap.each is None):
            row = {"of": named(cap, each), "span": cap.span, "count": count, "most": cap.most}
            full = not fits(cap, times, now, zone)
            yield {**row, "free_again": format_moment(free_from(cap, times, now, zone))} if full else row


def _message(contact: Contact) -> dict[str, Any]:
    return {
        "action_id": contact.id,
        "action": contact.action,
        "journey": contact.journey or None,
        "channel": contact.channel,
        "purpose": contact.purpose,
        "at": format_moment(contact.at),
        "state": contact.state,
        "state_at": format_moment(contact.state_at) if contact.state_at else None,
    }
