"""``orchestrator pause``, ``resume`` and ``stop``: whether a journey runs, and whether anything is said at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.changing import As, Note, set_pauses, set_state

if TYPE_CHECKING:
    from orchestrator.journeys.applied import State
    from orchestrator.journeys.contact_policy import PauseDefinition

Journey = Annotated[str, typer.Argument(metavar="JOURNEY", help="The name of a journey.")]
JourneyOrAll = Annotated[
    str | None, typer.Argument(metavar="[JOURNEY]", help="The name of a journey.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="Not one journey, but all that the contact policy binds.")]
Purpose = Annotated[str | None, typer.Option("--purpose", metavar="NAME", help="With --all: messages of a purpose.")]
Channel = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="With --all: messages on a channel.")]


def pause(
    context: typer.Context,
    journey: JourneyOrAll = None,
    everything: All = False,
    purpose: Purpose = None,
    channel: Channel = None,
    refuse: Annotated[
        bool, typer.Option("--refuse", help="With --all: refuse what would be said, instead of holding it.")
    ] = False,
    note: Note = "",
    who: As = None,
) -> None:
    """Let a journey stand still: nobody enters, waits that run out and actions are held until 'resume'.

    Events still count: whoever meets an exit leaves, whoever waits for an event and gets it goes on, silently. A
    journey that is stopped cannot be paused: nobody enters it as it is.

    With --all journeys go on, and what they would say is held: all messages but transactional ones and those of
    service, or those of one purpose or on one channel.

    \b
    Examples:
      orchestrator pause cart-rescue --note "the shop is down"
      orchestrator pause --all --channel email --note "the mail provider sends twice"
    """
    if _chosen(journey, everything, purpose, channel, refuse=refuse) is None:
        wanted = _wanted(purpose, channel, refuse=refuse)
        what = "pause all" + _besides(purpose, channel)
        names = {"purpose": purpose, "channel": channel}
        set_pauses(context, what, names, lambda pauses: (*_others(pauses, purpose, channel), wanted), note, who)
    else:
        name = str(journey)
        set_state(context, name, f"pause {name}", lambda states: paused(name, states), note, who)


def resume(
    context: typer.Context,
    journey: JourneyOrAll = None,
    everything: All = False,
    purpose: Purpose = None,
    channel: Channel = None,
    note: Note = "",
    who: As = None,
) -> None:
    """Let a paused or stopped journey run again, so that customers enter; what was held goes on in its order.

    With --all all that 'pause --all' held goes on, or what it held of one purpose or on one channel.

    \b
    Examples:
      orchestrator resume cart-rescue
      orchestrator resume --all
    """
    if _chosen(journey, everything, purpose, channel) is None:
        what = "resume all" + _besides(purpose, channel)
        names = {"purpose": purpose, "channel": channel}
        set_pauses(context, what, names, lambda pauses: _others(pauses, purpose, channel, every=True), note, who)
        return
    name = str(journey)

    def decided(states: Mapping[str, State]) -> dict[str, State]:
        return {other: state for other, state in states.items() if other != name}

    set_state(context, name, f"resume {name}", decided, note, who)


def stop(
    context: typer.Context,
    journey: Journey,
    let_finish: Annotated[
        bool,
        typer.Option("--let-finish/--exit-all", help="What those inside do: go on, or leave at once."),
    ] = True,
    note: Note = "",
    who: As = None,
) -> None:
    """Let nobody enter a journey any more.

    With --exit-all those inside leave it too, and what was published and may still be withdrawn is withdrawn.

    \b
    Examples:
      orchestrator stop win-back
      orchestrator stop win-back --exit-all --note "wrong prices"
    """
    what = f"stop {journey}" + ("" if let_finish else ", exit all")
    state: State = "stopped" if let_finish else "ended"
    set_state(context, journey, what, lambda states: {**states, journey: state}, note, who)


def paused(journey: str, states: Mapping[str, State]) -> dict[str, State]:
    """The states with one journey paused. Raises UsageError if it is stopped: to resume it would open it again."""
    from orchestrator.errors import UsageError

    if states.get(journey) in ("stopped", "ended"):
        raise UsageError(
            f"journey '{journey}' is stopped, so nobody enters: 'orchestrator resume {journey}' opens it again, and "
            "then it can be paused"
        )
    return {**states, journey: "paused"}


def _chosen(
    journey: str | None, everything: bool, purpose: str | None, channel: str | None, *, refuse: bool = False
) -> str | None:
    """The journey that is meant; None for all. Raises UsageError if it is not clear which."""
    from orchestrator.errors import UsageError

    if (journey is None) != everything:
        raise UsageError("name one journey, or say --all")
    if not everything and (purpose is not None or channel is not None or refuse):
        raise UsageError("--purpose, --channel and --refuse go with --all: a journey is paused as a whole")
    return journey


def _wanted(purpose: str | None, channel: str | None, *, refuse: bool) -> PauseDefinition:
    """What is to be paused. Raises UsageError if there can be no such thing."""
    from pydantic import ValidationError

    from orchestrator.errors import UsageError
    from orchestrator.journeys.contact_policy import PauseDefinition

    given = {"purpose": purpose, "channel": channel, "then": "refuse" if refuse else None}
    try:
        return PauseDefinition.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise UsageError(f"that cannot be paused: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _others(
    pauses: tuple[PauseDefinition, ...], purpose: str | None, channel: str | None, *, every: bool = False
) -> tuple[PauseDefinition, ...]:
    """The pauses that a command does not name; ``every``: without a purpose and a channel it names all."""
    if every and purpose is None and channel is None:
        return ()
    named = ((purpose,) if purpose else (), (channel,) if channel else ())
    return tuple(pause for pause in pauses if (pause.purpose, pause.channel) != named)


def _besides(purpose: str | None, channel: str | None) -> str:
    return (f" of {purpose}" if purpose else "") + (f" on {channel}" if channel else "")
