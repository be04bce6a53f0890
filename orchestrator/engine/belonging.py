"""Who would belong to segments if they were in force: asked of a record and the history beside it, changing neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from orchestrator.engine import history, segments, traits
from orchestrator.engine.audience import EVERYTHING, Audience, Trait, own_state
from orchestrator.engine.chunks import Chunks
from orchestrator.engine.customer import Customer
from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env
from orchestrator.engine.turn import Turn

_SEGMENT = "segments."


class Belonging:
    """Judges customers one by one. ``segments`` are those that are asked, ``traits`` those that they look at.

    Args:
        env: the definitions that the segments are of; customers may be of older ones.
        names: the segments that are asked, with those that they name themselves.
    """

    def __init__(self, env: Env, names: Iterable[str]) -> None:
        audience = env.audience
        asked = _asked(audience, names)
        self.segments = frozenset(asked)
        self.traits = _traits_read(audience, asked)
        self._env = replace(env, audience=replace(audience, segments={name: audience.segments[name] for name in asked}))

    def asks_history(self, customer: Customer) -> bool:
        """Whether traits have to be computed of the customer's history first."""
        return bool(customer.history) and any(
            own_state(trait, customer.computed.get(trait.name)) is None for trait in self.traits
        )

    def judged(self, customer: Customer, now: int, chunk: Callable[[bytes], bytes | None]) -> Turn:
        """The customer as of a moment (UTC ms), with the ``segments`` that they would be in; the record is used up.

        Args:
            chunk: gives the chunks of the history by their keys.
        """
        turn = Turn(self._env, customer, None, now, Home(chunks=Chunks(chunk)))
        customer.segments = [name for name in customer.segments if name not in self._env.audience.segments]
        if self.asks_history(customer):
            self._compute(turn)
        turn.changed.add(EVERYTHING)
        segments.update(turn)
        return turn

    def _compute(self, turn: Turn) -> None:
        computed, events = turn.customer.computed, history.events(turn)
        for trait in self.traits:
            if own_state(trait, computed.get(trait.name)) is None:
                state = traits.recomputed(trait, events, turn.now)
                if state is not None:
                    computed[trait.name] = [trait.version, state]


def _asked(audience: Audience, names: Iterable[str]) -> list[str]:
    """The segments and those that they name, in the order in which they are asked."""
    wanted = set(names)
    for each in reversed(audience.ordered):
        if each.name in wanted:
            wanted |= {part.removeprefix(_SEGMENT) for part in each.reads if part.startswith(_SEGMENT)}
    return [each.name for each in audience.ordered if each.name in wanted]


def _traits_read(audience: Audience, asked: Iterable[str]) -> tuple[Trait, ...]:
    parts = {part for name in asked for part in audience.segments[name].reads}
    everything = not parts.isdisjoint({EVERYTHING, f"computed.{EVERYTHING}"})
    return tuple(trait for trait in audience.traits.values() if everything or f"computed.{trait.name}" in parts)
