"""What the template of a survey sees: the question, and a link for each score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from orchestrator.engine.policy import Policy
from orchestrator.events.scales import SCALES, group_of
from orchestrator.events.surveys import token_of


@dataclass(frozen=True, slots=True)
class Survey:
    """The survey of an action."""

    name: str
    kind: str
    question: str

    def shown(self, action_id: str, customer: Mapping[str, Any], journey: Mapping[str, Any], policy: Policy) -> Any:
        """The survey as templates see it, for one message to one customer."""
        asked_by = str(journey.get("name") or "")
        choices = [
            {
                "score": score,
                "group": group_of(self.kind, score),
                "link": self._link(score, action_id, customer, asked_by, policy),
            }
            for score in SCALES[self.kind]
        ]
        return {"name": self.name, "kind": self.kind, "question": self.question, "choices": choices}

    def _link(self, score: int, action_id: str, customer: Mapping[str, Any], journey: str, policy: Policy) -> str:
        told = {
            "userId" if customer.get("known", True) else "anonymousId": str(customer.get("id", "")),
            "survey": self.name,
            "kind": self.kind,
            "score": score,
            "action_id": action_id,
            "journey": journey,
        }
        if policy.survey_key:
            about = (str(customer.get("id", "")), action_id, self.name, self.kind, score, journey)
            told["token"] = token_of(policy.survey_key, *about)
        page = policy.survey_link or ""
        return f"{page}{'&' if '?' in page else '?'}{urlencode(told)}"
