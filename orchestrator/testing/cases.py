"""Journey tests as people write them in YAML: models of the files, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from orchestrator.durations import DurationMs
from orchestrator.errors import DefinitionError, Problem
from orchestrator.events.timestamps import read_moment
from orchestrator.journeys.model import Model, Name, at_key
from orchestrator.journeys.sentences import sentences
from orchestrator.journeys.source import Source, read_source

NONE: Final = "none"
START: Final = "2026-01-05T09:00:00Z"


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write a moment in ISO 8601, for example '2026-03-02T10:00:00Z'")
    try:
        return read_moment(value)
    except ValueError:
        raise ValueError(f"'{value}' is no moment: write ISO 8601, for example '2026-03-02T10:00:00Z'") from None


def _consents(value: Any) -> Any:
    """A list of channels is a yes to each of them."""
    return dict.fromkeys(value, True) if isinstance(value, list | tuple) else value


def _expected(value: Any) -> Any:
    """``none`` is a list with nothing in it, and one expectation a list of it."""
    if value == NONE:
        return ()
    return (value,) if isinstance(value, Mapping) else value


class _OrNoneOrOne:
    """In the schema for editors: ``none``, or one item for a list of it."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [{"const": NONE}, several["items"], several]}


MomentMs = Annotated[int, BeforeValidator(_moment), WithJsonSchema({"type": "string", "examples": [START]})]
Consents = Annotated[
    dict[str, StrictBool],
    BeforeValidator(_consents),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "boolean"}},
            ]
        }
    ),
]


class CustomerGiven(Model):
    """What is known of a customer before the test begins."""

    traits: dict[str, Any] = Field({}, description="traits, as an identify call brings them")
    consents: Consents = Field(
        {}, description="channels to which they said yes, or {channel: true or false}; email/service names a purpose"
    )
    anonymous: str | None = Field(None, description="an anonymous id that is theirs")


class ConsentGiven(Model):
    """A consent that is given or withdrawn."""

    channel: str
    purpose: Name = "marketing"
    given: StrictBool = True


OUTCOMES: Final = ("action", "cancel", "refused", "held", "entered", "left", "in", "not_in", "segment", "no_segment")
"""What can be expected: the first two are what channels get."""


class Expectation(Model):
    """One thing that must have happened since the last ``expect``, or that must be so now."""

    action: Name | None = Field(None, description="this action was published")
    cancel: Name | None = Field(None, description="this action was withdrawn")
    refused: Name | None = Field(None, description="this action was not sent")
    held: Name | None = Field(None, description="this action has to wait")
    entered: Name | None = Field(None, description="the customer entered this journey")
    left: Name | None = Field(None, description="the customer left this journey, or came to its end")
    in_: Name | None = Field(None, alias="in", description="the customer is in this journey now")
    not_in: Name | None = Field(None, description="the customer is not in this journey now")
    segment: Name | None = Field(None, description="the customer is in this segment now")
    no_segment: Name | None = Field(None, description="the customer is not in this segment now")

    customer: str | None = Field(None, description="whose it is; default: that of the test")
    channel: str | None = None
    journey: Name | None = Field(None, description="for actions: the journey that did it")
    step: str | None = Field(None, description="the id of the step")
    content: dict[str, Any] | None = Field(
        None, description="for action: fields that it has, among others; a part of a text is {contains: part}"
    )
    at: MomentMs | None = Field(None, description="when it was decided")
    rule: str | None = Field(None, description="for refused and held: the rule that spoke, such as consent")
    reason: str | None = Field(None, description="for cancel and left: why, as the log tells it")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Expectation:
        given = [name for name in OUTCOMES if getattr(self, _field(name)) is not None]
        if not given:
            raise ValueError(f"an expectation needs one of {', '.join(OUTCOMES[:-1])} or {OUTCOMES[-1]}")
        if len(given) > 1:
            raise at_key(given[1], f"an expectation is one of {' and '.join(given)}, not both: write one for each")
        return self

    @property
    def kind(self) -> str:
        """What is expected, as it is written."""
        return next(name for name in OUTCOMES if getattr(self, _field(name)) is not None)

    @property
    def name(self) -> str:
        """Of what."""
        return str(getattr(self, _field(self.kind)))


Expectations = Annotated[tuple[Expectation, ...], BeforeValidator(_expected), _OrNoneOrOne()]

