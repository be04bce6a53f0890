"""Parts of templates that several use: which text uses which, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.content.grammar import Partial, TemplateError, unknown
from orchestrator.content.sandbox import NO_PARTIALS, Partials, check_partial, parsed_partial

_USES: Final = re.compile(r"\{%[-+]?\s*(?:include|from)\b")
_NOTHING: Final = Partial({}, frozenset(), {})


@dataclass(frozen=True, slots=True)
class PartialProblem:
    """What is wrong with a partial; ``line`` counts from 1 within its text."""

    name: str
    line: int
    message: str


def used_by(text: str, partials: Mapping[str, str]) -> Partials:
    """The partials that a text uses, and those that they use, as far as they are there."""
    if not _USES.search(text):
        return NO_PARTIALS
    found: dict[str, str] = {}
    waiting = list(_partial(text).uses)
    while waiting:
        name = waiting.pop()
        if name in partials and name not in found:
            found[name] = partials[name]
            waiting += _partial(found[name]).uses
    return tuple(sorted(found.items()))


def check_use(text: str, partials: Mapping[str, str]) -> None:
    """Raises TemplateError if a text uses a partial that there is not."""
    if _USES.search(text):
        for name, line in _partial(text).uses.items():
            if name not in partials:
                raise TemplateError(unknown("partial", name, partials), line)


def used_in(value: Any, partials: Mapping[str, str]) -> dict[str, str]:
    """As ``used_by``, for all texts within a value."""
    return dict(found for text in texts_in(value) for found in used_by(text, partials))


def texts_in(value: Any) -> Iterator[str]:
    """All texts within maps and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(part)


def check_partials(partials: Mapping[str, str]) -> Iterator[PartialProblem]:
    """All that can be known to be wrong before somebody uses them."""
    known = {name: _partial(text) for name, text in partials.items()}
    for name, text in sorted(partials.items()):
        try:
            check_partial(text, known)
        except TemplateError as error:
            yield PartialProblem(name, error.line, str(error))
    for circle in _circles(known):
        first, second = circle[0], circle[1]
        way = " → ".join(circle)
        yield PartialProblem(first, known[first].uses[second], f"the partials use each other in a circle: {way}")


def _partial(text: str) -> Partial:
    try:
        return parsed_partial(text)
    except TemplateError:
        return _NOTHING


def _circles(known: Mapping[str, Partial]) -> Iterator[tuple[str, ...]]:
    """Each circle once, from the first of its names on and back to it."""
    done: set[str] = set()
    for name in sorted(known):
        if name not in done:
            yield from _circles_from(name, known, (), done)


def _circles_from(
    name: str, known: Mapping[str, Partial], way: tuple[str, ...], done: set[str]
) -> Iterator[tuple[str, ...]]:
    if name in way:
        circle = way[way.index(name) :]
        first = circle.index(min(circle))
        yield (*circle[first:], *circle[: first + 1])
    elif name not in done:
        for used in _there(known[name].uses, known):
            yield from _circles_from(used, known, (*way, name), done)
        done.add(name)


def _there(names: Iterable[str], known: Mapping[str, Partial]) -> list[str]:
    return [name for name in names if name in known]
