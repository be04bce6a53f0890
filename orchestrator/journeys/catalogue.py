"""Every definition that was ever applied, in order: who stands in an old version finds it, a change can be undone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from orchestrator.engine.journey import Env, Journey
from orchestrator.errors import DefinitionError, OrchestratorError, Problem
from orchestrator.journeys.applied import Applied, AppliedLimits, State, number_of, pack_digest, version_of
from orchestrator.journeys.compile import compile_env, compile_journey, versions_of
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.outline import outline
from orchestrator.journeys.pack import Pack
from orchestrator.moments import format_moment

_log = logging.getLogger(__name__)

PACK: Final = b"pack/"
APPLIED: Final = b"applied/"
_PLACE: Final = Path("definitions")


def records_of(applied: Applied, pack: Pack) -> list[tuple[bytes, bytes]]:
    """Keys and values of the records that a change needs on the topic, in their order."""
    return [
        (PACK + applied.pack.encode(), pack.to_json()),
        (APPLIED + str(applied.number).encode(), applied.to_json()),
    ]


class Catalogue:
    """The records of the definitions topic, taken one by one in their order.

    The env of a change knows what was there when it was made, and nothing that came later: whoever reads the records
    gets the same one, whenever they ask for it.

    Args:
        limits: of definitions that were applied before changes were numbered.
        survey_key: what the links of surveys are signed by; it is on no topic.
    """

    def __init__(self, limits: AppliedLimits, survey_key: bytes = b"") -> None:
        self.history: list[Applied] = []
        self._limits = limits
        self._survey_key = survey_key
        self._packs: dict[str, bytes] = {}
        self._parsed: dict[str, Pack] = {}
        self._sources: dict[tuple[str, str], str] = {}
        self._compiled: dict[tuple[str, str], Journey | None] = {}
        self._known_then: dict[str, int] = {}
        self._applied: dict[str, Applied] = {}
        self._envs: dict[str, Env] = {}

    @property
    def current(self) -> Applied | None:
        """The last change."""
        return self.history[-1] if self.history else None

    @property
    def versions(self) -> tuple[str, ...]:
        """All that ``env`` knows."""
        return tuple(self._known_then)

    @property
    def channels(self) -> tuple[str, ...]:
        """All that were ever in force, as far as this release can read it: what was sent on them is still there."""
        found: dict[str, None] = {}
        for digest in reversed(self._packs):
            try:
                found |= dict.fromkeys(self._pack(digest).channels)
            except DefinitionError as error:
                _log.warning("definitions %s cannot be read by this release: %s", digest, error)
        return tuple(found)

    def take(self, key: bytes, value: bytes) -> None:
        """Takes one record in. Raises DefinitionError if it cannot be read."""
        if key.startswith(PACK):
            self._take_pack(key.removeprefix(PACK).decode(), value)
        elif key.startswith(APPLIED):
            self._take_applied(Applied.from_json(value))

    def pack(self, applied: Applied) -> Pack:
        """The definitions of a change. Raises DefinitionError if this release cannot read them."""
        return self._pack(applied.pack)

    def env(self, version: str) -> Env | None:
        """The env of a change, or of a pack from before there were changes; None if it is not known (yet).

        An empty version is the last change, and so is one that is older than the last and got lost.

        Raises:
            OrchestratorError: this release cannot read or compile it.
        """
        if version not in self._known_then:
            current = self.current
            if current is None or (version and number_of(version) >= current.number):
                return None
            version = current.version
        if version not in self._envs:
            self._envs[version] = self._compile(version)
        return self._envs[version]

    def following(
        self,
        pack: Pack,
        states: Mapping[str, State],
        limits: AppliedLimits,
        what: str,
        when: int,
        origin: Origin,
        note: str = "",
        *,
        back_to: str | None = None,
        end_unmapped: bool = False,
        pauses: Sequence[PauseDefinition] = (),
    ) -> Applied:
        """The next change, which puts this in force; ``when`` in UTC milliseconds."""
        number = self.current.number + 1 if self.current is not None else 1
        digest, kept = pack_digest(pack.to_json()), dict(sorted(states.items()))
        return Applied(
            number=number,
            version=version_of(number, digest, kept, limits, end_unmapped=end_unmapped, pauses=pauses),
            pack=digest,
            versions=versions_of(pack),
            states=kept,
            pauses=tuple(pauses),
            limits=limits,
            what=what,
            who=origin.who,
            when=format_moment(when),
            note=note,
            commit=origin.commit,
            dirty=origin.dirty,
            project=origin.project,
            back_to=back_to,
            end_unmapped=end_unmapped,
        )

    def since(self, journey: str) -> Applied | None:
        """The change since which a journey has the state that it has; None if it simply runs."""
        state = self.current.states.get(journey) if self.current is not None else None
        found = None
        for applied in reversed(self.history):
            if state is None or applied.states.get(journey) != state:
                break
            found = applied
        return found

    def steps(self, journey: str) -> frozenset[str]:
        """The ids of the steps of all versions of a journey, as far as this release can read them."""
        found: set[str] = set()
        for (name, _), digest in self._sources.items():
            if name == journey:
                try:
                    found |= {placed.id for placed in outline(self._pack(digest).journeys[name])}
                except DefinitionError as error:
                    _log.warning("definitions %s cannot be read by this release: %s", digest, error)
        return frozenset(found)

    def has_pack(self, digest: str) -> bool:
        """Whether these definitions are on the topic."""
        return digest in self._packs

    def _take_pack(self, digest: str, value: bytes) -> None:
        self._packs[digest] = value
        if digest != pack_digest(value):
            # Of before there were changes: the key is the version of its env.
            pack = self._pack(digest)
            self._remember(digest, digest, versions_of(pack))

    def _take_applied(self, applied: Applied) -> None:
        if not self.history or applied.number > self.history[-1].number:
            self.history.append(applied)
            self._applied[applied.version] = applied
            self._remember(applied.version, applied.pack, applied.versions)

    def _remember(self, version: str, digest: str, versions: Mapping[str, str]) -> None:
        for place in versions.items():
            self._sources.setdefault(place, digest)
        self._known_then[version] = len(self._sources)

    def _compile(self, version: str) -> Env:
        applied = self._applied.get(version)
        pinned = {}
        for place in islice(self._sources, self._known_then[version]):
            journey = self._journey(place)
            if journey is not None:
                pinned[place] = journey
        limits = applied.limits if applied is not None else self._limits
        pack = self._pack(applied.pack if applied is not None else version)
        env = compile_env(pack, **limits.model_dump(), pinned=pinned, applied=applied, survey_key=self._survey_key)
        return env if applied is not None else replace(env, version=version)

    def _journey(self, place: tuple[str, str]) -> Journey | None:
        if place not in self._compiled:
            name, version = place
            try:
                self._compiled[place] = compile_journey(self._pack(self._sources[place]), name, version)
            except OrchestratorError as error:
                _log.error("journey '%s' %s cannot be run any more, whoever stands in it: %s", name, version, error)
                self._compiled[place] = None
        return self._compiled[place]

    def _pack(self, digest: str) -> Pack:
        if digest not in self._parsed:
            value = self._packs.get(digest)
            if value is None:
                raise DefinitionError([Problem(_PLACE, 0, f"the definitions {digest} are not on the topic")])
            self._parsed[digest] = Pack.from_json(value)
        return self._parsed[digest]
