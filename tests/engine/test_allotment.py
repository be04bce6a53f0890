"""The places of one channel or queue: never more than there are, by priority, whatever is asked and given back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine import Env, Home, Ledger, Pages, on_ask, on_release
from orchestrator.engine.allotment import PLACES_AT_ONCE
from orchestrator.engine.chunks import Chunks
from orchestrator.engine.hours import Hours
from orchestrator.engine.message import Bid, Full, GiveBack, Message, Place
from orchestrator.engine.policy import DEFAULT_POLICY
from orchestrator.engine.pool import POOL, Pool
from orchestrator.engine.window import Capacity, Per, Surplus, window_at

NOW = 1_767_603_600_000  # a full hour of UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SMS = Capacity("sms", Hours(), 60, Per.HOUR)


def rank(priority: float) -> list[float]:
    """Of what the policy puts first from 500 on, of all else below."""
    return [0 if priority >= 500 else len(DEFAULT_POLICY.first), -priority, 0]


class Desk:
    """One pool, at a moment that only the test moves."""

    def __init__(self, capacity: Capacity, now: int = NOW) -> None:
        self.now = now
        self.pool = Pool(POOL + capacity.name)
        self.given: list[tuple[int, Place]] = []
        self.refused: list[Full] = []
        self.rows: dict[bytes, bytes] = {}
        self._count = 0
        self.put(capacity)

    def put(self, *capacities: Capacity) -> None:
        """Puts capacities in force."""
        self.env = Env("1", {}, {}, 0, 0, 0, capacities={each.name: each for each in capacities})

    def ask(self, priority: float = 50, expires: int = 10 * DAY) -> str:
        self._count += 1
        id_ = f"{self._count:04}"
        self._send(Bid(self.pool.key, f"u:{id_}", id_, rank(priority), self.now, self.now + expires))
        return id_

    def back(self, id_: str, window: int | None = None, priority: float = 50, asked_at: int = NOW) -> None:
        self._send(GiveBack(self.pool.key, id_, rank(priority), asked_at, window))

    def advance_to(self, moment: int) -> None:
        while self.pool.next_due is not None and self.pool.next_due <= moment:
            self.now = max(self.now, self.pool.next_due)
            self._hear(on_release(self.env, self.pool, self.now, self._home()))
        self.now = moment

    @property
    def served(self) -> list[str]:
        return [place.action_id for _, place in self.given]

    def _send(self, message: Bid | GiveBack) -> None:
        self._hear(on_ask(self.env, self.pool, message, self.now, self._home()))

    def _home(self) -> Home:
        self.pages = Pages(self.rows.get)
        return Home(Ledger(), Chunks(), self.pages)

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, Place):
                self.given.append((self.now, message))
            elif isinstance(message, Full):
                self.refused.append(message)
        for key, value in self.pages.writes():
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value


def test_a_place_that_is_there_is_given_at_once() -> None:
    desk = Desk(SMS)
    first = desk.ask()
    assert desk.served == [first]
    assert desk.given[0][1].window == NOW
    assert desk.given[0][1].until == NOW + HOUR


def test_the_next_place_goes_to_the_highest_priority_then_to_who_asked_first() -> None:
    desk = Desk(SMS)
    desk.ask()
    low, other, high = desk.ask(10), desk.ask(10), desk.ask(900)
    desk.advance_to(NOW + MINUTE - 1)
    assert len(desk.served) == 1
    desk.advance_to(NOW + 3 * MINUTE)
    assert desk.served[1:] == [high, low, other]


def test_what_nobody_wanted_is_there_later_in_the_same_hour() -> None:
    desk = Desk(SMS)
    desk.advance_to(NOW + 30 * MINUTE)
    asked = [desk.ask() for _ in range(40)]
    assert desk.served == asked[:31]
    desk.advance_to(NOW + HOUR)
    assert len(desk.served) == 40


def test_nothing_is_taken_over_into_the_next_hour() -> None:
    desk = Desk(SMS)
    desk.advance_to(NOW + HOUR)
    for _ in range(10):
        desk.ask()
    assert len(desk.served) == 1


def test_a_place_that_comes_back_goes_to_the_next() -> None:
    desk = Desk(SMS)
    first, second = desk.ask(), desk.ask()
    desk.back(first, NOW)
    assert desk.served == [first, second]


def test_a_place_of_an_hour_that_is_over_is_not_given_again() -> None:
    desk = Desk(replace(SMS, most=1))
    first = desk.ask()
    desk.advance_to(NOW + HOUR)
    second = desk.ask()
    third = desk.ask()
    desk.back(first, NOW)
    assert desk.served == [first, second]
    assert third not in desk.served


def test_who_waits_no_more_is_passed_over() -> None:
    desk = Desk(SMS)
    desk.ask()
    second, third = desk.ask(), desk.ask()
    desk.back(second)
    desk.advance_to(NOW + MINUTE)
    assert desk.served[1:] == [third]


def test_who_has_expired_gets_no_place() -> None:
    desk = Desk(SMS)
    desk.ask()
    late, patient = desk.ask(expires=MINUTE), desk.ask()
    desk.advance_to(NOW + MINUTE)
    assert desk.served[1:] == [patient]
    assert late not in desk.served


def test_the_surplus_is_told_at_once_the_lowest_priority_first() -> None:
    desk = Desk(replace(SMS, most=3, surplus=Surplus.EXPIRE))
    desk.ask()
    low, middle = desk.ask(10), desk.ask(50)
    assert desk.refused == []
    desk.ask(900)
    assert [full.action_id for full in desk.refused] == [low]
    assert desk.refused[0].detail == "there is no place left: 3 an hour in sms"
    desk.advance_to(NOW + HOUR)
    assert middle in desk.served


def test_the_reserve_is_there_at_once_for_what_matters_more() -> None:
    desk = Desk(replace(SMS, reserve=2))
    desk.ask(10)
    low, high, higher = desk.ask(10), desk.ask(500), desk.ask(900)
    assert desk.served[1:] == [high, higher]
    desk.advance_to(NOW + 10 * MINUTE)
    assert low in desk.served


def test_the_reserve_is_for_all_in_the_last_slice() -> None:
    desk = Desk(replace(SMS, most=10, reserve=4))
    asked = [desk.ask(10) for _ in range(12)]
    desk.advance_to(NOW + 59 * MINUTE - 1)
    assert desk.served == asked[:6]
    desk.advance_to(NOW + 59 * MINUTE)
    assert desk.served == asked[:10]


def test_a_higher_capacity_counts_from_the_next_look() -> None:
    desk = Desk(replace(SMS, most=1))
    desk.ask()
    waiting = desk.ask()
    desk.put(replace(SMS, most=60))
    desk.advance_to(NOW + 10 * MINUTE)
    assert waiting in desk.served


def test_a_lower_capacity_gives_none_until_there_is_one() -> None:
    desk = Desk(replace(SMS, most=600))
    for _ in range(10):
        desk.ask()
    desk.put(replace(SMS, most=5))
    waiting = desk.ask()
    desk.advance_to(NOW + HOUR - 1)
    assert waiting not in desk.served
    desk.advance_to(NOW + HOUR)
    assert waiting in desk.served


def test_without_a_limit_all_who_waited_may_go() -> None:
    desk = Desk(replace(SMS, most=1))
    asked = [desk.ask() for _ in range(250)]
    desk.put()
    desk.advance_to(NOW + 10 * MINUTE)
    assert sorted(desk.served) == sorted(asked)
    assert desk.pool.next_due is None


def test_what_never_opens_again_refuses() -> None:
    desk = Desk(replace(SMS, most=1))
    desk.ask()
    waiting = desk.ask()
    desk.put(replace(SMS, hours=Hours("UTC", ((),) * 7)))
    desk.advance_to(NOW + HOUR)
    assert [(full.action_id, full.detail) for full in desk.refused] == [(waiting, "sms never opens again")]


def test_a_clock_that_is_set_back_gives_nothing_twice() -> None:
    desk = Desk(replace(SMS, most=1))
    desk.ask()
    desk.now = NOW - 1
    waiting = desk.ask()
    assert waiting not in desk.served
    desk.advance_to(NOW + HOUR)
    assert waiting in desk.served


def test_another_way_to_cut_the_time_forgets_nothing_that_was_given() -> None:
    desk = Desk(replace(SMS, most=600))
    for _ in range(5):
        desk.ask()
    desk.put(replace(SMS, most=60, per=Per.DAY))
    desk.ask()
    assert desk.pool.used == 6


def test_a_great_many_places_are_given_some_at_a_time() -> None:
    desk = Desk(replace(SMS, most=60))
    for _ in range(500):
        desk.ask()
    desk.put(replace(SMS, most=60_000))
    desk.advance_to(NOW + MINUTE - 1)
    assert len(desk.served) == 1
    desk.now = NOW + MINUTE
    desk.back("nobody")
    assert len(desk.served) == 1 + PLACES_AT_ONCE
    assert desk.pool.next_due == desk.now
    desk.advance_to(NOW + MINUTE)
    assert len(desk.served) == 500


DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from([0, 1, 500, 501])),
        st.tuples(st.just("wait"), st.integers(1, 2 * DAY)),
        st.tuples(st.just("leave"), st.integers(0, 1_000)),
        st.tuples(st.just("fail"), st.integers(0, 1_000)),
    ),
    max_size=120,
)
CAPACITIES = st.builds(
    Capacity,
    name=st.just("sms"),
    hours=st.sampled_from(
        [
            Hours(),
            Hours("Europe/Berlin", ((((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR))),) * 5 + ((), ())),
            Hours("Asia/Kolkata", (((0, DAY),),) * 7),
        ]
    ),
    most=st.integers(1, 7),
    per=st.sampled_from(Per),
    surplus=st.sampled_from([Surplus.WAIT, Surplus.EXPIRE]),
    reserve=st.integers(0, 7),
)


@given(capacity=CAPACITIES, doings=DOINGS, start=st.integers(NOW, NOW + 300 * DAY))
def test_no_window_gives_more_than_it_has(capacity: Capacity, doings: list[tuple[str, int]], start: int) -> None:
    assert capacity.most is not None
    desk = Desk(capacity, start)
    asked: dict[str, tuple[int, int]] = {}
    failed: Counter[int] = Counter()
    for what, number in doings:
        if what == "ask":
            asked[desk.ask(number, expires=DAY)] = number, desk.now
        elif what == "wait":
            desk.advance_to(desk.now + number)
        elif what == "leave" and asked:
            id_ = sorted(asked)[number % len(asked)]
            desk.back(id_, None, *asked[id_])
        elif desk.given and what == "fail":
            _, place = desk.given[number % len(desk.given)]
            if not failed[id(place)]:
                failed[id(place)] = 1
                failed[place.window] += place.window == desk.pool.window
                desk.back(place.action_id, place.window)
    for start_of, count in Counter(place.window for _, place in desk.given).items():
        assert count - failed[start_of] <= capacity.most
    for moment, place in desk.given:
        asked_at = asked[place.action_id][1]
        window = window_at(capacity, moment)
        assert window is not None
        assert window.start == place.window
        assert moment < place.until
        assert capacity.hours.opens(moment) == moment
        assert moment < asked_at + DAY
    assert len(set(desk.served)) == len(desk.served)


@given(
    priorities=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    most=st.integers(1, 20),
    waits=st.integers(0, 40 * MINUTE),
)
def test_of_two_who_wait_the_higher_priority_is_served_first(priorities: list[int], most: int, waits: int) -> None:
    desk = Desk(replace(SMS, most=most))
    desk.advance_to(NOW + waits)
    while not desk.pool.waiting:
        desk.ask(0)
    served_before = len(desk.served)
    by_id = {desk.ask(priority): (-priority, number) for number, priority in enumerate(priorities)}
    desk.advance_to(NOW + 100 * HOUR)
    later = [id_ for id_ in desk.served[served_before:] if id_ in by_id]
    assert later == sorted(by_id, key=by_id.__getitem__)
