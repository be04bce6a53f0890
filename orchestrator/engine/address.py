"""Where a customer is reached."""

from __future__ import annotations

from orchestrator.engine.customer import Customer
from orchestrator.engine.treatment import Treatment


def address(customer: Customer, treatment: Treatment) -> str | None:
    """Where the customer is reached, in the terms of the channel."""
    for path in treatment.channel.address:
        if path == "id":
            return customer.id
        value = customer.traits.get(path.removeprefix("traits."))
        if isinstance(value, str) and value:
            return value
    return None
