"""One change of the definitions: what has been in force since then, who made it, when and from what."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StrictBool, StrictInt, ValidationError

from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.journeys.model import Model, Name

State = Literal["paused", "stopped", "ended"]
"""Nobody enters; ``paused``: what is inside stands still, ``stopped``: it goes on to its end, ``ended``: it is over."""

_PLACE: Final = Path("definitions")
_LENGTH: Final = 12
_VERSION: Final = re.compile(rf"^([1-9][0-9]{{0,17}})-[0-9a-f]{{{_LENGTH}}}$")


class AppliedLimits(Model):
    """Those of the engine: the settings of whoever applied."""

    dedupe_count: Annotated[StrictInt, Field(ge=0, description="message ids kept per customer against repeats")]
    dedupe_window_ms: Annotated[StrictInt, Field(ge=0, description="for how long, in milliseconds")]
    late_after_ms: Annotated[StrictInt, Field(ge=0, description="an event older than this starts no journey")]


class Applied(Model):
    """A change of the definitions. Its key is ``applied/`` and its number, which counts the changes."""

    number: Annotated[StrictInt, Field(ge=1)] = Field(description="how many changes there were, this one included")
    version: str = Field(
        pattern=_VERSION.pattern,
        description="the number, and a digest of what is in force; journals name it",
    )
    pack: str = Field(description="the key of the definitions, without pack/")
    versions: dict[Name, str] = Field(description="the version of each journey, by name")
    states: dict[Name, State] = Field({}, description="journeys that do not simply run, by name")
    pauses: tuple[PauseDefinition, ...] = Field((), description="what is said to nobody now, in whatever journey")
    limits: AppliedLimits = Field(description="of the engine: the settings of whoever applied")
    what: str = Field(description="what was done, in words")
    who: str = Field(description="user@host, or the name that was given")
    when: str = Field(description="the moment, ISO 8601")
    note: str = Field("", description="why, in the words of whoever applied")
    commit: str | None = Field(None, description="the git commit of the project's folder")
    dirty: StrictBool = Field(False, description="whether the folder held what was not committed")
    project: str = Field("", description="the setting project_name of whoever applied")
    back_to: str | None = Field(None, pattern=_VERSION.pattern, description="the version that a rollback went back to")
    end_unmapped: StrictBool = Field(
        False, description="whether those leave who are asked to come to another version and have no step there"
    )

    def to_json(self) -> bytes:
        """The value of its record."""
        plain = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, data: bytes) -> Applied:
        """The record of ``to_json``'s bytes. Raises DefinitionError for anything else."""
        try:
            return cls.model_validate_json(data, by_alias=True, by_name=False)
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
            raise DefinitionError([Problem(_PLACE, 0, problem) for problem in problems]) from None


def pack_digest(pack: bytes) -> str:
    """What the definitions are known by on their topic."""
    return hashlib.sha256(pack).hexdigest()[:_LENGTH]


def version_of(
    number: int,
    pack: str,
    states: Mapping[str, State],
    limits: AppliedLimits,
    *,
    end_unmapped: bool = False,
    pauses: Sequence[PauseDefinition] = (),
) -> str:
    """The version of a change: two with the same content differ by their number alone."""
    content: dict[str, Any] = {"pack": pack, "states": dict(states), "limits": limits.model_dump()}
    if end_unmapped:
        content["end_unmapped"] = True
    if pauses:
        content["pauses"] = [pause.model_dump(mode="json", by_alias=True, exclude_defaults=True) for pause in pauses]
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_LENGTH]
    return f"{number}-{digest}"


def number_of(version: str) -> int:
    """The number of the change; 0 for versions of before there were numbers.

    Raises:
        ValueError: it is no version at all.
    """
    found = _VERSION.fullmatch(version)
    if found is not None:
        return int(found[1])
    if not version or re.fullmatch(r"[0-9a-z_-]+", version):
        return 0
    raise ValueError(f"'{version[:80]}' is no version of definitions")
