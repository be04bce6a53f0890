"""brand.yaml as people write it: what every message must contain as it is, such as the legal footer of a mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from orchestrator.content.required import holds, reads_edits
from orchestrator.journeys.action import ActionDefinition, TreatmentDefinition
from orchestrator.journeys.definition import ChannelDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.model import Model, Name, listed, one_or_more
from orchestrator.journeys.source import Location
from orchestrator.nearest import hint

_TEXT = {"type": "string"}
Fields = Annotated[tuple[str, ...], BeforeValidator(listed), Field(min_length=1), one_or_more(_TEXT)]
Purposes = Annotated[tuple[Name, ...], BeforeValidator(listed), one_or_more(_TEXT)]


class LockedDefinition(Model):
    """A partial that the content of a channel must contain as it is."""

    in_: dict[Name, Fields] = Field(
        alias="in", min_length=1, description="by channel, the fields that must contain it: {email: [html, text]}"
    )
    purpose: Purposes = Field((), description="only in messages of these purposes; without it, in all")


class BrandDefinition(Model):
    """brand.yaml: what is locked in all that is said."""

    locked: dict[Name, LockedDefinition] = Field(
        description="by the name of a partial, where {% include %} of it must stand"
    )


def check_brand(
    brand: BrandDefinition, partials: Mapping[str, str], channels: Mapping[str, ChannelDefinition]
) -> Iterator[Finding]:
    """What is wrong with brand.yaml itself."""
    for name, locked in brand.locked.items():
        at: Location = ("locked", name)
        if name not in partials:
            yield Finding(at, f"the partial '{name}' is unknown: {hint(name, partials)}")
        elif reads_edits(name, partials):
            yield Finding(at, f"the partial '{name}' is locked, and reads 'edit': what others write would change it")
        for channel, fields in locked.in_.items():
            if channel not in channels:
                yield Finding((*at, "in", channel), f"the channel '{channel}' is unknown: {hint(channel, channels)}")
                continue
            content = channels[channel].content
            for field in fields:
                if field not in content:
                    message = f"the channel '{channel}' has no field '{field}': {hint(field, content)}"
                    yield Finding((*at, "in", channel), message)


def check_locked(
    action: ActionDefinition, purposes: Iterable[str], brand: BrandDefinition, partials: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether an action contains what is locked; ``purposes`` are those that it is said for."""
    said_for = set(purposes)
    for name, locked in brand.locked.items():
        if name not in partials or (locked.purpose and not said_for & set(locked.purpose)):
            continue
        for channel, said in action.by_channel.items():
            for field in locked.in_.get(channel, ()):
                for at, text in _texts(said, field):
                    if not holds(text, name, partials):
                        place = (*action.place_of(channel), *at)
                        where = f'{{% include "{name}" %}} must stand in it, outside of any if, loop or comment'
                        yield Finding(place, f"'{field}' lacks '{name}', which brand.yaml locks: {where}")


def _texts(said: TreatmentDefinition, field: str) -> Iterator[tuple[Location, str]]:
    """The texts of a field wherever they are given: plain, for locales, and as a fallback."""
    fallback = said.fallback
    contents: list[tuple[Location, Mapping[str, Any]]] = [(("content",), said.content)]
    contents += [(("locales", locale), fields) for locale, fields in said.locales.items()]
    if fallback is not None:
        contents.append((("fallback", "content"), fallback.content))
        contents += [(("fallback", "locales", locale), fields) for locale, fields in fallback.locales.items()]
    for at, fields in contents:
        text = fields.get(field)
        if isinstance(text, str):
            yield (*at, field), text
