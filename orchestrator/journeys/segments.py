"""segments.yaml as people write it: groups of customers, by conditions over what is known of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal

from pydantic import Field

from orchestrator.journeys.model import Cel, Model, Name

_MEMBER_OF: Final = re.compile(r"""(["'])([^"'\\]*)\1\s+in\s+customer\.segments\b""")
_ANY_USE: Final = re.compile(r"""\bcustomer\s*(?:\.\s*segments\b|\[\s*["']segments["']\s*\])""")


class SegmentDefinition(Model):
    """A group of customers."""

    description: str = ""
    if_: Cel = Field(alias="if", description="who belongs to it, in CEL over customer")
    backfill: Literal["nothing", "enters"] = Field(
        "nothing",
        description="whether customers who belong to it when it is declared enter journeys by that: nothing or enters",
    )


class SegmentsDefinition(Model):
    """segments.yaml."""

    segments: dict[Name, SegmentDefinition]


def segments_named(source: str) -> tuple[str, ...] | None:
    """The segments that a condition names, as in ``"vip" in customer.segments``; None if it uses them otherwise."""
    names = tuple(match[2] for match in _MEMBER_OF.finditer(source))
    return names if len(names) == len(_ANY_USE.findall(source)) else None


def in_order(segments: Mapping[str, SegmentDefinition]) -> list[str]:
    """The names, each after those that its condition names.

    Raises:
        graphlib.CycleError: if there is a circle; its second argument has the names in it.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(segments):
        sorter.add(name, *(other for other in segments_named(segments[name].if_) or () if other in segments))
    return list(sorter.static_order())


def circle(segments: Mapping[str, SegmentDefinition]) -> list[str]:
    """The names in a circle of conditions, the first one again at the end; empty if there is none."""
    try:
        in_order(segments)
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
