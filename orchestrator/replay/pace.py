"""How fast recorded events are played."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from orchestrator.errors import UsageError

_TEXT: Final = re.compile(r"(\d+(?:\.\d+)?)(x|/s)?")


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``speed`` times as fast as it happened, and at most ``rate`` events a second; None is no bound."""

    speed: float | None = None
    rate: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of ``max`` or ``0``, ``60`` or ``60x``, or ``900/s``. Raises UsageError."""
        lowered = text.strip().lower()
        match = _TEXT.fullmatch(lowered)
        if lowered == "max" or (match and not float(match[1])):
            return cls()
        if not match:
            raise UsageError(
                f"--speed {text}: write 60 for sixty times as fast as it happened, 900/s for events a second, or max, "
                "which is the same as 0"
            )
        number = float(match[1])
        return cls(rate=number) if match[2] == "/s" else cls(speed=number)

    def pause_s(self, passed_ms: int) -> float:
        """Seconds between two lines of which the second happened ``passed_ms`` after the first."""
        by_rate = 1 / self.rate if self.rate is not None else 0.0
        by_speed = passed_ms / 1000 / self.speed if self.speed is not None else 0.0
        return max(by_rate, by_speed)

    def passed_ms(self, pause_s: float) -> int:
        """How far the data's time gets in a pause: not at all where only the rate counts."""
        return int(pause_s * 1000 * self.speed) if self.speed is not None else 0
