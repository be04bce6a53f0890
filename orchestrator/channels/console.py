"""Actions as lines, to look at."""

from __future__ import annotations

import re
import sys
from typing import Final, TextIO

from orchestrator.channels.action import Action
from orchestrator.channels.outcome import Accepted, Outcome

_FIRST: Final = ("subject", "title", "text", "reason", "slot", "content", "html")
"""The fields of which the first that is there says most."""
_LENGTH: Final = 80
_UNSEEN: Final = re.compile(r"[\x00-\x20\x7f-\x9f]+")
"""What could move the cursor is not written to a terminal."""


class ConsoleSender:
    """Writes a line for each action: when, channel, to whom, what."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output

    async def send(self, action: Action) -> Outcome:
        """One try, which is enough."""
        print(line(action), file=self._output or sys.stdout, flush=True)
        return Accepted(delivered=True)


def line(action: Action) -> str:
    """An action for a person."""
    says = next((str(action.content[name]) for name in _FIRST if action.content.get(name)), "")
    parts = [
        action.decided_at[11:19],
        action.channel,
        "→",
        action.recipient.address,
        f"({action.customer_id})" if action.customer_id != action.recipient.address else "",
        f"{action.journey or action.placement}/{action.action}:",
        says if len(says) <= _LENGTH else says[: _LENGTH - 1] + "…",
    ]
    return " ".join(_UNSEEN.sub(" ", part) for part in parts if part)
