"""The fields of an action's content in one locale: templates and constants, made right for their channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from orchestrator.content.bounds import Kind
from orchestrator.content.fields import finisher
from orchestrator.content.grammar import TemplateError
from orchestrator.content.partials import check_use, used_by
from orchestrator.content.sandbox import Run, compile_template
from orchestrator.journeys.definition import ChannelDefinition, FieldDefinition

Location = tuple[str | int, ...]
PartialTexts = Mapping[str, str]
Make = Callable[[dict[str, Any]], Any]

NO_PARTIAL_TEXTS: Final[PartialTexts] = {}
_MARKS: Final = ("{{", "{%", "{#")
_DEEPEST_MAP: Final = 8
_KINDS: Final[Mapping[str, Kind]] = {"html": Kind.HTML, "link": Kind.LINK}
_PART: Final = FieldDefinition(required=False)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: ``location`` is in the fields, ``line`` within the text there.

    ``partial`` is the one that is wrong, if the text itself is right.
    """

    location: Location
    line: int
    message: str
    partial: str | None = None


class FieldError(Exception):
    """A field that cannot be made for a customer: its name and the reason."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(f"{name}: {str(error) or type(error).__name__}")


class Fields:
    """Fields that are ready to render: what is constant is made already; None is left out."""

    __slots__ = ("_given", "constants", "makers")

    def __init__(self, constants: Mapping[str, Any], makers: Mapping[str, Make]) -> None:
        self.constants = {name: value for name, value in constants.items() if value is not None}
        self.makers = makers
        self._given = constants.keys() | makers.keys()

    def __contains__(self, name: str) -> bool:
        """Whether the field is given, be it to be left out."""
        return name in self._given

    def make(self, names: dict[str, Any]) -> dict[str, Any]:
        """All of them. Raises FieldError with the first that cannot be made."""
        made = self.constants.copy()
        for name, make in self.makers.items():
            try:
                value = make(names)
            except Exception as error:  # whatever a template meets refuses this action and no other
                raise FieldError(name, error) from error
            if value is not None:
                made[name] = value
        return made

    def make_one(self, name: str, names: dict[str, Any]) -> dict[str, Any]:
        """One of them; nothing if it is left out. Raises FieldError."""
        if name in self.makers:
            return Fields({}, {name: self.makers[name]}).make(names)
        return {name: self.constants[name]} if name in self.constants else {}


def compile_fields(fields: Mapping[str, Any], channel: ChannelDefinition, partials: PartialTexts) -> Fields:
    """Fields that ``check_fields`` finds right. Raises TemplateError or ValueError for others."""
    constants: dict[str, Any] = {}
    makers: dict[str, Make] = {}
    for name, value in fields.items():
        make = None if value is None else _maker(value, channel.content[name], partials)
        if make is not None:
            makers[name] = make
        elif value is None or channel.content[name].type == "map":
            constants[name] = value
        else:
            constants[name] = finisher(channel.content[name], constant=True)(value)
    return Fields(constants, makers)


def check_fields(
    fields: Mapping[str, Any], channel: ChannelDefinition, partials: PartialTexts, *, whole: bool
) -> Iterator[FieldProblem]:
    """All that can be known to be wrong before there is a customer.

    Args:
        whole: they are all that is said, so the required ones must be there; else they stand in for others, and null
            leaves a field out.
    """
    for name, definition in channel.content.items():
        if whole and definition.required and name not in fields:
            yield FieldProblem((), 0, f"the content needs '{name}'")
    for name, value in fields.items():
        if name not in channel.content:
            yield FieldProblem((name,), 0, _unknown(name, channel))
        elif value is None and not whole:
            if channel.content[name].required:
                yield FieldProblem((name,), 0, "is needed, and cannot be left out")
        elif channel.content[name].type == "map":
            yield from _check_map((name,), value, partials)
        else:
            yield from _check_text((name,), value, channel.content[name], partials)


def _check_text(
    location: Location, value: Any, definition: FieldDefinition, partials: PartialTexts
) -> Iterator[FieldProblem]:
    if not isinstance(value, str):
        yield FieldProblem(location, 0, "must be a text: put it in quotes" if _is_scalar(value) else "must be a text")
        return
    try:
        if _is_template(value):
            check_use(value, partials)
            _compiled(value, definition, partials)
        else:
            finisher(definition, constant=True)(value)
    except TemplateError as error:
        if error.partial is not None:
            message = f"in the partial '{error.partial}', line {error.line}: {error}"
            yield FieldProblem(location, 0, message, error.partial)
        else:
            yield FieldProblem(location, error.line, str(error))
    except ValueError as error:
        yield FieldProblem(location, 0, str(error))


def _check_map(location: Location, value: Any, partials: PartialTexts) -> Iterator[FieldProblem]:
    if len(location) == 1 and not isinstance(value, Mapping):
        yield FieldProblem(location, 0, "must have keys and values")
    elif len(location) > _DEEPEST_MAP:
        yield FieldProblem(location, 0, f"is nested deeper than {_DEEPEST_MAP} levels")
    elif isinstance(value, Mapping | list | tuple):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _check_map((*location, key), part, partials)
    elif isinstance(value, str) and _is_template(value):
        yield from _check_text(location, value, _PART, partials)


def _maker(value: Any, definition: FieldDefinition, partials: PartialTexts) -> Make | None:
    """Makes what has a template in it; None where there is none."""
    if definition.type == "map":
        return _map_maker(value, partials)
    if not _is_template(value):
        return None
    run, finish = _compiled(value, definition, partials), finisher(definition)
    return lambda names: finish(run(names))


def _map_maker(value: Any, partials: PartialTexts) -> Make | None:
    if isinstance(value, str):
        if not _is_template(value):
            return None
        run = _compiled(value, _PART, partials)
        return lambda names: run(names).strip()
    if isinstance(value, list | tuple):
        items = [(_map_maker(item, partials), item) for item in value]
        if any(make for make, _ in items):
            return lambda names: [item if make is None else make(names) for make, item in items]
    if isinstance(value, Mapping):
        pairs = [(key, _map_maker(item, partials), item) for key, item in value.items()]
        if any(make for _, make, _ in pairs):
            return lambda names: {key: item if make is None else make(names) for key, make, item in pairs}
    return None


def _compiled(text: str, definition: FieldDefinition, partials: PartialTexts) -> Run:
    return compile_template(text, _KINDS.get(definition.type, Kind.TEXT), used_by(text, partials))


def _is_template(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float)


def _unknown(name: str, channel: ChannelDefinition) -> str:
    near = get_close_matches(name, channel.content, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(channel.content)}"
    return f"the channel has no field '{name}': {hint}"
