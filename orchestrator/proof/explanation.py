"""Rules of this file: what a customer's events were decided by, found out by deciding them once more.

The pure engine decides the same again, with conditions that tell what they are asked. What the workers wrote (or a
simulation) stays the truth about what happened; values and reasons come from the second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from orchestrator import engine
from orchestrator.console.counting import counted
from orchestrator.durations import format_duration
from orchestrator.engine.customer import ANONYMOUS, USER, Customer, decode, encode
from orchestrator.engine.entries import enter
from orchestrator.engine.journey import ANY, Journey
from orchestrator.engine.turn import NOTHING, Turn
from orchestrator.events.event import Event
from orchestrator.graph.graph import entry_node
from orchestrator.moments import format_moment
from orchestrator.proof.story import Chapter, NotEntered, Record, Story
from orchestrator.proof.watching import Asked, Watched, explained


class Explainer:
    """Gathers a customer's story while their events are decided once more.

    Args:
        customer: the id that is asked about.
        ids: all ids that are theirs.
    """

    def __init__(self, customer: str, ids: Iterable[str]) -> None:
        self.customer = customer
        self.ids = tuple(dict.fromkeys([customer, *ids]))
        self.caveats: list[str] = []
        self._chapters: dict[tuple[str, str], Chapter] = {}
        self._open: Chapter | None = None
        self._began: dict[str, str] = {}
        self._envs: dict[str, engine.Env] = {}
        self._again: list[Record] = []
        self._consents: dict[str, str] = {}

    def mentions(self, value: bytes | None) -> bool:
        """Whether a record of an input topic may be about the customer."""
        return value is not None and any(id_.encode() in value for id_ in self.ids)

    def tell(self, asked: Asked) -> None:
        """A condition was asked."""
        # The engine may ask again, to the same answer.
        if self._open is not None and asked not in self._open.asked:
            self._open.asked.append(asked)

    def say(self, record: Record) -> None:
        """Something was written the second time: only what is compared with what the workers wrote is kept."""
        if record.get("customer_id") in self.ids:
            self._again.append(record)

    def begin(self, event: Event | None, at: int, change: str | None = None) -> None:
        """What comes now is decided at this moment; ``change`` of the definitions has it done, if one has."""
        key = ("event", event.id) if event is not None else ("time", format_moment(at))
        chapter = self._chapters.get(key)
        if chapter is None:
            chapter = self._chapters[key] = Chapter(format_moment(at), _plain(event) if event is not None else None)
        chapter.change = change or chapter.change
        self._open = chapter

    def end(
        self, env: engine.Env, event: Event | None, record: engine.Record | None, at: int, *, duplicate: bool
    ) -> None:
        """It is decided; ``record`` is the customer's after it."""
        chapter, self._open = self._open, None
        if isinstance(record, Customer) and _is(record, self.ids):
            self._consents |= {
                name: f"{'yes' if said.given else 'no'} since {format_moment(said.at)}"
                for name, said in record.consents.items()
            }
        self._envs[env.version] = env
        for journey in env.current.values():
            self._began[journey.name] = entry_node(journey).title
        if chapter is None:
            return
        if event is None:
            chapter.not_entered += _refused_by_time(chapter)
            return
        if duplicate:
            moment = format_moment(at)
            self._chapters["again", f"{event.id} {moment}"] = Chapter(moment, _plain(event), _TWICE)
            return
        if at - event.timestamp > env.late_after_ms:
            chapter.note = f"it came {format_duration(at - event.timestamp)} late, so it begins nothing"
            chapter.not_entered += [NotEntered(journey.name, chapter.note) for journey in _begun_by(env, event)]
            return
        if isinstance(record, Customer) and _is(record, self.ids):
            chapter.not_entered += self._not_entered(env, event, record, at)
            told = {each.journey for each in chapter.not_entered}
            chapter.not_entered += [each for each in _refused_by_time(chapter) if each.journey not in told]

    def _not_entered(self, env: engine.Env, event: Event, record: Customer, at: int) -> Iterable[NotEntered]:
        entered = {
            line["journey"]
            for line in self._again
            if line["kind"] == "step"
            and line["happened"] in ("entered", "refused")
            and (line["trigger"] or {}).get("event_id") == event.id
        }
        for journey in _begun_by(env, event):
            if journey.name not in entered:
                reason = _SHUT.get(state_of(env, journey.name)) or why_not(env, journey, event, record, at)
                if reason is not None:
                    yield NotEntered(journey.name, reason)

    def story(self, facts: Sequence[Record]) -> Story:
        """The whole: what happened, as it was written, and why, as far as that could be found out."""
        by_key = self._keyed(facts)
        for key, records in by_key.items():
            chapter = self._chapters.get(key)
            if chapter is None:
                chapter = self._chapters[key] = _chapter_of(records)
            chapter.records = sorted(records, key=_order)
            told = {
                record["journey"]
                for record in records
                if record["kind"] == "step" and record["happened"] in ("entered", "refused")
            }
            chapter.not_entered = [each for each in chapter.not_entered if each.journey not in told]
        caveats = list(self.caveats)
        unexplained = _published(facts) - _published(self._again)
        if unexplained:
            caveats.append(
                f"{counted(len(unexplained), 'action')} could not be decided once more: older events are not on "
                "the topics any longer, or definitions have changed; of these the values are missing"
            )
        chapters = [each for each in self._chapters.values() if not each.empty or each.note]
        chapters.sort(key=lambda chapter: chapter.at)
        interrupted = frozenset(
            name for name in self._began if not all(_runs(env, name) for env in self._envs.values())
        )
        return Story(self.customer, self.ids, chapters, dict(self._began), caveats, self._consents, interrupted)

    def _keyed(self, facts: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
        """What was written, by what it was written for: an event, or a moment."""
        published = {record["action_id"]: _key(record) for record in facts if record.get("outcome") == "published"}
        moments = {chapter.at: key for key, chapter in self._chapters.items() if chapter.event is not None}
        by_key: dict[tuple[str, str], list[Record]] = defaultdict(list)
        whole = {_chosen_at(record): record for record in self._again if record["kind"] == "arbitration"}
        for record in facts:
            key = _key(record)
            if record["kind"] == "action":
                # It names the event that it is because of, be it published at once or by time.
                key = published.get(record["action_id"], key)
            elif record["kind"] == "identity":
                key = moments.get(record["at"], key)
            by_key[key].append(whole.get(_chosen_at(record), record) if record["kind"] == "arbitration" else record)
        return by_key


def _begun_by(env: engine.Env, event: Event) -> list[Journey]:
    """The journeys that begin on the event, be they open or not: those that run first."""
    closed = (journey for name, journey in env.current.items() if name in env.closed)
    return [
        *env.entries.get(event.name, ()),
        *env.entries.get(ANY, ()),
        *(journey for journey in closed if journey.entry.events & {event.name, ANY}),
    ]


def _runs(env: engine.Env, name: str) -> bool:
    return name in env.current and name not in env.closed


def state_of(env: engine.Env, name: str) -> str:
    """What a journey is if it does not simply run; empty if it does."""
    if name not in env.closed:
        return ""
    return "paused" if name in env.paused else "ended" if name in env.ended else "stopped"


def _refused_by_time(chapter: Chapter) -> list[NotEntered]:
    """Journeys that begin with a segment, a schedule, a date or the like, and whose condition did not hold then."""
    return [
        NotEntered(asked.journey, asked.explained.sentence())
        for asked in chapter.asked
        if asked.place == "entry if" and asked.explained.holds is not True
    ]


def why_not(env: engine.Env, journey: Journey, event: Event, record: Customer, at: int) -> str | None:
    """Why an event does not let a customer into a journey, as the engine says; None if it would."""
    copy = decode(encode(record))
    assert isinstance(copy, Customer)
    turn = Turn(env, copy, event, at)
    condition = journey.entry.condition
    if condition is not None and not turn.holds(condition, None)[0]:
        plain = condition.condition if isinstance(condition, Watched) else condition
        return explained(plain, turn.event_view(), turn.customer_view(), NOTHING).sentence()
    refusal = enter(turn, event, journey)
    if refusal is not None:
        return refusal
    return next((line["reason"] for line in turn.out.log if line.get("happened") == "refused"), None)


def _is(record: Customer, ids: Iterable[str]) -> bool:
    return record.key.removeprefix(USER).removeprefix(ANONYMOUS) in ids


def _plain(event: Event) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": event.name,
        "id": event.id,
        "timestamp": format_moment(event.timestamp),
        "properties": event.properties,
    }
    return plain | ({"traits": event.traits} if event.traits else {})


