"""Senders: from the topics ``actions.<channel>`` to whoever carries a message to the customer, and back as events.

A sender of your own is a class with one method, :class:`Sender`; :func:`serve` runs it. See ``docs/senders.md``.
"""

from orchestrator.channels.action import Action, Cancel
from orchestrator.channels.outcome import Accepted, Bounced, Later, Outcome, Refused
from orchestrator.channels.sender import Sender
from orchestrator.channels.serve import serve

__all__ = ["Accepted", "Action", "Bounced", "Cancel", "Later", "Outcome", "Refused", "Sender", "serve"]
