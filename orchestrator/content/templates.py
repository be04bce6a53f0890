"""The content of an action: templates and constants, made right for its channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from orchestrator.content.filters import LONGEST, TOO_LONG
from orchestrator.content.links import check_link
from orchestrator.content.sandbox import Run, TemplateError, compile_template, names_of
from orchestrator.errors import ContentError
from orchestrator.journeys.definition import ChannelDefinition, FieldDefinition

_MARKS: Final = ("{{", "{%", "{#")
_DEEPEST_MAP: Final = 8

Finish = Callable[[str], str | None]
Make = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a content: ``location`` is in the content, ``line`` within the text there."""

    location: tuple[str | int, ...]
    line: int
    message: str


class ActionContent:
    """Content that is ready to render: what is constant is made already."""

    __slots__ = ("_constants", "_makers")

    def __init__(self, constants: dict[str, Any], makers: tuple[tuple[str, Make], ...]) -> None:
        self._constants = constants
        self._makers = makers

    def render(self, event: Any, customer: Any, journey: Any) -> dict[str, Any]:
        """The content for one customer as JSON values.

        Raises:
            ContentError: with the field and the reason.
        """
        content = self._constants.copy()
        if not self._makers:
            return content
        names = names_of(event, customer, journey)
        for name, make in self._makers:
            try:
                value = make(names)
            except Exception as error:  # whatever a template meets refuses this action and no other
                raise ContentError(f"{name}: {_reason(error)}") from error
            if value is not None:
                content[name] = value
        return content


def compile_content(fields: Mapping[str, Any], channel: ChannelDefinition) -> ActionContent:
    """Content of an action for its channel.

    Raises:
        ContentError: with the first of the problems that ``check_content`` finds.
    """
    for problem in check_content(fields, channel):
        raise ContentError(": ".join([*_dotted(problem.location), problem.message]))
    constants: dict[str, Any] = {}
    makers: list[tuple[str, Make]] = []
    for name, value in fields.items():
        definition = channel.content[name]
        if definition.type == "map":
            make = _map_maker(value)
            if make is None:
                constants[name] = value
        else:
            make = _text_maker(value, definition)
            if make is None:
                constants[name] = _finisher(definition)(value)
        if make is not None:
            makers.append((name, make))
    return ActionContent({name: value for name, value in constants.items() if value is not None}, tuple(makers))


def check_content(fields: Mapping[str, Any], channel: ChannelDefinition) -> Iterator[FieldProblem]:
    """All that can be known to be wrong before there is a customer."""
    for name, definition in channel.content.items():
        if definition.required and name not in fields:
            yield FieldProblem((), 0, f"the content needs '{name}'")
    for name, value in fields.items():
        if name not in channel.content:
            yield FieldProblem((name,), 0, _unknown(name, channel))
        elif channel.content[name].type == "map":
            yield from _check_map((name,), value)
        else:
            yield from _check_text((name,), value, channel.content[name])


def _check_text(location: tuple[str | int, ...], value: Any, definition: FieldDefinition) -> Iterator[FieldProblem]:
    if not isinstance(value, str):
        yield FieldProblem(location, 0, "must be a text: put it in quotes" if _is_scalar(value) else "must be a text")
        return
    try:
        if _is_template(value):
            compile_template(value, definition.type == "html")
        else:
            _finisher(definition)(value)
    except TemplateError as error:
        yield FieldProblem(location, error.line, str(error))
    except ValueError as error:
        yield FieldProblem(location, 0, str(error))


def _check_map(location: tuple[str | int, ...], value: Any) -> Iterator[FieldProblem]:
    if len(location) == 1 and not isinstance(value, Mapping):
        yield FieldProblem(location, 0, "must have keys and values")
    elif len(location) > _DEEPEST_MAP:
        yield FieldProblem(location, 0, f"is nested deeper than {_DEEPEST_MAP} levels")
    elif isinstance(value, Mapping | list | tuple):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _check_map((*location, key), part)
    elif isinstance(value, str) and _is_template(value):
        yield from _check_text(location, value, _PART)


def _text_maker(value: str, definition: FieldDefinition) -> Make | None:
    if not _is_template(value):
        return None
    run, finish = compile_template(value, definition.type == "html"), _finisher(definition)
    return lambda names: finish(run(names))


def _map_maker(value: Any) -> Make | None:
    """Makes the templates within; None where there are none."""
    if isinstance(value, str):
        if not _is_template(value):
            return None
        run: Run = compile_template(value, False)
        return lambda names: run(names).strip()
    if isinstance(value, list | tuple):
        items = [(_map_maker(item), item) for item in value]
        if any(make for make, _ in items):
            return lambda names: [item if make is None else make(names) for make, item in items]
    if isinstance(value, Mapping):
        pairs = [(key, _map_maker(item), item) for key, item in value.items()]
        if any(make for _, make, _ in pairs):
            return lambda names: {key: item if make is None else make(names) for key, make, item in pairs}
    return None


def _finisher(definition: FieldDefinition) -> Finish:
    """Makes a text right for its field, or says why it is not; None is a field that is left out."""
    convert = _CONVERSIONS.get(definition.type)
    required, longest, allowed = definition.required, definition.max_length, definition.one_of

    def finish(text: str) -> str | None:
        text = text.strip()
        if not text:
            if required:
                raise ValueError("is empty")
            return None
        if convert is not None:
            text = convert(text)
        if allowed is not None and text not in allowed:
            raise ValueError(f"'{text[:80]}' is not allowed: write {_choices(allowed)}")
        if longest is not None and len(text) > longest:
            raise ValueError(f"has {len(text)} characters, and at most {longest} are allowed")
        if len(text) > LONGEST:
            raise ValueError(TOO_LONG)
        return text

    return finish


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:80]}' is no time: write it as 2026-01-31T09:30:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"'{text[:80]}' has no time zone: write it as 2026-01-31T09:30:00Z or with +01:00")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


_CONVERSIONS: Final[Mapping[str, Callable[[str], str]]] = {"link": check_link, "time": _moment}
_PART: Final = FieldDefinition(required=False)


def _dotted(location: tuple[str | int, ...]) -> list[str]:
    return [".".join(map(str, location))] if location else []


def _is_template(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float)


def _choices(allowed: tuple[str, ...]) -> str:
    return allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"


def _unknown(name: str, channel: ChannelDefinition) -> str:
    near = get_close_matches(name, channel.content, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(channel.content)}"
    return f"the channel has no field '{name}': {hint}"


def _reason(error: Exception) -> str:
    text = str(error)
    return text or type(error).__name__
