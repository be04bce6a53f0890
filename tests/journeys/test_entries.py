"""Entries as they are written: each kind, and what is wrong with one, with its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.engine.entry import (
    AtPlace,
    Cap,
    Occasion,
    OnAbsence,
    OnBroadcast,
    OnDate,
    OnRequest,
    OnSchedule,
    OnSegment,
    Reentry,
    Whereabouts,
)
from orchestrator.engine.journey import Journey
from orchestrator.errors import DefinitionError
from orchestrator.journeys.compile import compile_journey
from orchestrator.journeys.load import validate
from orchestrator.journeys.occasions import bounds, entry_title
from orchestrator.journeys.pack import Pack
from orchestrator.testing.texts import pack_of

DAY = 86_400_000
SEGMENTS = "segments: {vip: {if: customer.known}}\n---\n"


def pack(entry: str, head: str = "") -> Pack:
    return pack_of(f"{SEGMENTS}journey: a\n{head}entry: {entry}\nsteps: [{{wait: 1 day}}]\n")


def compiled(entry: str, head: str = "") -> Journey:
    return compile_journey(pack(entry, head), "a")


KINDS = [
    ("{segment: {entered: vip}}", OnSegment("vip", True), "enters segment vip"),
    ("{segment: {left: vip}}", OnSegment("vip", False), "leaves segment vip"),
    ("{schedule: '0 9 * * mon'}", OnSchedule("0 9 * * mon"), "schedule 0 9 * * mon"),
    (
        "{absence: {of: [Order Completed, Order Refunded], for: 30 days}}",
        OnAbsence(frozenset(("Order Completed", "Order Refunded")), 30 * DAY),
        "no Order Completed or Order Refunded for 30 days",
    ),
    ("{date: customer.traits.birthday}", OnDate("birthday", 0, None, True, "feb 28"), "birthday, each year"),
    (
        "{date: {attribute: customer.traits.end, offset: -30 days, at: '09:00'}}",
        OnDate("end", -30, 9 * 3_600_000, False, "feb 28"),
        "30 days before end at 09:00",
    ),
    (
        "{date: {attribute: customer.traits.born, offset: 1 day, yearly: true, leap_day: mar 1}}",
        OnDate("born", 1, None, True, "mar 1"),
        "1 day after born, each year",
    ),
    (
        "{place: {latitude: 48.1, longitude: -11, radius_m: 500}}",
        AtPlace(48.1, -11, 500, Whereabouts.INSIDE, 0),
        "comes into 500 m around 48.1, -11",
    ),
    (
        "{place: {latitude: 48.1, longitude: 11.5, radius_m: 500, when: dwell, for: 10 minutes}}",
        AtPlace(48.1, 11.5, 500, Whereabouts.DWELL, 600_000),
        "stays in 500 m around 48.1, 11.5 for 10 minutes",
    ),
    ("{api: true}", OnRequest(), "on request"),
    (
        "{broadcast: {at: '2026-12-01T09:00', segment: vip, per_minute: 1000}}",
        OnBroadcast(datetime(2026, 12, 1, 9), None, "vip", 1000),  # noqa: DTZ001
        "broadcast to segment vip on 2026-12-01 09:00, 1000 a minute",
    ),
    (
        "{broadcast: {every: '0 9 1 * *'}}",
        OnBroadcast(None, "0 9 1 * *", None, None),
        "broadcast to all by 0 9 1 * *",
    ),
]


@pytest.mark.parametrize(("entry", "occasion", "title"), KINDS, ids=[title for _, _, title in KINDS])
def test_each_kind(entry: str, occasion: Occasion, title: str) -> None:
    journey = compiled(entry)
    assert journey.entry.occasion == occasion
    assert journey.entry.events == frozenset()
    assert entry_title(journey.entry) == title


@pytest.mark.parametrize("entry", [entry for entry, _, _ in KINDS], ids=[title for _, _, title in KINDS])
def test_a_pack_holds_them_all(entry: str) -> None:
    packed = pack(entry, "starts: 2026-01-01\nends: 2027-01-01T18:00:00Z\n")
    assert Pack.from_json(packed.to_json()).journeys == packed.journeys


def test_many_is_once_for_each_key() -> None:
    entry = compiled("{on: Product Added, key: event.properties.cart_id, reentry: many}").entry
    assert (entry.reentry, entry.reentry_ms) == (Reentry.AFTER_EXIT, 0)


@pytest.mark.parametrize(
    ("cap", "caps"),
    [
        ("{most: 5}", (Cap(5, False, None),)),
        ("{most_per_customer: 3, per: 30 days}", (Cap(3, True, 30 * DAY),)),
        ("[{most: 5, per: 1 day}, {most_per_customer: 1}]", (Cap(5, False, DAY), Cap(1, True, None))),
    ],
)
def test_caps(cap: str, caps: tuple[Cap, ...]) -> None:
    assert compiled(f"{{on: Product Added, cap: {cap}}}").entry.caps == caps


def test_when_it_is_open() -> None:
    entry = compiled("{on: Product Added, cap: {most: 5, per: 1 day}}", "starts: 2026-12-01\nends: 2026-12-24\n").entry
    assert (entry.starts, entry.ends) == (datetime(2026, 12, 1), datetime(2026, 12, 25))  # noqa: DTZ001
    assert list(bounds(entry)) == ["from 2026-12-01 00:00", "until 2026-12-25 00:00", "at most 5 in all within 1 day"]


def test_a_moment_with_an_offset() -> None:
    assert compiled("{on: Product Added}", "ends: 2026-12-24T18:00:00Z\n").entry.ends == datetime(
        2026, 12, 24, 18, tzinfo=UTC
    )


FORM = "write minute, hour, day, month and weekday, for example '0 9 * * mon'"
MOMENT = (
    "write a day such as 2026-12-01, a time such as 2026-12-01T09:00, or one with its offset such as "
    "2026-12-01T09:00:00Z"
)
WRONG = {
    "no kind": (
        "entry: {reentry: never}",
        "2: an entry needs one of on, segment, schedule, absence, date, place, api or broadcast",
    ),
    "two kinds": (
        "entry:\n  on: Product Added\n  api: true",
        "4: an entry is one of on and api, not both: make a journey of each",
    ),
    "a kind without a value": ("entry:\n  schedule:", "3: 'schedule' has no value"),
    "api: false": ("entry: {api: false}", "2: 'api' must be true, not false"),
    "a segment in no way": ("entry:\n  segment: {}", "3: write one of entered and left"),
    "a segment both ways": (
        "entry:\n  segment:\n    entered: vip\n    left: vip",
        "5: write one of entered and left, not both",
    ),
    "an unknown segment": (
        "entry:\n  segment: {entered: vpi}",
        "3: the segment 'vpi' is not in segments.yaml: did you mean 'vip'?",
    ),
    "an unknown segment of a broadcast": (
        "entry:\n  broadcast:\n    every: 0 9 1 * *\n    segment: all",
        "5: the segment 'all' is not in segments.yaml: there are vip",
    ),
    "no schedule": ("entry:\n  schedule: every monday", f"3: 'every monday' is no schedule: {FORM}"),
    "a schedule with seconds": ("entry:\n  schedule: 0 0 9 * * mon", f"3: '0 0 9 * * mon' is no schedule: {FORM}"),
    "a wrong hour": (
        "entry:\n  schedule: 0 25 * * *",
        f"3: '0 25 * * *' is no schedule, its hour '25' is wrong: {FORM}",
    ),
    "a wrong weekday": (
        "entry:\n  schedule: 0 9 * * mo",
        f"3: '0 9 * * mo' is no schedule, its weekday 'mo' is wrong: {FORM}",
    ),
    "a schedule that never fires": (
        "entry:\n  schedule: 0 0 30 2 *",
        "3: '0 0 30 2 *' never fires: no year has such a day",
    ),
    "a schedule that never fires while it is open": (
        "starts: 2026-03-01\nends: 2026-11-30\nentry:\n  schedule: 0 9 24 12 *",
        "5: '0 9 24 12 *' never fires between 2026-03-01 and 2026-11-30",
    ),
    "a broadcast that never fires while it is open": (
        "starts: 2026-03-01\nends: 2026-11-30\nentry:\n  broadcast:\n    every: 0 9 24 12 *",
        "6: '0 9 24 12 *' never fires between 2026-03-01 and 2026-11-30",
    ),
    "a broadcast before the start": (
        "starts: 2026-03-01\nentry:\n  broadcast:\n    at: 2026-02-01T09:00",
        "5: nobody could enter: it is before the journey starts, on 2026-03-01",
    ),
    "a broadcast after the end": (
        "ends: 2026-03-01\nentry:\n  broadcast:\n    at: 2026-03-02T09:00",
        "5: nobody could enter: it is when the journey has ended",
    ),
    "a broadcast at no moment": ("entry:\n  broadcast: {segment: vip}", "3: write one of at and every"),
    "a broadcast once and again": (
        "entry:\n  broadcast:\n    at: 2026-02-01\n    every: 0 9 1 * *",
        "5: write one of at and every, not both",
    ),
    "a rate of nobody": (
        "entry:\n  broadcast: {every: 0 9 1 * *, per_minute: 0}",
        "3: 'per_minute' must be at least 1, not the number 0",
    ),
    "no moment": (
        "starts: next week\nentry: {api: true}",
        f"2: 'next week' is no moment: {MOMENT}",
    ),
    "an end before the start": (
        "starts: 2026-12-01\nends: 2026-11-01\nentry: {api: true}",
        "3: nobody could enter: it ends before it starts, on 2026-12-01",
    ),
    "no trait": (
        "entry:\n  date: birthday",
        "3: 'birthday' is no trait: write it as customer.traits.birthday",
    ),
    "an undeclared trait": (
        "entry:\n  date: customer.traits.brithday",
        "3: the trait 'brithday' is not in traits.yaml, under 'given': did you mean 'birthday'?",
    ),
    "an offset of hours": (
        "entry:\n  date:\n    attribute: customer.traits.birthday\n    offset: -2 hours",
        "5: the offset of a date is of whole days: write the time of day as 'at'",
    ),
    "an unknown leap day": (
        "entry:\n  date: {attribute: customer.traits.birthday, leap_day: mar 2}",
        "3: 'leap_day' must be feb 28 or mar 1, not 'mar 2'",
    ),
    "dwelling for no time": (
        "entry:\n  place:\n    latitude: 1\n    longitude: 1\n    radius_m: 1\n    when: dwell",
        "7: dwell needs 'for': how long the customer stays, for example '10 minutes'",
    ),
    "coming in for a time": (
        "entry:\n  place:\n    latitude: 1\n    longitude: 1\n    radius_m: 1\n    for: 1 minute",
        "7: 'for' belongs to dwell, not to inside",
    ),
    "beyond the pole": (
        "entry:\n  place:\n    latitude: 91\n    longitude: 1\n    radius_m: 1",
        "4: 'latitude' must be at most 90, not the number 91",
    ),
    "a circle without an inside": (
        "entry:\n  place: {latitude: 1, longitude: 1, radius_m: 0}",
        "3: 'radius_m' must be more than 0, not the number 0",
    ),
    "many without a key": (
        "entry:\n  on: Product Added\n  reentry: many",
        "4: many at once are told apart by a key: write one, such as event.properties.cart_id",
    ),
    "a cap on nothing": ("entry:\n  api: true\n  cap: {per: 1 day}", "4: write one of most and most_per_customer"),
    "a cap of more than is kept": (
        "entry:\n  api: true\n  cap: {most_per_customer: 1000}",
        "4: 'most_per_customer' must be at most 100, not the number 1000",
    ),
    "an unknown event of an absence": (
        "entry:\n  absence: {of: Order Complete, for: 1 day}",
        "3: the event 'Order Complete' is unknown: did you mean 'Order Completed'? If not, declare it in events.yaml",
    ),
    "any event and another": (
        "entry:\n  absence: {of: ['*', Order Completed], for: 1 day}",
        "3: '*' is any event: name it alone, or name the others only",
    ),
    "a field that a schedule does not have": (
        "entry:\n  schedule: 0 9 * * mon\n  if: event.properties.total > 1",
        None,
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a project of one journey, and gives what is wrong in it."""

    def write(journey: str) -> list[str]:
        (tmp_path / "journeys").mkdir()
        (tmp_path / "segments.yaml").write_text("segments: {vip: {if: customer.known}}", "utf-8")
        (tmp_path / "traits.yaml").write_text("given: {birthday: date, total: number}", "utf-8")
        (tmp_path / "events.yaml").write_text("events: {Parcel Lost: {properties: {parcel: text}}}", "utf-8")
        (tmp_path / "journeys" / "a.yaml").write_text(f"journey: a\n{journey}\nsteps: [{{wait: 1 day}}]\n", "utf-8")
        try:
            validate(tmp_path)
        except DefinitionError as error:
            return [f"{problem.line}: {problem.message}" for problem in error.problems]
        return []

    return write


@pytest.mark.parametrize(("journey", "problem"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong(project: Callable[[str], list[str]], journey: str, problem: str | None) -> None:
    found = project(journey)
    assert len(found) == 1
    assert problem is None or found == [problem]
