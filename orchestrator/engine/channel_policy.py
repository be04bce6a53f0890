"""What holds for channels, whoever speaks on them: which one a kind of message takes, what it costs, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fixed for a kind of message. What is urgent waits for no better hour, and for the end of no call."""

    channel: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """Times are in milliseconds.

    Without a click for ``on_site_for_ms`` the visitor is gone. ``site`` are the channels that reach only who is there,
    ``agents`` those that are read by an agent. A call without an end is over after ``longest_call_ms``. While it lasts
    marketing is held if ``holds_on_the_line``; afterwards one message is looked at every ``after_call_ms``. ``costs``
    and ``send_within_ms``, which is how long a message of marketing may wait for the customer's best hour, are by
    channel.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    send_within_ms: Mapping[str, int] = field(default_factory=dict)
    on_site_for_ms: int = 600_000
    longest_call_ms: int = 7_200_000
    holds_on_the_line: bool = False
    after_call_ms: int = 900_000
    site: tuple[str, ...] = ("web",)
    agents: tuple[str, ...] = ("call", "crm")

    def is_urgent(self, kind: str | None) -> bool:
        """Whether messages of a kind wait for nothing."""
        return kind is not None and kind in self.kinds and self.kinds[kind].urgent
