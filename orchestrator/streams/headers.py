"""Headers of the records on ``customer-events``, which say what each is."""

from __future__ import annotations

from typing import Final

FORWARD: Final = "orchestrator-forward"
"""An event on its way home; the value is JSON with its origin."""
MESSAGE: Final = "orchestrator-message"
"""A claim, an absorb or a release."""
TIME: Final = "orchestrator-time"
"""A replay's mark; the value is JSON with ``until`` (UTC ms) and ``ends`` (next offsets by logical topic)."""
