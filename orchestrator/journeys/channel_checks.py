"""What can be wrong where channels are named: in policy.yaml, and in what an action says of several."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.journeys.channel_policy import ChannelPolicyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.nearest import hint


def check_channel_policy(policy: ChannelPolicyDefinition, channels: Collection[str]) -> Iterator[Finding]:
    """The channels that policy.yaml names and that are not there."""
    for location, name in policy.named:
        if name not in channels:
            yield Finding(location, f"the channel '{name}' is unknown: {hint(name, channels)}")
