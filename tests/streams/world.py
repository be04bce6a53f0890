"""Journeys with all that a journey can do, and the events of a few people who go through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from hypothesis import strategies as st

from orchestrator.events.intake import Intake, Limits
from orchestrator.events.routing import key_of, topic_of
from orchestrator.journeys.applied import AppliedLimits
from orchestrator.journeys.compile import compile_env
from orchestrator.streams.homes import home
from orchestrator.testing.texts import pack_of

MINUTE: Final = 60_000
DAY: Final = 86_400_000
START: Final = 1_767_600_000_000

JOURNEYS: Final = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
  letter: {address: traits.email, consent: opt_out, content: {text: {}}}
---
action: hello
channel: note
content: {text: "hello {{ customer.traits.email | default('you') }}"}
---
action: answer
channel: note
purpose: service
content: {text: "{{ event.properties.minutes }}"}
---
action: letter
channel: letter
content: {text: letter}
---
journey: cart
priority: 80
entry: {on: Product Added, key: event.properties.cart, reentry: after 1 hour}
exit: [{on: Order Completed, if: event.properties.cart == journey.entry.properties.cart}]
steps:
  - wait: {absence: 30 minutes}
  - act: letter
  - {act: hello, delay: 10 minutes, if: "!has(customer.traits.silent)"}
  - wait: 1 hour
---
journey: call
entry: {on: Call Started}
steps:
  - act: answer
  - quiet: {for: 20 minutes}
  - wait:
      event: Call Ended
      if: event.properties.minutes > 5
      timeout: 15 minutes
      received: [{act: hello}]
      timed_out: [{branch: [{if: customer.known, steps: [{act: letter}]}, {steps: [{act: hello}]}]}]
---
journey: welcome
entry: {on: "*", reentry: never}
exit: [{on: Message Unsubscribed}]
steps: [{wait: 5 minutes}, {act: hello}, {wait: 2 hours}, {act: letter}]
---
journey: nurture
entry: {on: Product Added}
goal: [{on: Order Completed, within: 2 days, value: 1}]
holdout: 20
steps:
  - split:
      experiment: tone
      arms:
        - {arm: plain, weight: 50, control: true}
        - {arm: warm, weight: 50, steps: [{act: hello}, {join: welcome}]}
  - update: {traits: {cart: event.properties.cart}}
  - {wait: {until: "09:00"}, id: morning}
  - {act: letter, id: post}
  - wait: {opened: post, timeout: 1 day, received: [{goto: last}]}
  - branch: [{if: has(customer.traits.silent), steps: [{end: true}]}]
  - {act: hello, id: last}
"""
DERIVED: Final = """
---
computed:
  orders: {count: Order Completed, window: 1 hour, bucket: 5 minutes}
  carts: {distinct: Product Added, of: event.properties.cart, window: 90 minutes}
history: {keep: 4, for: 2 hours}
---
segments:
  buyers: {if: customer.computed.orders > 0}
  lookers: {if: "customer.computed.carts > 0 && !('buyers' in customer.segments)"}
---
journey: looking
entry: {on: Segment Entered, if: event.properties.segment == 'lookers'}
steps: [{wait: 10 minutes}, {act: hello}]
"""
PACK: Final = pack_of(JOURNEYS)
WHOLE_PACK: Final = pack_of(JOURNEYS + DERIVED)
LIMITS_IN_FORCE: Final = AppliedLimits(dedupe_count=64, dedupe_window_ms=7 * DAY, late_after_ms=DAY)
ENV: Final = compile_env(PACK, **LIMITS_IN_FORCE.model_dump())
WHOLE_ENV: Final = compile_env(WHOLE_PACK, **LIMITS_IN_FORCE.model_dump())
"""With traits, segments and a history too."""
LIMITS: Final = Limits(262_144, 365 * DAY, DAY, event_clock=True, strict={})
INTAKE: Final = Intake(LIMITS)

USERS: Final = ("ada", "bo")
VISITORS: Final = ("laptop", "tablet", "bo")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as a producer sends it."""

    topic: str
    key: bytes
    value: bytes
    timestamp: int

    def partition(self, partitions: int) -> int:
        """Where the default partitioner puts it."""
        return home(self.key.decode(), partitions)


_ALONE: Final = [*({"userId": user} for user in USERS), *({"anonymousId": visitor} for visitor in VISITORS)]
_TIED: Final = [{"userId": user, "anonymousId": visitor} for user in USERS for visitor in VISITORS]
_CARTS: Final = st.sampled_from(["c1", "c2"])


def _track(name: str, **properties: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    call = {"type": st.just("track"), "event": st.just(name), "properties": st.fixed_dictionaries(properties)}
    return st.fixed_dictionaries(call)


_CALLS: Final = st.one_of(
    _track("Product Added", cart=_CARTS),
    _track("Order Completed", cart=_CARTS),
    _track("Call Started", minutes=st.integers(1, 9)),
    _track("Call Ended", minutes=st.integers(1, 9)),
    _track("Consent Changed", channel=st.just("letter"), given=st.booleans()),
    _track("Message Unsubscribed"),
    st.just({"type": "page"}),
    st.sampled_from([{"email": "a@example.org"}, {"email": "b@example.org"}, {"email": None}, {"silent": True}]).map(
        lambda traits: {"type": "identify", "traits": traits}
    ),
)


@st.composite
def events(draw: st.DrawFn, most: int = 25, ties: bool = True, repeats: bool = True) -> list[Sent]:
    """Events in the order of their time stamps; now and then one is sent twice.

    Without ties nobody logs in: what becomes of a visitor does not depend on when a message arrives.
    """
    at = START
    sent: list[Sent] = []
    identities = st.sampled_from(_ALONE + _TIED if ties else _ALONE)
    drawn = draw(st.lists(st.tuples(_CALLS, identities, st.integers(1, 40)), min_size=4, max_size=most))
    for number, (call, identity, minutes) in enumerate(drawn):
        at += minutes * MINUTE
        again = repeats and number > 0 and draw(st.integers(0, 9)) == 0
        record = {**call, **identity, "messageId": f"m{number}", "timestamp": at}
        if again:
            record = orjson.loads(draw(st.sampled_from(sent)).value)
        sent.append(Sent(topic_of(record), key_of(record), orjson.dumps(record), at))
    return sent
