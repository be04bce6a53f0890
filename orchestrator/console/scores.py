"""What customers say of journeys: the answers to their surveys, from the journey log, as scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.console.follow import BEGINNING, Follower
from orchestrator.events.scales import groups_of
from orchestrator.kafka import names
from orchestrator.settings import Settings

UNKNOWN: Final = "(unknown)"
"""Stands for the journey of answers that name none."""

_HEAD: Final = ("JOURNEY", "SURVEY", "KIND", "ANSWERS", "SCORE", "BEST", "MIDDLE", "WORST")


@dataclass(slots=True)
class Score:
    """The answers to one survey of one journey. Of each customer the last answer to a message counts."""

    journey: str
    survey: str
    kind: str
    groups: Counter[str] = field(default_factory=Counter)
    total: int = 0

    @property
    def answers(self) -> int:
        """How many there are."""
        return self.groups.total()

    @property
    def shares(self) -> tuple[float, float, float]:
        """The percentages of the best, the middle and the worst group."""
        best, middle, worst = (100 * self.groups[group] / self.answers for group in groups_of(self.kind))
        return best, middle, worst

    @property
    def value(self) -> float:
        """What the trade reports.

        NPS: percent of promoters less percent of detractors, from -100 to 100. CSAT: percent of the satisfied, who
        answer 4 or 5. CES: the mean score, from 1 to 7.
        """
        best, _, worst = self.shares
        return {"nps": best - worst, "csat": best, "ces": self.total / self.answers}[self.kind]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "journey": self.journey,
            "survey": self.survey,
            "kind": self.kind,
            "answers": self.answers,
            "score": round(self.value, 2),
            "groups": {group: self.groups[group] for group in groups_of(self.kind)},
        }


def scores_of(lines: Iterable[Mapping[str, Any]]) -> list[Score]:
    """The scores of all journeys, from lines of kind "survey" in order of time."""
    last: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for line in lines:
        about = line["action_id"] or line["trigger"]["event_id"]
        last[line["journey"] or UNKNOWN, line["survey"], line["customer_id"], about] = line
    scores: dict[tuple[str, str, str], Score] = {}
    for line in last.values():
        place = line["journey"] or UNKNOWN, line["survey"], line["survey_kind"]
        score = scores.setdefault(place, Score(*place))
        score.groups[line["group"]] += 1
        score.total += line["score"]
    return [scores[place] for place in sorted(scores)]


def table_of(scores: Iterable[Score]) -> list[tuple[str, ...]]:
    """In lines for people."""
    return [_HEAD, *map(_row, scores)]


async def read_scores(settings: Settings, bootstrap: str, since: str | int = BEGINNING) -> list[Score]:
    """The scores of what the journey log has, from its beginning or so many milliseconds ago."""
    import orjson

    lines = []
    async with Follower(settings, bootstrap, [names.JOURNEY_LOG]) as follower:
        await follower.seek(since)
        async for found in follower.past():
            value = found.record.value
            if value is not None and b'"kind":"survey"' in value:
                lines.append(orjson.loads(value))
    return scores_of(lines)


def _row(score: Score) -> tuple[str, ...]:
    told = f"{score.value:+.0f}" if score.kind == "nps" else f"{score.value:.0f} %"
    if score.kind == "ces":
        told = f"{score.value:.1f} of 7"
    groups = groups_of(score.kind)
    shares = (f"{share:.0f} % {group}" for share, group in zip(score.shares, groups, strict=True))
    return (score.journey, score.survey, score.kind, str(score.answers), told, *shares)
