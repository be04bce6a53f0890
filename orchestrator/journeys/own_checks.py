"""What is wrong with the blocks and the survey of an action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from orchestrator.content.partials import texts_in, used_in
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.policy import PolicyDefinition

_READ: Final = re.compile(r"\bedit(?:\.|\[['\"])([a-z][a-z0-9_]*)")


def check_blocks(action: ActionDefinition, partials: Mapping[str, str]) -> Iterator[Finding]:
    """A block that no template reads would take edits that nobody sees."""
    if not action.editable:
        return
    said = [treatment.model_dump() for treatment in action.by_channel.values()]
    texts = [*texts_in(said), *used_in(said, partials).values()]
    read = {name for text in texts for name in _READ.findall(text)}
    for name in action.editable:
        if name not in read:
            message = f"no template reads the block '{name}': write {{{{ edit.{name} }}}} where it is to be shown"
            yield Finding(("editable", name), message)


def check_survey(
    action: ActionDefinition, actions: Mapping[str, ActionDefinition], policy: PolicyDefinition
) -> Iterator[Finding]:
    """Whether a survey can be answered, and is of one kind wherever it is asked."""
    survey = action.survey
    if survey is None:
        return
    if policy.surveys is None:
        remedy = "write into policy.yaml, for example, surveys: {link: https://shop.example.com/survey}"
        yield Finding(("survey",), f"there is no page to answer the survey on: {remedy}")
    for name, other in actions.items():
        asked = other.survey
        if name < action.action and asked is not None and asked.name == survey.name and asked.kind != survey.kind:
            message = f"the survey '{survey.name}' is of kind {asked.kind} in the action '{name}' already"
            yield Finding(("survey", "kind"), message)
