"""traits.yaml as people write it: what producers tell, what is computed of it, and the history kept for that."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.cel.value_types import ValueType
from orchestrator.durations import DurationMs, format_duration
from orchestrator.journeys.model import Cel, EventNames, Model, at_key

TRAIT_PATTERN: Final = r"^[a-z][a-z0-9_]{0,62}$"
MOST_BUCKETS: Final = 400
"""A customer's record has a line for each bucket in use, and is written with each of their events."""

MOST_CATEGORIES: Final = 2_000
"""Of all buckets of a favourite together, for the same reason."""

MOST_DISTINCT: Final = 1_000
_MOST: Final = 100

KINDS: Final = (
    *("count", "sum", "distinct", "first", "last", "min", "max"),
    *("rate", "rfm", "favourite", "funnel"),
)
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

TraitName = Annotated[
    str, Field(pattern=TRAIT_PATTERN, description="lower case letters, digits and underscores, a letter first")
]

# Kinds that take what else there is to say; whatever is not here goes with all of them.
_BELONGS: Final = {
    "of": ("sum", "distinct", "first", "last", "min", "max", "rfm"),
    "per": ("rate",),
    "most": ("distinct", "favourite"),
    "reset": ("funnel",),
    "bucket": ("count", "sum", "first", "min", "max", "rate", "rfm", "favourite"),
    "if": tuple(kind for kind in KINDS if kind != "funnel"),
}
_NEEDS: Final = {
    **dict.fromkeys(("sum", "distinct", "min", "max", "rfm"), "of"),
    "rate": "window",
}


class FavouriteDefinition(Model):
    """What comes most often: the category of the most events."""

    of: EventNames
    by: Cel = Field(description="the category, in CEL over event, such as event.properties.category")


class StageDefinition(Model):
    """One stage of a funnel, and the events that show that a customer has reached it."""

    stage: Annotated[str, Field(min_length=1, max_length=63, description="the stage's name")]
    on: EventNames
    if_: Cel | None = Field(None, alias="if", description="which of them, in CEL over event")


class ResetDefinition(Model):
    """What begins a funnel anew."""

    on: EventNames
    if_: Cel | None = Field(None, alias="if", description="which of them, in CEL over event")


def _reset(value: Any) -> Any:
    return {"on": value} if isinstance(value, str | list | tuple) else value


