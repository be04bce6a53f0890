"""``editable`` in actions: the blocks that others may write, and within which bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, StrictBool, StrictInt, model_validator

from orchestrator.content.links import check_link
from orchestrator.engine.blocks import Block
from orchestrator.journeys.model import Model, at_key

BLOCK_PATTERN: Final = r"^[a-z][a-z0-9_]{0,62}$"
MOST_CHARACTERS: Final = 10_000

BlockName = Annotated[
    str, Field(pattern=BLOCK_PATTERN, description="lower case letters, digits and underscores, as in {{ edit.name }}")
]
_Type = Literal["text", "line", "link", "image", "choice"]
_LONGEST: Final[Mapping[str, int]] = {"text": 2_000, "line": 120, "link": 2_000, "image": 2_000, "choice": 2_000}
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "one_of": ("choice",),
    "images": ("image",),
    "hosts": ("link",),
    "max_length": ("text", "line", "link"),
}
_HOST: Final = re.compile(r"[a-z0-9.-]+")


class BlockDefinition(Model):
    """A part of an action's content that others may write, within bounds."""

    type: _Type = Field("line", description="line: one line of text; text: several; a link, an image or a choice")
    default: str = Field(description="what it says if nobody writes anything else")
    max_length: Annotated[StrictInt, Field(ge=1, le=MOST_CHARACTERS)] | None = Field(
        None, description="in characters; without it 120 for a line, 2000 for a text"
    )
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="of a choice: the values that are allowed"
    )
    images: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="of an image: the links of those that are approved"
    )
    hosts: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="of a link: where it may lead to, such as shop.example.com; without it, the default's host"
    )
    locked: StrictBool = Field(False, description="nobody may write into it: templates need not change for that")
    description: str = Field("", description="what it is for, for whoever writes into it")

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> BlockDefinition:
        for key, types in _OWN.items():
            if getattr(self, key) is not None and self.type not in types:
                raise at_key(key, f"'{key}' belongs to a block of type {' or '.join(types)}, not to a {self.type}")
        for key, type_ in (("one_of", "choice"), ("images", "image")):
            if self.type == type_ and getattr(self, key) is None:
                raise at_key("type", f"a block of type {type_} needs '{key}': what is allowed")
        for link in (*(self.images or ()), *([self.default] if self.type == "link" else [])):
            _check_web("images" if self.images else "default", link)
        for host in self.hosts or ():
            if _HOST.fullmatch(host) is None:
                raise at_key("hosts", f"'{host}' is no host: write it as in shop.example.com, in lower case letters")
        try:
            compile_block("", self, unlocked=True).fitting(self.default)
        except ValueError as error:
            raise at_key("default", f"the default itself is not allowed: the block {error}") from None
        return self


def compile_block(name: str, definition: BlockDefinition, *, unlocked: bool = False) -> Block:
    """A block as the engine knows it."""
    hosts = definition.hosts or ((urlsplit(definition.default).hostname or "",) if definition.type == "link" else ())
    return Block(
        name=name,
        type=definition.type,
        default=definition.default,
        max_length=definition.max_length or _LONGEST[definition.type],
        allowed=definition.one_of or definition.images or (),
        hosts=hosts,
        locked=definition.locked and not unlocked,
    )


def compile_blocks(editable: Mapping[str, BlockDefinition]) -> dict[str, Block]:
    """The blocks of an action by name."""
    return {name: compile_block(name, definition) for name, definition in editable.items()}


def _check_web(key: str, link: str) -> None:
    try:
        check_link(link)
    except ValueError as error:
        raise at_key(key, str(error)) from None
    if not link.startswith(("https://", "http://")):
        raise at_key(key, f"the link '{link[:80]}' must begin with https://")
