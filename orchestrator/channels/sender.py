"""What a sender is."""

from __future__ import annotations

from typing import Protocol

from orchestrator.channels.action import Action
from orchestrator.channels.outcome import Outcome


class Sender(Protocol):
    """Hands actions of a channel to whoever carries them to the customer.

    A sender that is an async context manager is entered before the first action, and left after the last.
    """

    async def send(self, action: Action) -> Outcome:
        """One try. Called for several customers at once, never for two actions of one customer at once.

        It may be called again for an action that the provider has taken, if the process died before that was written
        down: give the provider ``action.action_id`` as the key of idempotency. An exception counts as :class:`Later`.
        """
        ...
