"""What templates see that belongs to their action alone: its blocks, and its survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.content.survey import Survey
from orchestrator.engine.blocks import Block, shown
from orchestrator.engine.content import Said
from orchestrator.engine.policy import Policy
from orchestrator.errors import ContentError

EDIT: Final = "edit"
SURVEY: Final = "survey"

NOTHING_OWN: Final[Mapping[str, Any]] = {EDIT: {}, SURVEY: {}}


@dataclass(frozen=True, slots=True)
class Own:
    """The blocks and the survey of an action."""

    action: str = ""
    blocks: Mapping[str, Block] = field(default_factory=dict)
    survey: Survey | None = None

    def names(self, said: Said, customer: Any, journey: Any, policy: Policy) -> Mapping[str, Any]:
        """What they are for one message.

        Raises:
            ContentError: an edit is not allowed, or not any more: nothing else is said in its place.
        """
        if not self.blocks and self.survey is None:
            return NOTHING_OWN
        try:
            edit = shown(self.action, self.blocks, said.edits) if self.blocks else {}
        except ValueError as error:
            raise ContentError(str(error)) from error
        asked = self.survey.shown(said.action_id, customer, journey, policy) if self.survey is not None else {}
        return {EDIT: edit, SURVEY: asked}


NO_OWN: Final = Own()
