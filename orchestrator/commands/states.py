"""``orchestrator pause``, ``resume`` and ``stop``: whether a journey runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.changing import As, Note, set_state

if TYPE_CHECKING:
    from orchestrator.journeys.applied import State

Journey = Annotated[str, typer.Argument(metavar="JOURNEY", help="The name of a journey.")]


def pause(context: typer.Context, journey: Journey, note: Note = "", who: As = None) -> None:
    """Let a journey stand still: nobody enters, waits that run out and actions are held until 'resume'.

    Events still count: whoever meets an exit leaves, whoever waits for an event and gets it goes on, silently. A
    journey that is stopped cannot be paused: nobody enters it as it is.

    \b
    Example:
      orchestrator pause cart-rescue --note "the shop is down"
    """
    set_state(context, journey, f"pause {journey}", lambda states: paused(journey, states), note, who)


def resume(context: typer.Context, journey: Journey, note: Note = "", who: As = None) -> None:
    """Let a paused or stopped journey run again, so that customers enter; what was held goes on in its order.

    \b
    Example:
      orchestrator resume cart-rescue
    """

    def decided(states: Mapping[str, State]) -> dict[str, State]:
        return {name: state for name, state in states.items() if name != journey}

    set_state(context, journey, f"resume {journey}", decided, note, who)


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
