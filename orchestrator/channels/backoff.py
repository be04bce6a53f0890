"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubles from ``first_ms`` to ``most_ms``; ``tries`` are all tries together."""

    first_ms: int = 5_000
    most_ms: int = 1_800_000
    tries: int = 12

    def delay_ms(self, tries: int, chance: float, least_ms: int | None = None) -> int:
        """The wait after so many tries.

        Args:
            tries: Those made, from 1.
            chance: From 0 to 1: half of the wait is drawn, so that what failed together doesn't come back together.
            least_ms: What the provider asked for.
        """
        # Past 2^40 it is over any bound, and a float would overflow.
        whole = min(self.most_ms, self.first_ms * (1 << min(tries - 1, 40)))
        return max(round(whole * (0.5 + chance / 2)), least_ms or 0)
