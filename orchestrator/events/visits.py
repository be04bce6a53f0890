"""What events say about where a customer is: a click on the site or in the app, a call that begins or ends."""

from __future__ import annotations

from typing import Final

from orchestrator.events.event import Event
from orchestrator.events.routing import CLICK, KNOWN_NAMES

CALL_STARTED: Final = "Call Started"
CALL_ENDED: Final = frozenset({"Call Ended", "Call Missed", "Call Abandoned"})
OF_CALLS: Final = CALL_ENDED | {CALL_STARTED}

_LEFT: Final = frozenset({"Application Backgrounded", "Application Uninstalled", "Application Crashed"})
_VISITS: Final = KNOWN_NAMES[CLICK] - _LEFT - {"Install Attributed"}


def is_visit(event: Event) -> bool:
    """Whether the customer is on the site at that moment: by its name, or by the page that it came from.

    Segment's library for browsers sends the page in the context of every call.
    https://segment.com/docs/connections/spec/common/#context
    """
    return event.name in _VISITS or ("page" in event.context and event.name not in OF_CALLS)


def leaves_site(name: str) -> bool:
    """Whether the customer has left by an event of this name."""
    return name in _LEFT
