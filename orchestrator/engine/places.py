"""Where a customer is: coming into a circle, going out of it, staying in it.

Only what changes counts: an event from inside of a circle, of one who is inside, says nothing new. An event that is
older than the last one known is too late to say anything.
"""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

from orchestrator.engine.entries import enter
from orchestrator.engine.entry import AtPlace, Whereabouts
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event

PLACES_KEPT: Final = 256
_EARTH_RADIUS_M: Final = 6_371_008.8


def locate(turn: Turn, event: Event, *, late: bool) -> None:
    """Takes in where the customer is; who comes late begins no journey by it."""
    customer = turn.customer
    point = _point(event.properties)
    if point is None or event.timestamp < customer.located:
        return
    customer.located = event.timestamp
    places = turn.env.occasions.places
    before = set(customer.places)
    for _, place in places:
        _move(turn, place, distance_m(point, (place.latitude, place.longitude)) <= place.radius_m, event.timestamp)
    for journey, place in places:
        came = place.key in customer.places and place.key not in before
        went = place.key in before and place.key not in customer.places
        if place.when is Whereabouts.DWELL:
            _await(turn, alarm_of(journey.name), place, came=came, went=went)
        elif not late and (came if place.when is Whereabouts.INSIDE else went):
            enter(turn, event, journey)


def alarm_of(journey: str) -> str:
    """The name of the alarm at which a stay in a place has lasted long enough."""
    return f"entry:{journey}/dwell"


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two points in degrees of latitude and longitude, on the sphere (haversine)."""
    latitude, other_latitude = radians(one[0]), radians(other[0])
    half_latitude, half_longitude = (other_latitude - latitude) / 2, radians(other[1] - one[1]) / 2
    root = sin(half_latitude) ** 2 + cos(latitude) * cos(other_latitude) * sin(half_longitude) ** 2
    return 2 * _EARTH_RADIUS_M * asin(sqrt(min(1.0, root)))


def _point(properties: dict[str, Any]) -> tuple[float, float] | None:
    latitude, longitude = _degrees(properties.get("latitude"), 90), _degrees(properties.get("longitude"), 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(value: Any, most: int) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and -most <= value <= most else None


def _move(turn: Turn, place: AtPlace, inside: bool, at: int) -> None:
    known = turn.customer.places
    if not inside:
        known.pop(place.key, None)
    elif place.key not in known:
        known[place.key] = at
        while len(known) > PLACES_KEPT:
            del known[min(known, key=lambda key: (known[key], key))]


def _await(turn: Turn, alarm: str, place: AtPlace, *, came: bool, went: bool) -> None:
    if came:
        turn.customer.alarms[alarm] = turn.customer.places[place.key] + place.for_ms
    elif went:
        turn.customer.alarms.pop(alarm, None)
