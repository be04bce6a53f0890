"""What the engine knows of an action's content: that it can be made for a customer, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from orchestrator.engine.policy import Policy


class Rendered(NamedTuple):
    """Content for one customer. ``fallbacks`` say why parts of it are the action's fallback, one sentence each."""

    fields: dict[str, Any]
    fallbacks: tuple[str, ...] = ()


class Content(Protocol):
    """The compiled content of an action."""

    def render(self, event: Any, customer: Any, journey: Any, policy: Policy, now: int) -> Rendered:
        """The content for one customer at a moment in UTC milliseconds, right for its channel.

        Raises:
            ContentError: it cannot be made, and there is no fallback that can.
        """
