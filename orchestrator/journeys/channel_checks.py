"""What can be wrong where channels are named: in policy.yaml, and in what an action says of several."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.channel_policy import ChannelPolicyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.nearest import hint, misspelt


def check_channel_policy(policy: ChannelPolicyDefinition, channels: Collection[str]) -> Iterator[Finding]:
    """The channels that policy.yaml names and that are not there."""
    for location, name in policy.named:
        if name not in channels:
            yield Finding(location, f"the channel '{name}' is unknown: {hint(name, channels)}")


def check_channels_of(action: ActionDefinition, policy: ChannelPolicyDefinition | None) -> Iterator[Finding]:
    """What an action says of several channels that it does not speak on, or that cannot be meant."""
    said = action.by_channel
    yield from _check_chain(action)
    if action.together and len(said) == 1:
        yield Finding(("together",), "'together' is for several channels: add 'treatments', or leave it out")
    kind = policy.kinds.get(action.kind) if policy is not None and action.kind is not None else None
    if kind is not None and kind.channel not in said:
        message = (
            f"messages of kind '{action.kind}' go by {kind.channel}, as policy.yaml says, and there is no treatment "
            f"for it: there is {' and '.join(sorted(said))}"
        )
        yield Finding(("kind",), message)
    elif kind is not None and len(said) > 1:
        for key in ("chain", "together"):
            if getattr(action, key):
                alone = f"messages of kind '{action.kind}' go by {kind.channel} alone, as policy.yaml says"
                yield Finding((key,), f"{alone}: leave '{key}' out")
    elif policy is not None and action.kind is not None and kind is None:
        meant = misspelt(action.kind, policy.kinds)
        if meant is not None:
            message = f"policy.yaml says nothing of the kind '{action.kind}': did you mean '{meant}'?"
            yield Finding(("kind",), message)


def _check_chain(action: ActionDefinition) -> Iterator[Finding]:
    chain, said = action.chain or (), action.by_channel
    if chain and action.together:
        yield Finding(("together",), "'together' cannot stand beside 'chain': all at once, or one after the other")
    for number, link in enumerate(chain):
        if link.channel not in said:
            message = f"there is no treatment for '{link.channel}' in this action: {hint(link.channel, said)}"
            yield Finding(("chain", number, "channel"), message)
        if link.until is None and number < len(chain) - 1:
            message = "'until' is missing: what must happen so that the next link does not follow: opened or clicked"
            yield Finding(("chain", number), message)
        if link.within == 0:
            yield Finding(
                ("chain", number, "within"), "'within' must be more than 0: the next link would follow at once"
            )
    if chain and chain[-1].until is not None:
        yield Finding(
            ("chain", len(chain) - 1, "until"), "nothing follows the last link: leave out 'until' and 'within'"
        )
    if all(link.channel in said for link in chain) and chain:
        unused = [name for name in said if all(link.channel != name for link in chain)]
        for name in unused:
            yield Finding(
                action.place_of(name), f"the treatment '{name}' is in no link of the chain: add it, or leave it out"
            )
