"""One customer's record, as the workers last wrote it."""

from __future__ import annotations

from typing import Any, Final

import orjson

from orchestrator.console.follow import BEGINNING, Follower
from orchestrator.console.standing import messages
from orchestrator.engine.audience import Audience
from orchestrator.engine.customer import ANONYMOUS, USER, Customer, Pointer, Record, decode, to_json
from orchestrator.engine.traits import as_of as traits_as_of
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.settings import Settings

_MOMENTS: Final = ("first_seen", "last_seen", "next_due", "located")
_TABLES_OF_MOMENTS: Final = ("trait_times", "aliases", "bounced", "quiet", "alarms", "places", "consent_from")


async def look_up(settings: Settings, bootstrap: str, customer_id: str) -> tuple[Customer, str | None] | None:
    """The record of a user or an anonymous visitor, and the alias that led there; None if nobody is known by the id."""
    found = await _records(settings, bootstrap, customer_id)
    record = found.get(USER + customer_id) or found.get(ANONYMOUS + customer_id)
    if isinstance(record, Pointer):
        owner = record.to
        record = (await _records(settings, bootstrap, owner[2:])).get(owner)
        return (record, customer_id) if isinstance(record, Customer) else None
    return (record, None) if isinstance(record, Customer) else None


def shown(customer: Customer, alias: str | None, audience: Audience, now: int) -> dict[str, Any]:
    """The record as JSON values with moments in ISO 8601, and its computed traits as of now."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(to_json(customer)))
    plain["computed"] = traits_as_of(audience, customer, now)
    if customer.history:
        plain["history"] = {"events": customer.history[2]}
    for name in _MOMENTS:
        _rewrite(plain, name)
    for name in _TABLES_OF_MOMENTS:
        plain[name] = {key: format_moment(moment) for key, moment in plain.get(name, {}).items()}
    plain["entered"] = {key: list(map(format_moment, moments)) for key, moments in plain.get("entered", {}).items()}
    for word in (*plain.get("consents", {}).values(), *plain.get("suppressed", {}).values()):
        _rewrite(word, "at")
    plain["contacts"] = messages(customer)
    for name, (score, kind, at) in plain.get("surveys", {}).items():
        plain["surveys"][name] = {"score": score, "kind": kind, "at": format_moment(at)}
    _rewrite(plain.get("campaign", {}), "at")
    for past in plain.get("past", {}).values():
        _rewrite(past, "entered_at")
    _open(plain)
    for ticket in plain.get("tickets", {}).values():
        _rewrite(ticket, "asked_at", "window", "until")
    for instance in plain.get("instances", {}).values():
        _rewrite(instance, "entered_at", "due", "since")
        for event in (instance.get("entry"), instance.get("last")):
            _rewrite(event or {}, "timestamp")
    head = {"id": customer.id, "known": customer.known, **({"found_by": alias} if alias is not None else {})}
    return head | {name: value for name, value in plain.items() if value not in ({}, []) and name != "key"}


def _rewrite(fields: dict[str, Any], *moments: str) -> None:
    for name in moments:
        if type(fields.get(name)) is int:
            fields[name] = format_moment(fields[name])


def _open(plain: dict[str, Any]) -> None:
    """What was said and may yet be withdrawn, and what stands in placements."""
    for offer in plain.get("offers", {}).values():
        if not offer["since"]:  # one of a placement waits for nothing
            del offer["since"]
        _rewrite(offer, "due", "expires_at", "since")
        _rewrite(offer.get("cause") or {}, "timestamp")
    for name, rows in plain.get("placed", {}).items():
        plain["placed"][name] = [_place(*row) for row in rows]


def _place(action: str, action_id: str, place: int, expires_at: int, answered: bool = False) -> dict[str, Any]:
    told = {"place": place, "action": action, "action_id": action_id, "expires_at": format_moment(expires_at)}
    return told | ({"answered": True} if answered else {})


async def _records(settings: Settings, bootstrap: str, customer_id: str) -> dict[str, Record]:
    """The last records under the keys that the id may have, at its home."""
    wanted = {(kind + customer_id).encode() for kind in (USER, ANONYMOUS)}
    values: dict[bytes, bytes | None] = {}
    async with Follower(settings, bootstrap, [names.CHANGELOG], at_home_of=customer_id) as follower:
        await follower.seek(BEGINNING)
        async for found in follower.past():
            if found.record.key in wanted:
                values[found.record.key] = found.record.value
    return {key.decode(): decode(value) for key, value in values.items() if value is not None}
