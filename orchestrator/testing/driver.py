"""Runs journeys without a broker: feed events, move the clock, read what would be on the topics.

The same intake, engine and batch work as in a worker; only Kafka and the disk are missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

from orchestrator import engine
from orchestrator.contracts.catalog import CatalogProduct, checked
from orchestrator.contracts.product_file import products_in
from orchestrator.durations import parse_duration
from orchestrator.engine.customer import ANONYMOUS, USER, Pointer, to_json
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.routing import topic_of
from orchestrator.events.timestamps import read_moment
from orchestrator.journeys.applied import AppliedLimits, State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.compile import compile_env
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.journeys.load import load
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.streams.work import Headers, Output
from orchestrator.testing.coverage import show
from orchestrator.testing.run import Run, TestRecord
from orchestrator.testing.texts import pack_of

__all__ = ["JourneyTestDriver", "TestRecord"]

LIMITS = AppliedLimits(
    dedupe_count=64, dedupe_window_ms=parse_duration("7 days"), late_after_ms=parse_duration("1 day")
)


class JourneyTestDriver:
    """One project's journeys at a moment that only the test moves.

    Args:
        env: the compiled definitions (``of_project`` and ``of_pack`` make it).
        start: the first moment, ISO 8601.
        partitions: how many homes to spread customers over; the result must not depend on it.
    """

    def __init__(self, env: engine.Env, start: str = "2026-01-05T09:00:00Z", partitions: int = 1) -> None:
        self.actions: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.arbitrations: list[dict[str, Any]] = []
        self.trace: list[dict[str, Any]] = []
        self.dead_letters: list[dict[str, Any]] = []
        limits = Limits(262_144, parse_duration("365 days"), parse_duration("1 day"), event_clock=False, strict={})
        self._run = Run(
            env, Intake(limits), self._collect, start=read_moment(start), partitions=partitions, records_per_write=1
        )
        self._ids = itertools.count(1)
        self._pack: Pack | None = None
        self._catalogue = Catalogue(LIMITS)

    @property
    def env(self) -> engine.Env:
        """The compiled definitions in force; a test may set others."""
        return self._run.env

    @env.setter
    def env(self, env: engine.Env) -> None:
        self._run.env = env

    @property
    def now(self) -> int:
        """What time it is, in UTC milliseconds."""
        return self._run.now

    @now.setter
    def now(self, moment_ms: int) -> None:
        self._run.now = moment_ms

    @classmethod
    def of_pack(cls, pack: Pack, start: str = "2026-01-05T09:00:00Z", partitions: int = 1) -> Self:
        """Of loaded definitions."""
        driver = cls(compile_env(pack, **LIMITS.model_dump()), start, partitions)
        driver._pack = pack
        return driver

    @classmethod
    def of_project(cls, folder: Path | str, start: str = "2026-01-05T09:00:00Z", partitions: int = 1) -> Self:
        """Of a project's folder, with what is sold if it has a ``catalog.csv``.

        Raises:
            DefinitionError: its definitions or products are wrong.
        """
        driver = cls.of_pack(load(Path(folder)), start, partitions)
        driver.put_on_sale(products_in(Path(folder)))
        return driver

    @classmethod
    def of_text(cls, text: str, start: str = "2026-01-05T09:00:00Z", partitions: int = 1) -> Self:
        """Of definitions in one text: what the files would say, with ``---`` between them. Raises DefinitionError."""
        return cls.of_pack(pack_of(text), start, partitions)

    def sell(self, *products: Mapping[str, Any]) -> None:
        """Puts products into the catalogue, as their records on the topic ``catalog`` would.

        Raises:
            BadRecord: a product has a field that it cannot have, or lacks one that it must have.
        """
        self.put_on_sale([checked(dict(product)) for product in products])

    def put_on_sale(self, products: Iterable[CatalogProduct]) -> None:
        """The same of products that were read from a file."""
        references = self._run.references
        changes = {product.id: product.product() for product in products}
        catalogue = references.catalogue.changed(changes, references.catalogue.version + len(changes))
        self._run.references = references._replace(catalogue=catalogue)

    def apply(
        self,
        definitions: str | Path | Pack | None = None,
        states: Mapping[str, State] | None = None,
        *,
        end_unmapped: bool = False,
        pauses: Sequence[PauseDefinition] = (),
    ) -> None:
        """Puts definitions in force under those who are inside, as ``orchestrator apply`` does.

        Args:
            definitions: a text as for ``of_text``, the ``Path`` of a project's folder, or what is loaded already;
                without them the definitions stay as they are.
            states: journeys that are paused, stopped or ended from now on, by name; all others run.
            pauses: what is said to nobody from now on, as ``orchestrator pause --all`` does it.
            end_unmapped: whether those leave whom a ``migrate`` asks to come and who have no step there.

        Raises:
            DefinitionError: if the definitions are wrong.
            TypeError: there are none: the driver was made of a compiled env, and none are given here.
        """
        pack = _loaded(definitions) if definitions is not None else self._pack
        if pack is None:
            raise TypeError("this driver was made of a compiled env: give definitions, a text, a Path or a Pack")
        applied = self._catalogue.following(
            pack, states or {}, LIMITS, "apply", self.now, Origin("test"), end_unmapped=end_unmapped, pauses=pauses
        )
        for key, value in records_of(applied, pack):
            self._catalogue.take(key, value)
        self._pack = pack
        self.env = compile_env(pack, **LIMITS.model_dump(), pinned=self.env.pinned, applied=applied)

    def track(
        self,
        user: str | None,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        anonymous: str | None = None,
        after: str | None = None,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """Sends a track call, ``after`` a while if given; the actions that were published meanwhile."""
        return self.send(
            {"type": "track", "event": event, "properties": dict(properties or {}), **_ids(user, anonymous), **fields},
            after=after,
        )

    def identify(
        self,
        user: str,
        traits: Mapping[str, Any] | None = None,
        *,
        anonymous: str | None = None,
        after: str | None = None,
        **fields: Any,
    ) -> list[dict[str, Any]]:
        """Sends an identify call."""
        return self.send(
            {"type": "identify", "traits": dict(traits or {}), **_ids(user, anonymous), **fields}, after=after
        )

    def alias(self, previous: str, user: str, *, after: str | None = None) -> list[dict[str, Any]]:
        """Sends an alias call."""
        return self.send({"type": "alias", "previousId": previous, "userId": user}, after=after)

    def consent(
        self, user: str, channel: str, given: bool = True, purpose: str = "marketing", *, after: str | None = None
    ) -> list[dict[str, Any]]:
        """Says that the customer gave or withdrew a consent."""
        properties = {"channel": channel, "purpose": purpose, "given": given, "source": "test"}
        return self.track(user, "Consent Changed", properties, after=after)

    def send(self, record: Mapping[str, Any], *, after: str | None = None) -> list[dict[str, Any]]:
        """Sends one Segment call; ``messageId`` and ``timestamp`` are filled in where they are missing."""
        before = len(self.actions)
        if after is not None:
            self.advance(after)
        whole = {"messageId": f"test-{next(self._ids)}", "timestamp": format_moment(self.now), **record}
        key = str(whole.get("userId") or whole.get("anonymousId"))
        self.produce(topic_of(whole), key.encode(), orjson.dumps(whole), [])
        return self.actions[before:]

    def decide(
        self,
        user: str | None,
        channel: str,
        *,
        anonymous: str | None = None,
        key: str | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """What ``POST /v1/decide`` answers.

        Args:
            key: the Idempotency-Key; without it a new one.
            asked: ``placement``, ``places``, ``properties`` or ``context``.

        Raises:
            RequestRefused: it cannot be answered.
        """
        customer = USER + user if user is not None else ANONYMOUS + str(anonymous)
        id_ = key if key is not None else f"test-{next(self._ids)}"
        return self._run.answer(engine.Request(customer, id_, channel, caller="test", **asked))

    def produce(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers, partition: int | None = None
    ) -> None:
        """Puts raw bytes on a logical input topic, on the key's partition unless another is given.

        What it makes due at this very moment fires too, as a worker's timers do a moment later.
        """
        self._run.produce(topic, key, value, headers, partition=partition)
        self._run.advance_to(self.now)

    def advance(self, duration: str) -> list[dict[str, Any]]:
        """Lets time pass; what falls due fires in its order. The actions that were published."""
        return self.advance_to(self.now + parse_duration(duration))

    def advance_to(self, moment_ms: int) -> list[dict[str, Any]]:
        """As ``advance``, to a moment in UTC milliseconds."""
        before = len(self.actions)
        self._run.advance_to(moment_ms)
        return self.actions[before:]

    def customer(self, user: str | None = None, *, anonymous: str | None = None) -> dict[str, Any] | None:
        """What is known of a customer, as JSON values; the owner's record for an id that is owned."""
        record = self._run.record(USER + user if user is not None else ANONYMOUS + str(anonymous))
        if isinstance(record, Pointer):
            record = self._run.record(record.to)
        return orjson.loads(orjson.dumps(to_json(record))) if record is not None else None

    @property
    def timers(self) -> list[tuple[str, str]]:
        """What is due when: (moment, customer id), the earliest first."""
        return [(format_moment(due), key[2:]) for due, key in self._run.timers()]

    def _collect(self, output: Output) -> None:
        if output.topic == names.DEAD_LETTER:
            headers = {name: value.decode() for name, value in output.headers}
            self.dead_letters.append(
                {"reason": headers["dead-letter-reason"], "code": headers["dead-letter-code"], "value": output.value}
            )
            return
        value = orjson.loads(output.value or b"null")
        if output.topic == names.DECISIONS:
            (self.decisions if value["kind"] == "decision" else self.arbitrations).append(value)
        elif output.topic == names.JOURNEY_LOG:
            self.trace.append(value)
            show(value)
        else:
            self.actions.append(value)


def _loaded(definitions: str | Path | Pack) -> Pack:
    if isinstance(definitions, Pack):
        return definitions
    return load(definitions) if isinstance(definitions, Path) else pack_of(definitions)


def _ids(user: str | None, anonymous: str | None) -> dict[str, str]:
    return {name: value for name, value in (("userId", user), ("anonymousId", anonymous)) if value is not None}
