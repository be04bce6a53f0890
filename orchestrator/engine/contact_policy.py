"""The contact policy, compiled: whom a rule is about, and what each rule says. ``contact.py`` goes by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, Protocol

ALWAYS_PASSES: Final = "transactional"
"""The purpose that no rule of the contact policy binds: the customer waits for such a message."""

FREE: Final = frozenset({"service", ALWAYS_PASSES})
"""The purposes that a rule binds only where it names them."""

Calendar = Literal["day", "week", "month"]
Each = Literal["action", "group", "goal", "channel", "journey"]


class Message(Protocol):
    """What rules look at: something that is said, was said or may be said."""

    @property
    def action(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def goal(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def purpose(self) -> str: ...

    @property
    def journey(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Names:
    """Messages by what they are: of one of these, where it is not empty."""

    purposes: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    goals: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()

    def any_of(self, message: Message) -> bool:
        """Whether a message is of any of these."""
        return (
            message.purpose in self.purposes
            or message.channel in self.channels
            or message.goal in self.goals
            or message.group in self.groups
            or message.action in self.actions
        )

    def all_of(self, message: Message) -> bool:
        """Whether a message is of one of each that is not empty; purposes are not looked at."""
        return (
            (not self.channels or message.channel in self.channels)
            and (not self.goals or message.goal in self.goals)
            and (not self.groups or message.group in self.groups)
            and (not self.actions or message.action in self.actions)
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Which messages a rule binds: of all ``names``, none of ``besides``.

    Where it names no purpose, these are all purposes but the ``free`` ones.
    ``label`` says it in words, such as "marketing messages on email".
    """

    names: Names = Names()
    besides: Names = Names()
    free: frozenset[str] = FREE
    label: str = "messages"

    def binds(self, message: Message) -> bool:
        """Whether the rule is about a message."""
        purpose, names = message.purpose, self.names
        if purpose == ALWAYS_PASSES or (purpose not in names.purposes if names.purposes else purpose in self.free):
            return False
        return names.all_of(message) and not self.besides.any_of(message)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many messages within ``per_ms`` milliseconds, or a ``calendar`` day, week or month of the customer.

    ``each``: so many of each action, group and so on, in place of all together. A message that finds no place
    ``waits`` for one, or is refused.
    """

    scope: Scope
    most: int
    per_ms: int | None = None
    calendar: Calendar | None = None
    each: Each | None = None
    waits: bool = False
    span: str = ""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No message from one time of day to another in the customer's time zone; on the weekdays on which it begins."""

    scope: Scope
    from_ms: int
    until_ms: int
    weekdays: frozenset[int]
    label: str = ""


@dataclass(frozen=True, slots=True)
class FreeDays:
    """Days without messages: ``days``, and the public holidays of a country or a part of it."""

    scope: Scope
    name: str
    days: frozenset[date] = frozenset()
    country: str | None = None
    subdivision: str | None = None


@dataclass(frozen=True, slots=True)
class Pressure:
    """How much a customer bears. Each message weighs what its channel does, and half of it after ``half_life_ms``.

    For each message in a row that got no answer within ``ignored_after_ms``, the next ones weigh ``growth`` times
    their weight more. An answered one weighs nothing, and ends the row.
    """

    scope: Scope
    limit: float
    half_life_ms: int
    weights: Mapping[str, float]
    growth: float
    ignored_after_ms: int
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
    """Who is not to be contacted: sixteen hex digits of the SHA-256 of each address or customer id."""

    scope: Scope
    name: str
    digests: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing of this is said now: it is held until the pause is over, or refused."""

    scope: Scope
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """Whether a message may go to a customer now; ``suppressed`` is what events that suppress a customer bind."""

    caps: tuple[Cap, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    free_days: tuple[FreeDays, ...] = ()
    pressure: tuple[Pressure, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    suppressed: Scope = Scope()
    pauses: tuple[Pause, ...] = ()
    by_action: bool = field(init=False)

    def __post_init__(self) -> None:
        """``by_action``: a rule names actions, so that what it says differs from one to the next."""
        rules: list[Cap | QuietHours | FreeDays | Pressure | Suppression | Pause] = [*self.caps, *self.quiet_hours]
        rules += [*self.free_days, *self.pressure, *self.suppressions, *self.pauses]
        names = any(rule.scope.names.actions or rule.scope.besides.actions for rule in rules)
        object.__setattr__(self, "by_action", names)


NO_CONTACT_POLICY: Final = ContactPolicy()
