"""What the engine knows of an action's content: that it can be made for a customer, or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from orchestrator.engine.catalogue import NO_CATALOGUE
from orchestrator.engine.recommendations import NO_RECOMMENDER

if TYPE_CHECKING:
    from orchestrator.engine.policy import Policy


class Rendered(NamedTuple):
    """Content for one customer. ``fallbacks`` say why parts of it are the action's fallback, one sentence each."""

    fields: dict[str, Any]
    fallbacks: tuple[str, ...] = ()


class Shelf(NamedTuple):
    """What a template sees of what is sold: products by id, and a function that recommends some of them."""

    catalog: Mapping[str, Any]
    recommend: Callable[..., list[dict[str, Any]]]


NO_SHELF: Final = Shelf(NO_CATALOGUE.view, NO_RECOMMENDER)


class Said(NamedTuple):
    """What templates may need to know of the message itself: its id, and what was written into its blocks."""

    action_id: str = ""
    edits: Mapping[str, Any] = MappingProxyType({})


UNSAID: Final = Said()


class Content(Protocol):
    """The compiled content of an action."""

    @property
    def constant(self) -> dict[str, Any] | None:
        """What it says to everybody, whatever happens; None if it depends on something."""

    def render(
        self,
        event: Any,
        customer: Any,
        journey: Any,
        policy: Policy,
        now: int,
        shelf: Shelf = NO_SHELF,
        said: Said = UNSAID,
    ) -> Rendered:
        """The content for one customer at a moment in UTC milliseconds, right for its channel.

        Raises:
            ContentError: it cannot be made, and there is no fallback that can.
        """
