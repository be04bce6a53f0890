"""Where a visit came from: the campaign, and the element and topic of the link that opened its first page.

https://segment.com/docs/connections/spec/common/#context-fields has ``context.campaign``; what a page's address says of
it (``utm_…``) counts where a producer does not fill that in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from orchestrator.moments import to_datetime

if TYPE_CHECKING:
    from orchestrator.engine.customer import Customer
    from orchestrator.events.event import Event

VISIT_MS: Final = 30 * 60_000
"""After this silence a visit is over, and what it came from is forgotten."""

CAMPAIGN: Final = ("name", "source", "medium", "term", "content", "element", "topic")
"""What is kept of a campaign."""

_INSTEAD: Final = {"element": "content", "topic": "term"}
"""What says it where a link does not name it: a link in Google's terms has ``utm_content`` and ``utm_term`` only."""

_LONGEST: Final = 200


def arrive(customer: Customer, event: Event) -> None:
    """Takes over the campaign that a page was opened by, or any event with one, if none is newer."""
    told = _campaign(event)
    if not told:
        return
    held = customer.campaign
    if held and held["at"] > event.timestamp:
        return
    if customer.last_seen - event.timestamp > VISIT_MS:
        return
    same = {name: value for name, value in held.items() if name != "at"} == told
    customer.campaign = held if same else {**told, "at": event.timestamp}


def is_over(customer: Customer, at: int) -> bool:
    """Whether the customer has been silent for so long that what comes at a moment is another visit."""
    return at - customer.last_seen > VISIT_MS


def unite_campaigns(customer: Customer, other: Customer) -> None:
    """The newer one of two records whose moments of ``last_seen`` are still their own, unless that visit is over."""
    last_seen = max(customer.last_seen, other.last_seen)
    going_on = [one.campaign for one in (customer, other) if one.campaign and not is_over(one, last_seen)]
    customer.campaign = max(going_on, key=lambda campaign: campaign["at"], default={})


def campaign_view(customer: Customer, at: int) -> dict[str, Any]:
    """The campaign of the visit as conditions and templates see it at a moment; empty if there is none."""
    held = customer.campaign
    if not held or is_over(customer, at):
        return {}
    return {**held, "at": to_datetime(held["at"])}


def _campaign(event: Event) -> dict[str, Any]:
    told = event.context.get("campaign")
    if not isinstance(told, Mapping):
        told = _of_address(event)
    found = {}
    for name in CAMPAIGN:
        value = told.get(name) or told.get(_INSTEAD.get(name, name))
        if isinstance(value, str) and value:
            found[name] = value[:_LONGEST]
    return found


def _of_address(event: Event) -> dict[str, str]:
    """What the address of a page says: its properties, or ``context.page``, as Segment's libraries send it."""
    page = event.context.get("page")
    for told in (event.properties, page if isinstance(page, Mapping) else {}):
        for address in (told.get("search"), told.get("url")):
            if isinstance(address, str) and "utm_" in address:
                query = address.partition("?")[2].partition("#")[0]
                pairs = {name.removeprefix("utm_"): value for name, value in parse_qsl(query) if name[:4] == "utm_"}
                return {"name" if name == "campaign" else name: value for name, value in pairs.items()}
    return {}
