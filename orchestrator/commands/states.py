"""``orchestrator pause``, ``resume`` and ``stop``: whether a journey runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestrator.commands.changing import As, Decided, Note, set_state

Journey = Annotated[str, typer.Argument(metavar="JOURNEY", help="The name of a journey.")]


def pause(context: typer.Context, journey: Journey, note: Note = "", who: As = None) -> None:
    """Let a journey stand still: nobody enters, waits that run out and actions are held until 'resume'.

    Events still count: whoever meets an exit leaves, whoever waits for an event and gets it goes on, silently.

    \b
    Example:
      orchestrator pause cart-rescue --note "the shop is down"
    """
    set_state(context, journey, f"pause {journey}", _put(journey, "paused"), note, who)


def resume(context: typer.Context, journey: Journey, note: Note = "", who: As = None) -> None:
    """Let a paused or stopped journey run again; what was held goes on in its order.

    \b
    Example:
      orchestrator resume cart-rescue
    """

    def decided(states: dict[str, Any]) -> bool:
        return states.pop(journey, None) is not None

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
    set_state(context, journey, what, _put(journey, "stopped" if let_finish else "ended"), note, who)


def _put(journey: str, state: str) -> Decided:
    def decided(states: dict[str, Any]) -> bool:
        before, states[journey] = states.get(journey), state
        return before != state

    return decided