def _chapter_of(records: Sequence[Record]) -> Chapter:
    """A chapter of which only the records are left."""
    first = records[0]
    trigger = first.get("trigger")
    event = {"name": trigger["type"], "id": trigger["event_id"], "timestamp": trigger["timestamp"]} if trigger else None
    return Chapter(str(first.get("at") or first.get("decided_at")), event)


def _key(record: Record) -> tuple[str, str]:
    trigger = record.get("trigger") or {}
    at = record.get("at") or record.get("decided_at") or ""
    return ("event", trigger["event_id"]) if trigger.get("event_id") else ("time", at)


def _chosen_at(record: Record) -> tuple[Any, ...]:
    """What tells one choice from others, whoever wrote it down."""
    return _key(record), record["decided_at"], record["placement"], record["journey"], record["step"]


def _published(records: Iterable[Record]) -> set[str]:
    return {record["action_id"] for record in records if record.get("outcome") == "published"}


_TWICE: Final = "it came before and counts once"
_STEPS: Final = {"exited": 0, "waiting": 8, "ended": 9}
_SHUT: Final = {
    "paused": "the journey was paused",
    "stopped": "the journey was stopped",
    "ended": "the journey was stopped for all",
}
_KINDS: Final = {
    "identity": 0,
    "segment": 1,
    "goal": 1,
    "holdout": 2,
    "step": 3,
    "exposure": 4,
    "decision": 5,
    "action": 6,
    "cancel": 6,
}


def _order(record: Record) -> int:
    """Within one step of the engine: what leads to what."""
    kind = _KINDS.get(record["kind"], 7)
    return _STEPS.get(record["happened"], kind) if record["kind"] == "step" else kind