DOINGS: Final = ("event", "identify", "consent", "alias", "send")


class Happening(Model):
    """Time passes, something comes, something is expected: each of the three is optional, in this order."""

    after: DurationMs | None = Field(None, description="how much time passes before")
    at: MomentMs | None = Field(None, description="the moment to which time passes before")
    customer: str | None = Field(None, description="who does it, by userId; default: the first customer of the file")
    anonymous: str | None = Field(None, description="an anonymous id that shows; alone, a visitor does it")
    event: str | None = Field(None, min_length=1, description="an event of this name comes")
    properties: dict[str, Any] = Field({}, description="of the event")
    context: dict[str, Any] = Field({}, description="of the event")
    identify: dict[str, Any] | None = Field(None, description="traits that come with an identify call")
    consent: ConsentGiven | None = None
    alias: str | None = Field(None, description="an id that turns out to be the customer's")
    send: dict[str, Any] | None = Field(None, description="a whole Segment call")
    expect: Expectations | None = Field(
        None, description="none, or what must have happened since the last expect: all actions, in their order"
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> Happening:
        given = [name for name in DOINGS if getattr(self, name) is not None]
        if len(given) > 1:
            raise at_key(given[1], f"one thing at a time: {' and '.join(given)} are two steps")
        if not given and self.expect is None and self.after is None and self.at is None:
            raise ValueError(f"a step needs after, at, expect, or one of {', '.join(DOINGS)}")
        if self.after is not None and self.at is not None:
            raise at_key("at", "time passes by 'after' or to 'at', not both")
        for name in ("properties", "context"):
            if name in self.model_fields_set and self.event is None:
                raise at_key(name, f"'{name}' belongs to an event")
        return self


class TestCase(Model):
    """One test: what comes, and what must become of it."""

    __test__ = False

    test: str = Field(min_length=1, max_length=200, description="what must be true, in a sentence")
    start: MomentMs | None = Field(None, description="when it begins; default: that of the file")
    customers: dict[str, CustomerGiven] = Field({}, description="besides those of the file, or instead of them")
    journeys: tuple[Name, ...] | None = Field(None, description="only what these do is looked at; default: of the file")
    steps: tuple[Happening, ...] = Field(min_length=1)


class TestFile(Model):
    """One file of tests/*.yaml."""

    __test__ = False

    description: str = ""
    start: MomentMs = Field(
        read_moment(START), description="when each test begins", json_schema_extra={"default": START}
    )
    customers: dict[str, CustomerGiven] = Field(
        {}, description="who is known before each test; the first is the default"
    )
    journeys: tuple[Name, ...] | None = Field(None, description="only what these do is looked at; default: all")
    tests: tuple[TestCase, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PlacedTest:
    """A test with all that its file says of it; ``number`` is its position there."""

    file: TestFile
    case: TestCase
    number: int
    source: Source

    @property
    def customers(self) -> dict[str, CustomerGiven]:
        """Who is known before."""
        return {**self.file.customers, **self.case.customers}

    @property
    def start(self) -> int:
        """When it begins, UTC milliseconds."""
        return self.case.start if self.case.start is not None else self.file.start

    @property
    def journeys(self) -> tuple[str, ...] | None:
        """Whose actions are looked at; None is all."""
        return self.case.journeys if self.case.journeys is not None else self.file.journeys

    def line(self, *within: str | int) -> int:
        """The line of a part of the test."""
        return self.source.line(("tests", self.number, *within))


def read_tests(path: Path) -> list[PlacedTest]:
    """The tests of a file.

    Raises:
        DefinitionError: with everything that is wrong in it.
    """
    if path.suffix == ".yml":
        raise DefinitionError([Problem(path, 0, "is not read: name it .yaml")])
    source = read_source(path)
    try:
        file = TestFile.model_validate(source.value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise DefinitionError([source.problem(*found) for found in sentences(error, TestFile)]) from None
    names: dict[str, int] = {}
    for number, case in enumerate(file.tests):
        if case.test in names:
            first = source.line(("tests", names[case.test], "test"))
            raise DefinitionError(
                [source.problem(("tests", number, "test"), f"another test, on line {first}, has this name already")]
            )
        names[case.test] = number
    return [PlacedTest(file, case, number, source) for number, case in enumerate(file.tests)]


def _field(name: str) -> str:
    return "in_" if name == "in" else name
