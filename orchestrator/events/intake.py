"""From a Kafka record to an event, or to a refusal that says what is wrong with it. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.durations import format_duration
from orchestrator.errors import BadRecord
from orchestrator.events.engagement import SURVEY_ANSWERED
from orchestrator.events.envelope import Headers, unwrap, unwrap_structured
from orchestrator.events.event import CONSENT_CHANGED, JOURNEY_REQUESTED, Event
from orchestrator.events.identifiers import ID_MAX, NAME, read_id
from orchestrator.events.payload import ANY_DEPTH_BYTES, check_depth, parse
from orchestrator.events.refusal import Code, nearest, refusal, shown
from orchestrator.events.segment import NAME_MAX, read_call, read_object
from orchestrator.events.surveys import check_answer
from orchestrator.events.timestamps import EARLIEST_MS, EPOCH, LATEST_MS, happened, time_field

_from_iso = datetime.fromisoformat


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted.

    ``event_clock`` means that time is the data's: then no event is too old or ahead of its time.
    ``strict`` has, by logical topic, the only event names that may come there; topics that are not
    in it take any name. ``survey_key`` is what answers to surveys must be signed by; empty, none has to be.
    """

    max_event_bytes: int
    max_event_age_ms: int
    future_tolerance_ms: int
    event_clock: bool
    strict: Mapping[str, frozenset[str]]
    survey_key: bytes = b""


