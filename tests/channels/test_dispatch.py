"""The order in which actions go, their retries, expiry and cancels."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.channels.backoff import Backoff
from orchestrator.channels.breaker import Breaker, State
from orchestrator.channels.dispatch import Dispatch, Held
from orchestrator.channels.ending import Ending, Fate
from orchestrator.channels.outcome import Accepted, Bounced, Later, Outcome, Refused
from orchestrator.channels.pace import Pace
from tests.channels.saying import HOUR, NOW, action_id, held

LATER = Later("503")


def dispatch(
    concurrency: int = 10, backoff: Backoff | None = None, breaker: Breaker | None = None, pace: Pace | None = None
) -> Dispatch:
    return Dispatch(
        concurrency, backoff or Backoff(1_000, 60_000, 5), breaker or Breaker(failures=1_000), pace or Pace()
    )


def going(desk: Dispatch, now: int = NOW) -> list[Held]:
    """What goes now; nothing may end by itself."""
    turn = desk.turn(now)
    assert turn.ended == []
    return turn.send


def fate(ending: Ending | None) -> Fate | None:
    return ending.fate if ending is not None else None


def test_customers_go_side_by_side_and_one_customers_actions_one_after_the_other() -> None:
    desk = dispatch()
    first, second, other = held("first", "ada"), held("second", "ada"), held("other", "bob")
    for each in (first, second, other):
        desk.add(each)
    assert going(desk) == [first, other]
    assert going(desk) == []
    assert fate(desk.finish(first, Accepted(), NOW, 0)) is Fate.SENT
    assert going(desk) == [second]


def test_while_one_waits_for_its_retry_only_its_own_customer_waits() -> None:
    desk = dispatch()
    for each in (first := held("first", "ada"), second := held("second", "ada")):
        desk.add(each)
    going(desk)
    assert desk.finish(first, LATER, NOW, 1.0) is None
    desk.add(other := held("other", "bob"))
    assert going(desk) == [other]
    assert desk.next_at() == NOW + 1_000
    assert going(desk, NOW + 999) == []
    assert going(desk, NOW + 1_000) == [first]
    desk.finish(first, Accepted(), NOW + 1_000, 0)
    assert going(desk, NOW + 1_000) == [second]


def test_no_more_than_the_bound_go_at_once_and_what_matters_more_goes_first() -> None:
    desk = dispatch(concurrency=2)
    low, older, newer, urgent = (
        held(name, name, priority=priority) for name, priority in [("a", 1), ("b", 5), ("c", 5), ("d", 900)]
    )
    for each in (low, older, newer, urgent):
        desk.add(each)
    assert going(desk) == [urgent, older]
    desk.finish(urgent, Accepted(), NOW, 0)
    assert going(desk) == [newer]


def test_the_rate_holds_them_back() -> None:
    desk = dispatch(pace=Pace(per_second=1))
    for name in "abc":
        desk.add(held(name, name))
    assert len(going(desk)) == 1
    assert going(desk) == []
    at = desk.next_at()
    assert at is not None
    assert len(going(desk, at)) == 1


def test_an_expired_action_is_never_sent() -> None:
    desk = dispatch()
    desk.add(late := held("late", expires=NOW))
    turn = desk.turn(NOW)
    assert turn.send == []
    ((ended, ending),) = turn.ended
    assert (ended, ending.fate) == (late, Fate.EXPIRED)
    assert len(desk) == 0


def test_one_that_expires_behind_another_ends_in_time() -> None:
    desk = dispatch()
    for each in (first := held("first"), second := held("second", expires=NOW + 500), third := held("third")):
        desk.add(each)
    going(desk)
    desk.finish(first, LATER, NOW, 1.0)
    assert desk.next_at() == NOW + 500
    assert [each for each, _ in desk.turn(NOW + 500).ended] == [second]
    assert going(desk, NOW + 1_000) == [first]
    desk.finish(first, Accepted(), NOW + 1_000, 0)
    assert going(desk, NOW + 1_000) == [third]


def test_one_that_expires_while_it_is_sent_is_sent_if_the_provider_takes_it() -> None:
    desk = dispatch()
    desk.add(one := held(expires=NOW + 100))
    going(desk)
    assert desk.turn(NOW + 200).ended == []
    assert fate(desk.finish(one, Accepted(), NOW + 200, 0)) is Fate.SENT


def test_and_has_expired_if_not() -> None:
    desk = dispatch()
    desk.add(one := held(expires=NOW + 100))
    going(desk)
    desk.turn(NOW + 200)
    assert fate(desk.finish(one, LATER, NOW + 200, 0)) is Fate.EXPIRED


def test_a_retry_after_the_expiry_is_no_retry() -> None:
    desk = dispatch()
    desk.add(one := held(expires=NOW + 1_000))
    going(desk)
    ending = desk.finish(one, LATER, NOW, 1.0)
    assert ending is not None
    assert ending.fate is Fate.GAVE_UP
    assert "it expires before the next try; the last one: 503" in ending.detail


def test_a_wait_that_the_provider_asks_for_counts_too() -> None:
    desk = dispatch()
    desk.add(one := held(expires=NOW + HOUR))
    going(desk)
    assert desk.finish(one, Later("429", after_ms=60_000), NOW, 0) is None
    assert desk.next_at() == NOW + 60_000


def test_after_the_last_try_it_is_given_up() -> None:
    desk = dispatch(backoff=Backoff(1, 1, tries=3))
    desk.add(one := held())
    for number in range(2):
        assert going(desk, NOW + number) == [one]
        assert desk.finish(one, LATER, NOW + number, 1.0) is None
    going(desk, NOW + 3)
    ending = desk.finish(one, LATER, NOW + 3, 1.0)
    assert ending == Ending(Fate.GAVE_UP, NOW + 3, "tried 3 times; the last try: 503")


def test_giving_up_on_a_full_mailbox_is_a_soft_bounce() -> None:
    desk = dispatch(backoff=Backoff(tries=1))
    desk.add(one := held())
    going(desk)
    ending = desk.finish(one, Later("452 full", of_recipient=True), NOW, 0)
    assert ending is not None
    assert (ending.fate, ending.bounce) == (Fate.GAVE_UP, "soft")


def test_what_is_final_is_not_tried_again() -> None:
    desk = dispatch()
    cases: list[tuple[str, Outcome, Fate]] = [
        ("bounced", Bounced("hard", "550"), Fate.BOUNCED),
        ("refused", Refused("400"), Fate.REFUSED),
    ]
    for name, outcome, wanted in cases:
        desk.add(one := held(name))
        going(desk)
        assert fate(desk.finish(one, outcome, NOW, 0)) is wanted
    assert (len(desk), desk.next_at()) == (0, None)


def test_a_cancel_drops_what_waits_wherever_it_stands() -> None:
    desk = dispatch()
    for each in (first := held("first"), second := held("second"), third := held("third")):
        desk.add(each)
    going(desk)
    assert desk.cancel(action_id("second"), "no more", NOW) == (second, Ending(Fate.CANCELLED, NOW, "no more"))
    assert desk.finish(first, LATER, NOW, 1.0) is None
    assert desk.cancel(action_id("first"), "no more", NOW) is not None
    assert going(desk) == [third]


def test_a_cancel_while_it_is_sent_ends_it_only_if_that_fails() -> None:
    cases: list[tuple[Outcome, Fate]] = [(LATER, Fate.CANCELLED), (Accepted(), Fate.SENT)]
    for outcome, wanted in cases:
        desk = dispatch()
        desk.add(one := held())
        going(desk)
        assert desk.cancel(action_id("hello"), "no more", NOW) is None
        assert fate(desk.finish(one, outcome, NOW, 0)) is wanted


def test_while_the_breaker_is_open_nothing_goes_and_what_expires_ends() -> None:
    desk = dispatch(breaker=Breaker(failures=1, window_ms=1_000, pause_ms=30_000))
    desk.add(one := held("one", "ada"))
    desk.add(held("short", "bob", expires=NOW + 10_000))
    desk.add(held("long", "cid"))
    sent = going(desk)
    assert desk.finish(one, LATER, NOW, 1.0) is None
    assert desk.breaker.state is State.OPEN
    for each in sent:
        if each is not one:
            desk.finish(each, LATER, NOW, 1.0)
    assert [fate(ending) for _, ending in desk.turn(NOW + 10_000).ended] == [Fate.EXPIRED]
    assert desk.next_at() == NOW + 30_000
    probe = going(desk, NOW + 30_000)
    assert len(probe) == 1
    desk.finish(probe[0], Accepted(), NOW + 30_000, 0)
    assert len(going(desk, NOW + 30_000)) == 1


def test_a_full_mailbox_opens_no_breaker() -> None:
    desk = dispatch(breaker=Breaker(failures=1))
    desk.add(one := held())
    going(desk)
    desk.finish(one, Later("452 full", of_recipient=True), NOW, 0)
    assert desk.breaker.state is State.CLOSED


def test_of_partitions_that_go_elsewhere_only_what_is_being_sent_stays_to_the_end_of_its_try() -> None:
    desk = dispatch()
    for each in (sent := held("sent", "ada"), failed := held("failed", "bob"), held("behind", "bob")):
        desk.add(each)
    going(desk)
    desk.revoke(lambda _: True)
    assert len(desk) == 2
    assert fate(desk.finish(sent, Accepted(), NOW, 0)) is Fate.SENT
    assert desk.finish(failed, LATER, NOW, 0) is None
    assert (len(desk), desk.next_at()) == (0, None)


def test_one_whose_partition_came_back_while_it_was_sent_is_ours_again() -> None:
    desk = dispatch()
    desk.add(one := held())
    going(desk)
    desk.revoke(lambda _: True)
    again = held()
    assert desk.add(again)
    assert not desk.add(held()), "that one is in hand"
    assert desk.finish(one, LATER, NOW, 1.0) is None
    assert going(desk, NOW + 1_000) == [one]
    assert one.progress is again.progress


OUTCOMES: list[Outcome] = [Accepted(), LATER, Later("full", of_recipient=True), Refused("no"), Bounced("hard", "no")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "finish", "cancel", "turn"]),
        st.integers(0, 2_000),
        st.integers(0, 3),
        st.sampled_from(OUTCOMES),
    ),
    max_size=120,
)


class Run:
    """A dispatch that is driven at will; what must always hold is checked at each step."""

    def __init__(self) -> None:
        self.desk = dispatch(3, Backoff(500, 4_000, 3), Breaker(4, 5_000, 3_000), Pace(20))
        self.now = NOW
        self.under_way: list[Held] = []
        self.added: list[Held] = []
        self.ended: list[Held] = []
        self.started: dict[str, list[int]] = defaultdict(list)

    def turn(self) -> None:
        found = self.desk.turn(self.now)
        self.ended += [each for each, _ in found.ended]
        for each in found.send:
            assert each.action.expires_at_ms > self.now
            assert each not in self.ended
            assert all(other.action.customer_id != each.action.customer_id for other in self.under_way)
            self.started[each.action.customer_id].append(self.added.index(each))
            self.under_way.append(each)
        assert len(self.under_way) <= 3

    def add(self, number: int) -> None:
        self.added.append(held(f"{len(self.added)}", f"customer-{number}", expires=self.now + 5_000))
        self.desk.add(self.added[-1])

    def finish(self, number: int, outcome: Outcome) -> None:
        if self.under_way:
            each = self.under_way.pop(number % len(self.under_way))
            if self.desk.finish(each, outcome, self.now, 0.5) is not None:
                self.ended.append(each)

    def cancel(self, number: int) -> None:
        waiting = [each.action.action_id for each in self.added if each.action.action_id in self.desk]
        if waiting:
            dropped = self.desk.cancel(waiting[number % len(waiting)], "no", self.now)
            self.ended += [dropped[0]] if dropped is not None else []

    def to_the_end(self) -> None:
        """Everything fails until all is over."""
        while len(self.desk):
            while self.under_way:
                self.finish(0, LATER)
            at = self.desk.next_at()
            assert at is not None or not len(self.desk)
            self.now = max(self.now, at or 0)
            self.turn()


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_happens_each_action_ends_once_in_its_customers_order(
    steps: list[tuple[str, int, int, Outcome]],
) -> None:
    run = Run()
    for what, passed, number, outcome in steps:
        run.now += passed
        match what:
            case "add":
                run.add(number)
            case "finish":
                run.finish(number, outcome)
            case "cancel":
                run.cancel(number)
        run.turn()
    run.to_the_end()

    assert sorted(map(id, run.ended)) == sorted(map(id, run.added))
    for order in run.started.values():
        assert order == sorted(order)