class ComputedDefinition(Model):
    """A trait that is computed of events, in exactly one way."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    description: str = ""
    count: EventNames | None = Field(None, description="how many of these events there were")
    sum: EventNames | None = Field(None, description="the sum of the number 'of', to six decimals")
    distinct: EventNames | None = Field(None, description="how many different values 'of' had, up to 'most'")
    first: EventNames | None = Field(None, description="the value 'of' of the earliest event, or its moment")
    last: EventNames | None = Field(None, description="the value 'of' of the latest event, or its moment")
    min: EventNames | None = Field(None, description="the smallest number 'of'")
    max: EventNames | None = Field(None, description="the largest number 'of'")
    rate: EventNames | None = Field(None, description="how many of these events there were 'per' time in the window")
    rfm: EventNames | None = Field(
        None,
        description="recency (whole days since the last event), frequency (how many) and monetary (the sum of 'of')",
    )
    favourite: FavouriteDefinition | None = Field(None, description="the category of most events")
    funnel: tuple[StageDefinition, ...] | None = Field(
        None, min_length=1, description="the furthest stage that was reached, in the order in which they stand here"
    )
    of: Cel | None = Field(None, description="the value, in CEL over event, such as event.properties.total")
    if_: Cel | None = Field(None, alias="if", description="which events count, in CEL over event")
    window: DurationMs | None = Field(None, description="how long an event counts; without it, for ever")
    bucket: DurationMs | None = Field(
        None,
        description="events of a window are kept together for so long: an event counts for the window, "
        "and at most a bucket longer",
    )
    per: DurationMs | None = Field(None, description="for rate: the time that it is given for; else the window")
    most: Annotated[StrictInt, Field(ge=1, le=MOST_DISTINCT)] | None = Field(
        None,
        description="for distinct and favourite: how many different values are kept (of each bucket, if there are "
        "some); 100 if it is not given, or what there is room for",
    )
    reset: Annotated[ResetDefinition, BeforeValidator(_reset)] | None = Field(
        None, description="for funnel: the events that begin it anew, or {on, if}"
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> ComputedDefinition:
        given = [kind for kind in KINDS if kind in self.model_fields_set]
        if not given:
            raise PydanticCustomError("step_kind", f"a computed trait needs one of {', '.join(KINDS[:-1])} or funnel")
        if len(given) > 1:
            raise at_key(given[1], f"a computed trait is one of {' and '.join(given)}, not both: make a trait of each")
        kind = given[0]
        if getattr(self, kind) is None:
            raise at_key(kind, f"'{kind}' has no value")
        for key, kinds in _BELONGS.items():
            if self._has(key) and kind not in kinds:
                raise at_key(key, f"'{key}' does not belong to {kind}: it goes with {', '.join(kinds)}")
        needed = _NEEDS.get(kind)
        if needed is not None and not self._has(needed):
            raise at_key(kind, f"{kind} needs '{needed}'")
        self._check_window()
        self._check_most()
        return self

    def _check_window(self) -> None:
        if self.window == 0:
            raise at_key("window", "a window must be longer than nothing")
        if self.bucket is None:
            return
        if self.window is None:
            raise at_key("bucket", "'bucket' goes with 'window': without one, events count for ever")
        if not 0 < self.bucket <= self.window:
            raise at_key(
                "bucket",
                f"the bucket of {format_duration(self.bucket)} does not fit in the window of "
                f"{format_duration(self.window)}",
            )
        if self.window > MOST_BUCKETS * self.bucket:
            raise at_key(
                "bucket",
                f"the window has {-(-self.window // self.bucket)} buckets, and at most {MOST_BUCKETS} are allowed: "
                "take a longer bucket",
            )

    def _check_most(self) -> None:
        if self.most is not None and self.most > self.room():
            raise at_key(
                "most", f"with this window and bucket 'most' must be at most {self.room()}, not the number {self.most}"
            )

    def _has(self, key: str) -> bool:
        return getattr(self, "if_" if key == "if" else key) is not None

    @property
    def kind(self) -> str:
        """Which of the kinds the trait is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    def room(self) -> int:
        """How many different values may be kept, of each bucket if there are some."""
        bucket = self.bucket_ms()
        if self.favourite is None or self.window is None or not bucket:
            return MOST_DISTINCT
        return max(1, MOST_CATEGORIES // -(-self.window // bucket))

    def kept(self) -> int:
        """How many different values are kept."""
        return self.most if self.most is not None else min(_MOST, self.room())

    def bucket_ms(self) -> int | None:
        """The bucket in milliseconds; a minute, an hour or a day if none is given; None without a window."""
        if self.window is None or self.bucket is not None:
            return self.bucket
        fitting = (unit for unit in (_MINUTE, _HOUR, _DAY) if self.window <= MOST_BUCKETS // 4 * unit)
        return min(next(fitting, -(-self.window // MOST_BUCKETS)), self.window)


class HistoryDefinition(Model):
    """What is kept of each customer's events, so that a trait that is declared later can be computed of them."""

    keep: Annotated[StrictInt, Field(ge=1, le=5_000)] = Field(200, description="how many events of a customer")
    for_: DurationMs = Field(alias="for", description="for how long")
    events: EventNames = Field(("*",), description="which events; all if it is not given")
    properties: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = Field(
        None, description="which of their properties; all if it is not given"
    )


class TraitsDefinition(Model):
    """traits.yaml: traits that producers send, with their types, those that are computed, and the history."""

    given: dict[Annotated[str, Field(min_length=1, max_length=100)], ValueType] = Field(
        {}, description="traits that producers send, each with its type; if there are some, there are no others"
    )
    computed: dict[TraitName, ComputedDefinition] = Field({}, description="traits that are computed of events")
    history: HistoryDefinition | None = None
