"""How much is said to each customer, what was kept from them by which rule, and where service went before sales."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from orchestrator.proof.simulation import Watcher
from orchestrator.zones import first_zone

MARKETING: Final = "marketing"
WEEKLY: Final = 3
"""More marketing than that within seven days is counted as too much."""
NIGHT_FROM: Final = 21
NIGHT_UNTIL: Final = 7
"""The hours, where the customer is, between which marketing is counted as sent at night."""
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Said:
    """One message; ``at`` is the time where the customer is."""

    customer_id: str
    channel: str
    goal: str
    purpose: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What customers had to bear.

    A customer's week is one of the calendar (Monday to Sunday, where the customer is) in which they got a message:
    ``mean``, ``p95`` and ``most`` are messages in such a week. ``crowded`` are customers with more than ``WEEKLY``
    marketing messages in any seven days, ``at_night`` are marketing messages at night, ``same_day`` are those after
    the first of a day, all where the customer is.
    """

    messages: int
    marketing: int
    customers: int
    mean: float
    p95: int
    most: int
    crowded: int
    same_day: int
    at_night: int


class ContactPressure(Watcher):
    """Takes in what is said and decided, of a simulation or of the topics.

    Args:
        personal: the channels whose messages reach a person wherever they are, such as mail.
        timezone: of customers whose own is not known.
        first: the goals that go before all others.
    """

    def __init__(self, personal: Collection[str], timezone: str, first: Collection[str]) -> None:
        self.said: dict[str, Said] = {}
        self.stopped: Counter[tuple[str, str]] = Counter()
        self.withheld: dict[str, dict[str, Any]] = {}
        self.outranked: list[dict[str, Any]] = []
        self._personal = personal
        self._timezone = timezone
        self.first = first
        self.hushed = 0
        self._seen: set[tuple[str, str, str]] = set()

    def take(self, values: Iterable[dict[str, Any]]) -> None:
        """Takes in records of the topics."""
        for value in values:
            if value["kind"] == "action":
                self.action(value)
            elif value["kind"] == "decision":
                self.decision(value)
            elif value["kind"] == "arbitration":
                self.arbitration(value)

    def action(self, value: dict[str, Any]) -> None:
        """As ``Watcher.action``."""
        if value["kind"] == "action":
            zone = first_zone(value["recipient"]["timezone"], self._timezone)
            at = datetime.fromisoformat(value["decided_at"]).astimezone(zone)
            goal = value.get("goal") or "none"
            said = Said(value["customer_id"], value["channel"], goal, value["purpose"], at)
            self.said[value["action_id"]] = said

    def decision(self, value: dict[str, Any]) -> None:
        """As ``Watcher.decision``."""
        outcome, id_ = value["outcome"], value["action_id"]
        if outcome not in ("held", "refused"):
            return
        rule = value["reasons"][0]["rule"]
        if (rule, outcome, id_) not in self._seen:
            self._seen.add((rule, outcome, id_))
            self.stopped[rule, outcome] += 1
        if rule == "quiet":
            self.withheld.setdefault(id_, value)

    def arbitration(self, value: dict[str, Any]) -> None:
        """As ``Watcher.arbitration``."""
        self.hushed += "quiet" in value["excluded"]
        ranked = [*value["chosen"], *value["next"]]
        sales = [each["factors"]["priority"] if each["goal"] not in self.first else 0.0 for each in ranked]
        if any(
            each["goal"] in self.first and max(sales[place:]) > each["factors"]["priority"]
            for place, each in enumerate(value["chosen"])
        ):
            self.outranked.append(value)

    @property
    def sent_later(self) -> int:
        """How many of the messages that had to wait for service went out after all."""
        return sum(id_ in self.said for id_ in self.withheld)

    def by_goal(self) -> Counter[tuple[str, str]]:
        """The number of actions by goal and channel."""
        return Counter((said.goal, said.channel) for said in self.said.values())

    def figures(self) -> Figures:
        """What it adds up to."""
        messages = [said for said in self.said.values() if said.channel in self._personal]
        marketing = [said for said in messages if said.purpose == MARKETING]
        weeks = sorted(Counter((said.customer_id, said.at.isocalendar()[:2]) for said in messages).values())
        days = Counter((said.customer_id, said.at.date()) for said in marketing)
        moments: defaultdict[str, list[datetime]] = defaultdict(list)
        for said in marketing:
            moments[said.customer_id].append(said.at.astimezone(UTC))
        return Figures(
            messages=len(messages),
            marketing=len(marketing),
            customers=len({said.customer_id for said in messages}),
            mean=len(messages) / len(weeks) if weeks else 0.0,
            p95=weeks[ceil(0.95 * len(weeks)) - 1] if weeks else 0,
            most=weeks[-1] if weeks else 0,
            crowded=sum(most_within(_WEEK, each) > WEEKLY for each in moments.values()),
            same_day=sum(count - 1 for count in days.values()),
            at_night=sum(said.at.hour >= NIGHT_FROM or said.at.hour < NIGHT_UNTIL for said in marketing),
        )


def most_within(span: timedelta, moments: Sequence[datetime]) -> int:
    """The most of some moments that lie within any span, one end of it included."""
    ordered = sorted(moments)
    return max((number + 1 - bisect_right(ordered, at - span) for number, at in enumerate(ordered)), default=0)


def personal_channels(addresses: Mapping[str, Collection[str]]) -> set[str]:
    """The channels that need an address of the person; what goes by a customer's id alone disturbs nobody."""
    return {channel for channel, found in addresses.items() if "id" not in found}
