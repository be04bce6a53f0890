"""Who gets which arm of an experiment, and who is held out: by hash of customer and name, and then for good.

A hash gives each customer a time for each arm, exponentially distributed with the arm's weight as its
rate, and the arm that comes first is theirs. So each arm has its share, and after a change of weights
somebody goes from one arm to another only if the other's weight grew against that of the one. Of two
arms, no more move than must; of more, at most 2d/(1+d) where d is the least that must, which no rule
without memory betters. With memory nobody moves: the arm that a customer had is kept in the record
as long as it is open, which is to say that it exists and its weight is not 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from orchestrator.engine.customer import Customer

_KEPT_BITS: Final = 52


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of an experiment; ``weight`` in percent."""

    name: str
    weight: float
    control: bool = False


def chance(*names: str) -> float:
    """A number between 0 and 1, both excluded, as good as random, and always the same for the same names."""
    digest = blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> (64 - _KEPT_BITS)) + 0.5) / (1 << _KEPT_BITS)


def drawn(customer_id: str, experiment: str, arms: Iterable[Arm]) -> Arm | None:
    """The arm that the hash gives a customer; None if none is open."""
    racing = [arm for arm in arms if arm.weight > 0]
    return min(
        racing,
        key=lambda arm: (-math.log(chance(customer_id, experiment, arm.name)) / arm.weight, arm.name),
        default=None,
    )


def arms_of(customer: Customer, experiments: Iterable[str]) -> dict[str, str]:
    """The arms that the customer has of some experiments."""
    kept = customer.experiments
    return {name: kept[name].arm for name in sorted(experiments) if name in kept}
