"""What entries by time, place and cap become when two records of one customer become one."""

from __future__ import annotations

from typing import Final

from orchestrator.engine.customer import Customer

_ABSENCE: Final = "/absence"
_DWELL: Final = "/dwell"
_SLOT: Final = "/slot"
_TIMES_KEPT: Final = 100


def unite_alarms(customer: Customer, other: Customer) -> None:
    """Takes over what the other record waits for.

    Of absences the later one counts, of places the newer word. A place in a broadcast comes along, unless the customer
    has had that broadcast. Schedules and dates are set anew for the customer as a whole.
    """
    for name, due in other.alarms.items():
        if name.endswith(_ABSENCE):
            customer.alarms[name] = max(due, customer.alarms.get(name, 0))
        elif name.endswith(_SLOT) and _is_new(customer, other, name):
            customer.alarms.setdefault(name, due)
    if other.located > customer.located:
        _take_places(customer, other)
    for journey, occasion in other.served.items():
        customer.served[journey] = max(occasion, customer.served.get(journey, 0))
    for journey, times in other.entered.items():
        customer.entered[journey] = sorted([*customer.entered.get(journey, ()), *times])[-_TIMES_KEPT:]


def _is_new(customer: Customer, other: Customer, slot: str) -> bool:
    journey = slot.partition(":")[2].removesuffix(_SLOT)
    return customer.served.get(journey, 0) < other.served.get(journey, 0)


def _take_places(customer: Customer, other: Customer) -> None:
    customer.places, customer.located = other.places, other.located
    for name in [name for name in customer.alarms if name.endswith(_DWELL)]:
        del customer.alarms[name]
    customer.alarms |= {name: due for name, due in other.alarms.items() if name.endswith(_DWELL)}
