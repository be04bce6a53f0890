"""``orchestrator explain``: why a customer got something, or did not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import interruptible, run
from orchestrator.commands.simulate import UNTIL, duration, with_progress

if TYPE_CHECKING:
    from orchestrator.proof.story import Story
    from orchestrator.settings import Settings

_CUSTOMER = "A userId, or an anonymousId."
_ACTION = "Only the stay that led to this action: the action_id of an action or a decision."
_JOURNEY = "Only this journey, and each time that the customer did not enter it."
_RECORDING = (
    "Explain what 'simulate' would do to this file, or 'shop', instead of what workers did. No Kafka is needed."
)
_JSON = "The whole story as JSON."


def explain(
    context: typer.Context,
    customer: Annotated[str, typer.Option(metavar="ID", help=_CUSTOMER)],
    action: Annotated[str | None, typer.Option(metavar="ID", help=_ACTION, show_default=False)] = None,
    journey: Annotated[str | None, typer.Option(metavar="NAME", help=_JOURNEY, show_default=False)] = None,
    recording: Annotated[str | None, typer.Option(metavar="FILE", help=_RECORDING, show_default=False)] = None,
    until: Annotated[str | None, typer.Option(metavar="DURATION", help=UNTIL, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Tell why one customer got what they got, and why they did not get something.

    Event by event: which conditions were asked, with the values that they saw, which way was taken, which version of
    the journey, the arm of an experiment, consent, caps and quiet times, what was sent or refused by which rule; and of
    journeys that the customer never entered, why not. What happened is read from the topics; the values are found by
    deciding the same events once more, without side effects. Exit code 1 if nobody is known by the id.

    \b
    Examples:
      orchestrator explain --customer user_0042
      orchestrator explain --customer user_0042 --journey cart-rescue
      orchestrator explain --customer user_0042 --action 9f8b0c6de1b44c0db4e0c66a7c1f5e02
      orchestrator explain --customer user_0118 --recording shop --until "60 days"
    """
    import orjson

    from orchestrator.errors import OrchestratorError, UsageError
    from orchestrator.nearest import hint
    from orchestrator.proof.story import stay_of
    from orchestrator.proof.telling import tell, tell_action

    settings = settings_of(context)
    if until is not None and recording is None:
        raise UsageError("--until is for a recording: what workers do later is not known yet")
    story = _story(settings, customer, recording, until)
    if journey is not None and journey not in story.begins and not story.entered(journey):
        raise UsageError(f"the journey '{journey}' is unknown: {hint(journey, story.begins)}")
    told = story.about(journey)
    if action is not None:
        decisions = story.decisions(action)
        if not decisions:
            raise OrchestratorError(f"nothing was decided about an action '{action}' of {customer}")
        told = story.about(decisions[0]["journey"], frozenset({stay_of(decisions[0])}))
    if as_json:
        sys.stdout.write(orjson.dumps(told.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return
    single = journey is not None or action is not None
    for line in [*(tell_action(story, action) if action is not None else []), *tell(told, single=single)]:
        typer.echo(line)


def _story(settings: Settings, customer: str, recording: str | None, until: str | None) -> Story:
    if recording is None:
        from orchestrator.proof.from_topics import explain_topics

        return run(explain_topics(settings, bootstrap_of(settings), customer))
    from orchestrator.errors import OrchestratorError
    from orchestrator.journeys.load import load
    from orchestrator.proof.from_recording import explain_recording
    from orchestrator.proof.recordings import recorded

    with interruptible():
        past = list(with_progress(recorded(recording)))
        story = explain_recording(load(settings.project), settings, past, customer, duration("--until", until))
    if not story.chapters:
        raise OrchestratorError(f"there is nothing of '{customer}' in {recording}: ids are exact")
    return story
