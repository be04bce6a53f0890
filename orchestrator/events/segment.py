"""The six calls of the Segment spec, which RudderStack shares: what each is called inside, and what it carries.

Fields that are not named here are accepted and not looked at.
https://segment.com/docs/connections/spec/ and https://www.rudderstack.com/docs/event-spec/standard-events/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.errors import BadRecord
from orchestrator.events.event import ALIASED, GROUPED, IDENTIFIED, PAGE_VIEWED, SCREEN_VIEWED
from orchestrator.events.identifiers import read_id
from orchestrator.events.refusal import Code, nearest, refusal, shown

NAME_MAX: Final = 200
"""The longest event name, in characters: as long as a journey can name."""

Call = tuple[str, dict[str, Any], dict[str, Any]]
"""The name of the event, its properties and its traits."""


def read_call(record: dict[str, Any]) -> Call:
    """What the call is about.

    Raises:
        BadRecord: unknown_type, batch, wrong_type or missing_field.
    """
    kind = record.get("type")
    reader = _READERS.get(kind) if type(kind) is str else None
    if reader is None:
        raise _unknown_type(record)
    return reader(record)


def read_object(record: Mapping[str, Any], field: str) -> dict[str, Any]:
    """The object in a field; an absent one and null are empty. Raises BadRecord wrong_type."""
    value = record.get(field)
    if type(value) is dict:
        return value
    if value is None:
        return {}
    remedy = "write an object, not the text of one" if type(value) is str else "write an object"
    raise refusal(Code.WRONG_TYPE, f"'{field}' is {shown(value)}: {remedy}")


def _read_name(record: Mapping[str, Any]) -> str:
    name = record.get("event")
    if name is None:
        raise refusal(Code.MISSING_FIELD, "'event' is missing: a track call names what happened, as 'Order Completed'")
    if type(name) is not str:
        raise refusal(Code.WRONG_TYPE, f"'event' is {shown(name)}: write the name of what happened as a text")
    if max(name, default=" ") <= " ":
        raise refusal(Code.MISSING_FIELD, "'event' is blank: a track call names what happened, as 'Order Completed'")
    if len(name) > NAME_MAX:
        raise refusal(Code.WRONG_TYPE, f"'event' has {len(name)} characters: up to {NAME_MAX} are allowed")
    return name


def _track(record: dict[str, Any]) -> Call:
    return _read_name(record), read_object(record, "properties"), {}


def _identify(record: dict[str, Any]) -> Call:
    # RudderStack's SDKs leave the traits of an identify call in context.traits.
    traits = read_object(record, "traits") or read_object(read_object(record, "context"), "traits")
    return IDENTIFIED, read_object(record, "properties"), traits


def _page(record: dict[str, Any]) -> Call:
    return PAGE_VIEWED, _view_properties(record), {}


def _screen(record: dict[str, Any]) -> Call:
    return SCREEN_VIEWED, _view_properties(record), {}


def _view_properties(record: dict[str, Any]) -> dict[str, Any]:
    properties = read_object(record, "properties")
    for field in ("name", "category"):
        value = record.get(field)
        if value is None:
            continue
        if type(value) is not str:
            raise refusal(Code.WRONG_TYPE, f"'{field}' is {shown(value)}: write a text")
        properties.setdefault(field, value)
    return properties


def _alias(record: dict[str, Any]) -> Call:
    for field, role in (("userId", "the id to use from now on"), ("previousId", "the id used until now")):
        if read_id(field, record.get(field)) is None:
            raise refusal(Code.MISSING_FIELD, f"'{field}' is missing: an alias call gives {role}")
    return ALIASED, read_object(record, "properties"), {}


def _group(record: dict[str, Any]) -> Call:
    group = read_id("groupId", record.get("groupId"))
    if group is None:
        raise refusal(Code.MISSING_FIELD, "'groupId' is missing: a group call names the group that the customer is in")
    return GROUPED, read_object(record, "properties") | {"groupId": group}, read_object(record, "traits")


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Call]]] = {
    "track": _track,
    "identify": _identify,
    "page": _page,
    "screen": _screen,
    "alias": _alias,
    "group": _group,
}

CALLS: Final = frozenset(_READERS)
"""What ``type`` may be."""


def _unknown_type(record: dict[str, Any]) -> BadRecord:
    kind = record.get("type")
    if type(record.get("batch")) is list and (kind is None or kind == "batch"):
        remedy = "write each event of 'batch' as a record of its own"
        return refusal(Code.BATCH, f"the record is a batch of {len(record['batch'])}: {remedy}")
    allowed = "track, identify, page, screen, alias or group"
    if kind is None:
        return refusal(Code.UNKNOWN_TYPE, f"'type' is missing: write {allowed}")
    if type(kind) is not str:
        return refusal(Code.WRONG_TYPE, f"'type' is {shown(kind)}: write {allowed}")
    return refusal(Code.UNKNOWN_TYPE, f"'type' is {shown(kind)}: write {allowed}{nearest(kind, CALLS)}")