class Intake:
    """Reads the records of the input topics."""

    __slots__ = ("_event_clock", "_future_ms", "_max_age_ms", "_max_bytes", "_strict", "_survey_key")

    def __init__(self, limits: Limits) -> None:
        self._event_clock = limits.event_clock
        self._future_ms = limits.future_tolerance_ms
        self._max_age_ms = limits.max_event_age_ms
        self._max_bytes = limits.max_event_bytes
        self._strict = limits.strict
        self._survey_key = limits.survey_key

    def read(
        self,
        topic: str,
        partition: int,
        offset: int,
        value: bytes | None,
        headers: Headers,
        timestamp_ms: int,
        now_ms: int,
    ) -> Event:
        """The event of one record.

        One without ``messageId`` gets an id from its place in the log, which a replay gives again; the
        record's time stamp is part of it, since a topic that is made anew counts its offsets from 0.

        Args:
            topic: the logical name of the topic.
            partition: of the topic.
            offset: of the record in its partition.
            value: the bytes of the record; None is a tombstone.
            headers: of the record.
            timestamp_ms: the record's own time stamp; 0 or less when it has none.
            now_ms: the worker's time.

        Raises:
            BadRecord: and nothing else; ``refusal.Code`` has the codes.
        """
        size = len(value) if value else 0
        if size > self._max_bytes:
            raise refusal(Code.TOO_LARGE, f"the record has {size} bytes: up to {self._max_bytes} are allowed")
        if headers or value is None:
            record, traceparent = unwrap(value, headers)
        else:
            record, traceparent = parse(value), None
            if "specversion" in record:
                record, traceparent = unwrap_structured(record)
        if value and size > ANY_DEPTH_BYTES:
            check_depth(value, record)
        event = self._glance(record, traceparent, timestamp_ms, now_ms)
        if event is None:
            place = f"{topic}/{partition}/{offset}@{timestamp_ms}"
            event = self._read_carefully(record, traceparent, place, timestamp_ms, now_ms)
        if event.name == CONSENT_CHANGED:
            _check_consent(event.properties)
        elif event.name == JOURNEY_REQUESTED:
            _check_request(event.properties)
        elif event.name == SURVEY_ANSWERED:
            check_answer(event.properties, (event.user_id, event.anonymous_id), self._survey_key)
        if topic in self._strict and event.name not in self._strict[topic]:
            raise _unknown_event(event.name, topic, self._strict[topic])
        return event

    def _glance(self, record: dict[str, Any], traceparent: str | None, record_ms: int, now_ms: int) -> Event | None:
        """The event of the most common record, a track call with nothing unusual.

        None leaves the decision to ``_read_carefully``, which would give the same event in three
        times the time. Comparing with "!" sorts out what is no text (TypeError), empty or blank.
        """
        try:
            name, message_id, properties = record["event"], record["messageId"], record["properties"]
            since = _from_iso(record["timestamp"]) - EPOCH
            user_id, anonymous_id, context = record.get("userId"), record.get("anonymousId"), record.get("context")
            if not (
                record["type"] == "track"
                and type(properties) is dict
                and (context is None or type(context) is dict)
                and name >= "!"
                and len(name) <= NAME_MAX
                and message_id >= "!"
                and len(message_id) <= ID_MAX
                and message_id.isprintable()
                and (user_id is None or (user_id >= "!" and len(user_id) <= ID_MAX and user_id.isprintable()))
                and (
                    user_id
                    if anonymous_id is None
                    else (anonymous_id >= "!" and len(anonymous_id) <= ID_MAX and anonymous_id.isprintable())
                )
            ):
                return None
        except (KeyError, ValueError, TypeError):
            return None
        timestamp = since.days * 86_400_000 + (since.seconds * 1000 + since.microseconds // 1000)
        if self._event_clock:
            at = timestamp
            if not EARLIEST_MS <= timestamp < LATEST_MS:
                return None
        else:
            oldest = now_ms - self._max_age_ms
            if not (EARLIEST_MS <= oldest <= timestamp <= now_ms + self._future_ms):
                return None
            at = record_ms if oldest <= record_ms <= now_ms else now_ms
        return Event(
            message_id, name, timestamp, at, user_id, anonymous_id, None, properties, {}, context or {}, traceparent
        )

    def _read_carefully(
        self, record: dict[str, Any], traceparent: str | None, place: str, record_ms: int, now_ms: int
    ) -> Event:
        """The event of any record, or the refusal; ``place`` is its id if it brings none."""
        name, properties, traits = read_call(record)
        user_id = read_id("userId", record.get("userId"))
        anonymous_id = read_id("anonymousId", record.get("anonymousId"))
        if user_id is None and anonymous_id is None:
            raise refusal(Code.NO_IDENTITY, "'userId' and 'anonymousId' are missing: write at least one of them")
        timestamp, at = self._times(record, record_ms, now_ms)
        return Event(
            read_id("messageId", record.get("messageId")) or place,
            name,
            timestamp,
            at,
            user_id,
            anonymous_id,
            read_id("previousId", record["previousId"]) if record["type"] == "alias" else None,
            properties,
            traits,
            read_object(record, "context"),
            traceparent,
        )

    def _times(self, record: Mapping[str, Any], record_ms: int, now_ms: int) -> tuple[int, int]:
        """When it happened at its source, and when it counts."""
        stamp = happened(record)
        timestamp = stamp if stamp is not None else record_ms if record_ms > 0 else now_ms
        if not EARLIEST_MS <= timestamp < LATEST_MS:
            raise _absurd(record, timestamp, "events lie between the years 2000 and 3000")
        if self._event_clock:
            return timestamp, timestamp
        oldest = now_ms - self._max_age_ms
        if timestamp < oldest:
            latest = format_duration(self._max_age_ms)
            raise _absurd(record, timestamp, f"it is too old, events may come up to {latest} late")
        if timestamp > now_ms + self._future_ms:
            ahead = format_duration(self._future_ms)
            raise _absurd(record, timestamp, f"it lies ahead, clocks may be up to {ahead} fast")
        return timestamp, record_ms if record_ms > 0 and oldest <= record_ms <= now_ms else now_ms


def _check_consent(properties: Mapping[str, Any]) -> None:
    """A consent that is not understood must be neither a yes nor a no."""
    given = properties.get("given")
    if type(given) is not bool:
        raise refusal(Code.WRONG_TYPE, f"'properties.given' of a consent is {shown(given)}: write true or false")
    for name in ("channel", "purpose"):
        value = properties.get(name)
        if value is not None and type(value) is not str:
            raise refusal(Code.WRONG_TYPE, f"'properties.{name}' of a consent is {shown(value)}: write a text")


def _check_request(properties: Mapping[str, Any]) -> None:
    """Somebody waits for it: what asks for no journey must not pass in silence."""
    journey = properties.get("journey")
    if type(journey) is not str or NAME.fullmatch(journey) is None:
        raise refusal(
            Code.WRONG_TYPE, f"'properties.journey' of a request is {shown(journey)}: write the name of a journey"
        )


def _absurd(record: Mapping[str, Any], timestamp: int, fault: str) -> BadRecord:
    field = time_field(record)
    if field is None:
        return refusal(Code.BAD_TIMESTAMP, f"the event has no time stamp, its record has {timestamp}: {fault}")
    if type(record[field]) is not str and EARLIEST_MS <= timestamp * 1000 < LATEST_MS:
        fault = "write milliseconds since 1970, these seem to be seconds"
    return refusal(Code.BAD_TIMESTAMP, f"'{field}' is {shown(record[field])}: {fault}")


def _unknown_event(name: str, topic: str, allowed: frozenset[str]) -> BadRecord:
    hint = nearest(name, allowed) or ", which is strict"
    return refusal(Code.UNKNOWN_EVENT, f"{shown(name)} is no event of {topic}{hint}")
