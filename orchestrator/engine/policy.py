"""What holds for all customers of an env, whatever journey they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """``timezone`` and ``locale`` are for customers whose traits name none.

    ``holdout_percent`` of all customers enter no journey.
    """

    timezone: str = "UTC"
    locale: str = "en"
    holdout_percent: float = 0


DEFAULT_POLICY: Final = Policy()
