"""What holds for all customers of an env, whatever journey they are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.engine.condition import Condition

from orchestrator.engine.channel_policy import ChannelPolicy
from orchestrator.engine.contact_policy import NO_CONTACT_POLICY, ContactPolicy
from orchestrator.engine.recommending import Recommending


@dataclass(frozen=True, slots=True)
class Policy:
    """``timezone`` and ``locale`` are for customers whose traits name none.

    ``holdout_percent`` of all customers enter no journey. ``channel`` is what holds for channels, ``recommending`` what
    recommendations go by, if anything does; ``contact`` says whether a message may go out now. ``survey_link`` is where
    a click on a score leads to, ``survey_key`` what the links of surveys are signed by.
    Actions of the goals ``first`` come before all others.
    """

    timezone: str = "UTC"
    locale: str = "en"
    holdout_percent: float = 0
    channel: ChannelPolicy | None = None
    recommending: Recommending | None = None
    survey_link: str | None = None
    survey_key: bytes | None = field(default=None, repr=False)
    first: tuple[str, ...] = ("serve", "solve")
    contact: ContactPolicy = NO_CONTACT_POLICY


DEFAULT_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Attribution:
    """What is put down to what was said: one of ``events`` within ``window_ms``, and what it is worth."""

    window_ms: int
    events: frozenset[str]
    value: Condition | None
