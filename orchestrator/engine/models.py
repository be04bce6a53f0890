"""What was learned from what customers did with what they were told, as one immutable snapshot.

All rates are means of Beta posteriors: of ``followed`` successes among ``tried`` messages and a prior that weighs as
much as ``PRIOR_WEIGHT`` messages, ``(prior * PRIOR_WEIGHT + followed) / (PRIOR_WEIGHT + tried)`` (Gelman et al.,
Bayesian Data Analysis, 2.4). What little is known of leans on what it belongs to: an action on its own propensity or on
its group in that channel, that on the channel, a channel on all channels, all on a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from orchestrator.engine.cooccurrence import NOTHING_LEARNT, Cooccurrence

if TYPE_CHECKING:
    from orchestrator.engine.customer import Customer

PRIOR_WEIGHT: Final = 20.0
"""In messages: after so many, what was seen counts as much as what was supposed."""

FOLLOWED: Final = 0.05
"""The rate at which messages are followed where nothing has been learned: a guess, the same for all."""

READ: Final = 0.2
"""The rate at which messages are opened where nothing has been learned: a guess, the same for all."""

HOURS: Final = 24


class Rate(NamedTuple):
    """Successes among tries; both may be fractions, since what is long ago counts less."""

    tried: float
    succeeded: float

    def mean(self, prior: float, weight: float = PRIOR_WEIGHT) -> float:
        """The mean of the Beta posterior."""
        return (prior * weight + self.succeeded) / (weight + self.tried)


_NEVER: Final = Rate(0.0, 0.0)
_NO_RATES: Final[Mapping[str, Rate]] = {}
_NO_PAIRS: Final[Mapping[tuple[str, str], Rate]] = {}
_NO_HOURS: Final[Mapping[str, tuple[Rate, ...]]] = {}


class Models(Protocol):
    """What a decision asks of what was learned. Every answer is there from the first day, and never raises."""

    @property
    def version(self) -> int:
        """What tells this snapshot from others; 0 where nothing has been learned."""

    @property
    def cooccurrence(self) -> Cooccurrence:
        """What was learned of which products go together."""

    def propensity(
        self, customer: Customer, action: str, channel: str, group: str | None = None, own_prior: float | None = None
    ) -> float:
        """How likely a customer is to follow an action in a channel, from 0 to 1.

        Args:
            customer: For models that tell customers apart; counts do not.
            group: The action's group: what an action without a past of its own leans on.
            own_prior: What the action says of itself for this customer; it stands before the group's.
        """

    def response(self, channel: str, hour: int) -> float:
        """How likely it is that what is sent in this hour (0 to 23) of the customer's day is opened, from 0 to 1."""

    def opening_hours(self, channel: str) -> tuple[float, ...]:
        """The hours of their day in which customers open what came on a channel: 24 shares that add up to 1."""

    def read_rate(self, channel: str) -> float:
        """How likely it is that a message on this channel is opened, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Models of counts alone.

    ``followed`` is by (action, channel), ``group_followed`` by (group, channel), ``channel_followed`` by channel;
    ``read`` is by channel, ``hourly`` by channel and hour of sending, ``opened`` by channel and hour of opening.
    ``parts`` is what all this was made of, by the key of its record on the topic.
    """

    version: int = 0
    followed: Mapping[tuple[str, str], Rate] = field(default_factory=lambda: _NO_PAIRS)
    group_followed: Mapping[tuple[str, str], Rate] = field(default_factory=lambda: _NO_PAIRS)
    channel_followed: Mapping[str, Rate] = field(default_factory=lambda: _NO_RATES)
    read: Mapping[str, Rate] = field(default_factory=lambda: _NO_RATES)
    hourly: Mapping[str, tuple[Rate, ...]] = field(default_factory=lambda: _NO_HOURS)
    opened: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    cooccurrence: Cooccurrence = NOTHING_LEARNT
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    all_followed: Rate = field(init=False)
    all_read: Rate = field(init=False)
    all_opened: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        """What there is of all channels together."""
        object.__setattr__(self, "all_followed", _sum(self.channel_followed))
        object.__setattr__(self, "all_read", _sum(self.read))
        columns = zip(*self.opened.values(), strict=True)
        object.__setattr__(self, "all_opened", tuple(map(sum, columns)) or (0.0,) * HOURS)

    def propensity(
        self, customer: Customer, action: str, channel: str, group: str | None = None, own_prior: float | None = None
    ) -> float:
        """As ``Models.propensity``."""
        found = self.followed.get((action, channel), _NEVER)
        return found.mean(own_prior if own_prior is not None else self.supposed(channel, group))

    def response(self, channel: str, hour: int) -> float:
        """As ``Models.response``."""
        hours = self.hourly.get(channel)
        rate = self.read_rate(channel)
        return hours[hour].mean(rate) if hours is not None else rate

    def opening_hours(self, channel: str) -> tuple[float, ...]:
        """As ``Models.opening_hours``."""
        general = _shares(self.all_opened, (1 / HOURS,) * HOURS)
        return _shares(self.opened.get(channel, ()), general)

    def read_rate(self, channel: str) -> float:
        """As ``Models.read_rate``."""
        return self.read.get(channel, _NEVER).mean(self.all_read.mean(READ))

    def supposed(self, channel: str, group: str | None) -> float:
        """What an action without a past leans on, if it says nothing of itself."""
        general = self.channel_followed.get(channel, _NEVER).mean(self.all_followed.mean(FOLLOWED))
        return self.group_followed.get((group, channel), _NEVER).mean(general) if group is not None else general


def _sum(rates: Mapping[str, Rate]) -> Rate:
    return Rate(sum(rate.tried for rate in rates.values()), sum(rate.succeeded for rate in rates.values()))


def _shares(counts: tuple[float, ...], prior: tuple[float, ...]) -> tuple[float, ...]:
    if not counts:
        return prior
    whole = sum(counts) + PRIOR_WEIGHT
    return tuple((count + PRIOR_WEIGHT * share) / whole for count, share in zip(counts, prior, strict=True))


NOTHING_LEARNED: Final = Counted()
"""Before the first outcome: priors alone."""
