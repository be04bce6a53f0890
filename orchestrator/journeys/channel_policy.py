"""The part ``channel`` of policy.yaml as people write it: which channel, and when, for all that is said."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema

from orchestrator.durations import PATTERN, DurationMs
from orchestrator.engine.channel_policy import ChannelPolicy, Kind
from orchestrator.journeys.model import Model, Name, listed, one_or_more
from orchestrator.journeys.source import Location

BEST: Final = "best"
NOW: Final = "now"
BEST_WITHIN_MS: Final = 86_400_000
"""How long a message may wait for the customer's best hour, if nothing is said: each hour comes once."""


class BestHourDefinition(Model):
    """Send it in the customer's best hour."""

    within: DurationMs = Field(description="how long it may wait for that, at most until it expires")


def _send_time(value: Any) -> Any:
    if isinstance(value, str) and value not in (BEST, NOW):
        raise ValueError(f"a time to send is '{BEST}', '{NOW}' or {{within: 12 hours}}, not '{value}'")
    return value


SendTime = Annotated[
    Literal["best", "now"] | BestHourDefinition,
    BeforeValidator(_send_time),
    Field(
        description="best: in the hour in which the customer reads most, within 24 hours, or as {within: 12 hours} "
        "says; now: as soon as it may"
    ),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [BEST, NOW]},
                {
                    "type": "object",
                    "properties": {"within": {"type": "string", "pattern": PATTERN}},
                    "required": ["within"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""How long something may wait for the customer's best hour."""


def within_ms(send_time: str | BestHourDefinition | None) -> int | None:
    """In milliseconds; 0 is now, None says nothing."""
    if isinstance(send_time, BestHourDefinition):
        return send_time.within
    return None if send_time is None else BEST_WITHIN_MS if send_time == BEST else 0


class KindDefinition(Model):
    """What is fixed for a kind of message, whatever else speaks for another channel."""

    channel: Name = Field(description="the channel that messages of this kind take")
    urgent: StrictBool = Field(
        False, description="whether it waits neither for a better hour nor for the end of a call"
    )


ChannelNames = Annotated[
    tuple[Name, ...],
    BeforeValidator(listed),
    one_or_more({"type": "string"}),
]
Cost = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class ChannelPolicyDefinition(Model):
    """The part ``channel`` of policy.yaml. With it, it is known who is on the site and who is on the line."""

    kinds: dict[Name, KindDefinition] = Field({}, description="by kind of message, the channel that it takes")
    costs: dict[Name, Cost] = Field({}, description="by channel, what one message costs, if its treatment says nothing")
    send_time: dict[Name, SendTime] = Field(
        {}, description="by channel, when marketing is sent, if neither the step nor the action says so"
    )
    on_site_for: DurationMs = Field(
        600_000,
        validate_default=False,
        description="how long after the last click a visitor is still on the site",
        json_schema_extra={"default": "10 minutes"},
    )
    site: ChannelNames = Field(("web",), description="the channels that reach only who is on the site")
    on_the_line: Literal["hold", "send"] = Field(
        "hold", description="what becomes of marketing while the customer speaks with an agent"
    )
    agents: ChannelNames = Field(
        ("call", "crm"), description="the channels that agents read: never held for a call, and published first"
    )
    longest_call: DurationMs = Field(
        7_200_000,
        validate_default=False,
        description="when a call is over whose end was never told",
        json_schema_extra={"default": "2 hours"},
    )
    after_call: DurationMs = Field(
        900_000,
        validate_default=False,
        description="how long after a call the first message that was held is looked at, and between two of them",
        json_schema_extra={"default": "15 minutes"},
    )

    @property
    def named(self) -> list[tuple[Location, str]]:
        """The channels that it names, each with its place."""
        places: list[tuple[Location, str]] = [
            (("channel", "kinds", name, "channel"), kind.channel) for name, kind in self.kinds.items()
        ]
        places += [(("channel", part, name), name) for part in ("costs", "send_time") for name in getattr(self, part)]
        return places + [(("channel", part), name) for part in ("site", "agents") for name in getattr(self, part)]


def fixed_channels(policy: ChannelPolicyDefinition | None) -> dict[str, str]:
    """By kind of message, the channel that the policy fixes for it."""
    return {name: kind.channel for name, kind in policy.kinds.items()} if policy is not None else {}


def compile_channel_policy(definition: ChannelPolicyDefinition) -> ChannelPolicy:
    """What the engine goes by."""
    return ChannelPolicy(
        kinds={name: Kind(kind.channel, kind.urgent) for name, kind in sorted(definition.kinds.items())},
        costs=dict(sorted(definition.costs.items())),
        send_within_ms={name: within_ms(said) or 0 for name, said in sorted(definition.send_time.items())},
        on_site_for_ms=definition.on_site_for,
        longest_call_ms=definition.longest_call,
        holds_on_the_line=definition.on_the_line == "hold",
        after_call_ms=definition.after_call,
        site=definition.site,
        agents=definition.agents,
    )
