"""From channels.yaml to what the engine goes by: the capacities of channels and queues, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from orchestrator.engine.hours import Hours, Span
from orchestrator.engine.window import Capacity, Per, Surplus
from orchestrator.journeys.action import TreatmentDefinition
from orchestrator.journeys.capacity import InsteadDefinition, LimitedDefinition, spans_of, weekdays_of
from orchestrator.journeys.definition import ChannelDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.steps import WEEKDAYS
from orchestrator.nearest import hint

QUEUE: Final = "queue"
"""The field of a channel's content that names the queue."""

_LIMITS: Final = frozenset(LimitedDefinition.model_fields)
_NO_SURPLUS: Final = (
    "there is no 'capacity' that could have a surplus: add one, or leave this out; what is closed lets all wait"
)


def capacities_of(channels: Mapping[str, ChannelDefinition], timezone: str) -> dict[str, Capacity]:
    """What has limits, by name: of the channel as a whole, and of each queue."""
    found = {}
    for name, channel in sorted(channels.items()):
        places = [(name, channel), *((f"{name}/{queue}", own) for queue, own in sorted(channel.queues.items()))]
        for place, own in places:
            capacity = _compiled(place, own, channel, timezone)
            if capacity is not None:
                found[place] = capacity
    return found


def limits_of(channels: Mapping[str, ChannelDefinition]) -> dict[str, Any]:
    """What is declared of limits, as JSON values; nothing where nothing is."""
    wanted = {*_LIMITS, "queues"}
    limits = {
        name: channel.model_dump(mode="json", include=wanted, exclude_defaults=True)
        for name, channel in channels.items()
    }
    return {name: limits[name] for name in sorted(limits) if limits[name]}


def without_limits(channel: ChannelDefinition) -> ChannelDefinition:
    """What a journey's version depends on: another capacity makes no other journey."""
    fields = ChannelDefinition.model_fields
    given = {name: fields[name].get_default() for name in (*_LIMITS, "queues")}
    return channel.model_copy(update=given)


def queue_of(said: TreatmentDefinition) -> str:
    """The queue that an action names; empty if it names none."""
    queue = said.content.get(QUEUE)
    return queue if isinstance(queue, str) else ""


def check_capacities(channels: Mapping[str, ChannelDefinition], names: frozenset[str]) -> Iterator[Finding]:
    """Surplus that leads nowhere or in a circle, and queues that no action can name; ``names`` are all channels."""
    for name, channel in channels.items():
        at = ("channels", name)
        if channel.queues and QUEUE not in channel.content:
            message = f"an action names its queue in the field '{QUEUE}': the content of '{name}' has none"
            yield Finding((*at, "queues"), message)
        for location, own in [(at, channel), *(((*at, "queues", queue), own) for queue, own in channel.queues.items())]:
            if isinstance(own.surplus, InsteadDefinition):
                yield from _check_instead((*location, "surplus"), name, own.surplus.channel, channels, names)
        yield from _check_shared(at, name, channel)


def check_queue(said: TreatmentDefinition, channel: ChannelDefinition) -> Iterator[Finding]:
    """A queue that is not declared, or is another one for each customer, where queues are declared."""
    if not channel.queues:
        return
    others = [*said.locales.items()]
    for locale, fields in others:
        if QUEUE in fields:
            yield Finding(("locales", locale, QUEUE), f"'{QUEUE}' must be the same in every locale")
    queue = queue_of(said)
    if "{{" in queue or "{%" in queue:
        yield Finding(
            ("content", QUEUE), f"'{QUEUE}' must be a name, for the queues in channels.yaml take only so many"
        )
    elif queue and queue not in channel.queues:
        yield Finding(("content", QUEUE), f"the queue '{queue}' is unknown: {hint(queue, channel.queues)}")


def _check_shared(at: tuple[str | int, ...], name: str, channel: ChannelDefinition) -> Iterator[Finding]:
    """What is said of the places of a queue that has none of its own, or of a channel where nothing has any."""
    for queue, own in channel.queues.items():
        said = [key for key in sorted(_LIMITS) if getattr(own, key)]
        if own.capacity is not None or not said:
            continue
        if channel.capacity is not None:
            message = (
                f"the queue '{queue}' shares the places of '{name}' and goes by its hours: give it a 'capacity' of its "
                f"own, or leave out '{said[0]}'"
            )
            yield Finding((*at, "queues", queue, said[0]), message)
        elif own.surplus is not None:
            yield Finding((*at, "queues", queue, "surplus"), _NO_SURPLUS)
    places = [channel, *channel.queues.values()]
    if channel.surplus is not None and all(each.capacity is None for each in places):
        yield Finding((*at, "surplus"), _NO_SURPLUS)


def _check_instead(
    at: tuple[str | int, ...], name: str, instead: str, channels: Mapping[str, ChannelDefinition], names: frozenset[str]
) -> Iterator[Finding]:
    if instead not in names:
        yield Finding((*at, "channel"), f"the channel '{instead}' is unknown: {hint(instead, names)}")
        return
    way = [name, instead]
    while way[-1] in channels:
        surplus = channels[way[-1]].surplus
        if way[-1] in way[:-1]:
            yield Finding((*at, "channel"), f"the surplus goes in a circle: {' to '.join(way)}")
            return
        if not isinstance(surplus, InsteadDefinition):
            return
        way.append(surplus.channel)


def _compiled(name: str, own: LimitedDefinition, channel: LimitedDefinition, timezone: str) -> Capacity | None:
    """What a queue does not say is said by its channel. None for what has no limits, or shares those of its channel."""
    if own is not channel and own.capacity is None and channel.capacity is not None:
        return None
    opens = own.open if own.open is not None else channel.open
    closed, holidays = own.closed or channel.closed, own.holidays or channel.holidays
    if own.capacity is None and opens is None and not closed and holidays is None:
        return None
    surplus = own.surplus or channel.surplus or "wait"
    most = own.capacity.most if own.capacity is not None else None
    reserve = own.capacity.reserve if own.capacity is not None else None
    return Capacity(
        name=name,
        hours=Hours(
            own.timezone or channel.timezone or timezone,
            _week(opens),
            frozenset(map(date.fromisoformat, closed)),
            holidays.country if holidays is not None else None,
            holidays.subdivision if holidays is not None else None,
        ),
        most=most,
        per=Per(own.capacity.per) if own.capacity is not None else Per.DAY,
        surplus=Surplus.CHANNEL if isinstance(surplus, InsteadDefinition) else Surplus(surplus),
        instead=surplus.channel if isinstance(surplus, InsteadDefinition) else "",
        reserve=reserve or 0,
    )


def _week(opens: Mapping[str, str] | None) -> tuple[tuple[Span, ...], ...]:
    if opens is None:
        return ()
    hours = {day: spans_of(text) for days, text in opens.items() for day in weekdays_of(days)}
    return tuple(hours.get(day, ()) for day in WEEKDAYS)
