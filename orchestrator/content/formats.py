"""Numbers, amounts and moments as people of a locale write them.

The locale and the time zone are the customer's, unless a filter names others. What is formatted often is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import dates, numbers
from jinja2 import pass_context, runtime

from orchestrator.content.locales import locale, wished
from orchestrator.durations import parse_duration
from orchestrator.engine.policy import Policy
from orchestrator.moments import to_datetime
from orchestrator.zones import first_zone, zone

FORMS: Final = "\x00forms"
"""Where a template's context has its ``Forms``; no template can write this name."""

_LENGTHS: Final = ("short", "medium", "long", "full")
_LONGEST_PATTERN: Final = 64
_MOST_DIGITS: Final = 30
_MOST_DECIMALS: Final = 10
_OTHER_FORM: Final = re.compile(r"%|^[A-Z][A-Za-z]+/|^UTC$")
"""What is meant for another function: a pattern of C, or a time zone."""
_SAID_AS_IT_IS: Final = re.compile(r"'[^']*'")
_MEANINGLESS: Final = frozenset("fijlnoprt")
"""Letters of no field of CLDR: a pattern with one of them is a word, such as 'lonng'."""
_SAMPLE: Final = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
_WIDE: Final = Context(prec=100)
_OF_DATE: Final = len("2026-01-31")


class Forms:
    """How one customer reads: worked out when a template asks for it. ``now`` is in UTC milliseconds."""

    __slots__ = ("_locale", "_reader", "_zone")

    def __init__(self, customer: Mapping[str, Any], policy: Policy, now: int, locale_name: str | None = None) -> None:
        self._reader = customer, policy, now
        self._locale = locale_name
        self._zone: ZoneInfo | None = None

    @property
    def locale(self) -> str:
        """The name of the locale, as Babel writes it."""
        if self._locale is None:
            customer, policy, _ = self._reader
            self._locale = locale_of(customer, policy)
        return self._locale

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        if self._zone is None:
            customer, policy, _ = self._reader
            self._zone = first_zone(_trait(customer, "timezone"), policy.timezone)
        return self._zone

    @property
    def now(self) -> datetime:
        """The moment of the decision."""
        return to_datetime(self._reader[2])


def locale_of(customer: Mapping[str, Any], policy: Policy) -> str:
    """The customer's locale, at least its language, else the policy's; as Babel writes it."""
    return str(wished(_trait(customer, "locale"), policy.locale))


def money(forms: Forms, value: Any, currency: str, *, locale: str | None = None) -> str:
    """An amount with its currency, and with the decimals that the currency has."""
    return _money(value, currency, forms.locale if locale is None else locale)


def number(forms: Forms, value: Any, decimals: int | None = None, *, locale: str | None = None) -> str:
    """A number, with so many decimals if given, else with those that it has, three at most."""
    return _number("number", value, decimals, forms.locale if locale is None else locale)


def percent(forms: Forms, value: Any, decimals: int = 0, *, locale: str | None = None) -> str:
    """A part of one as a percentage: ``0.15`` is 15 %."""
    return _number("percent", value, decimals, forms.locale if locale is None else locale)


def day(
    forms: Forms,
    value: Any,
    form: str = "medium",
    *,
    skeleton: str | None = None,
    timezone: str | None = None,
    locale: str | None = None,
) -> str:
    """The day of a moment in a time zone; a text without a time, such as a birthday, is that day everywhere."""
    found = _local(forms, value, timezone)
    if form == "iso" and skeleton is None:
        return found.strftime("%Y-%m-%d")
    try:
        if skeleton is not None:
            return _by_skeleton(found, skeleton, _locale(forms, locale))
        return dates.format_date(found, check_form(form), _locale(forms, locale))
    except AttributeError:
        raise ValueError(f"'{skeleton or form}' asks for a time of day: use the filter datetime") from None


def clock(
    forms: Forms, value: Any, form: str = "short", *, timezone: str | None = None, locale: str | None = None
) -> str:
    """The time of day of a moment in a time zone."""
    found = _with_time(forms, value, timezone)
    if form == "iso":
        return found.isoformat(timespec="minutes")[11:16]
    return dates.format_time(found, check_form(form), found.tzinfo, _locale(forms, locale))


def moment(
    forms: Forms,
    value: Any,
    form: str = "medium",
    *,
    skeleton: str | None = None,
    timezone: str | None = None,
    locale: str | None = None,
) -> str:
    """The day in a form and the time in hours and minutes, of a moment in a time zone."""
    found, reader = _with_time(forms, value, timezone), _locale(forms, locale)
    if skeleton is not None:
        return _by_skeleton(found, skeleton, reader)
    if form == "iso":
        return found.isoformat(timespec="seconds")
    checked = check_form(form)
    if checked not in _LENGTHS:
        return dates.format_datetime(found, checked, found.tzinfo, reader)
    both = str(dates.get_datetime_format(checked, reader)).replace("'", "")
    time = dates.format_time(found, "short", found.tzinfo, reader)
    return both.replace("{0}", time).replace("{1}", dates.format_date(found, checked, reader))


def relative(forms: Forms, value: Any, *, locale: str | None = None) -> str:
    """How far a moment is from now: ``in 3 days``, ``2 hours ago``."""
    return dates.format_timedelta(read_moment(value) - forms.now, add_direction=True, locale=_locale(forms, locale))


def plus(value: Any, duration: str) -> datetime:
    """The moment that is a duration such as ``2 hours`` later."""
    return read_moment(value) + timedelta(milliseconds=parse_duration(duration))


def read_moment(value: Any) -> datetime:
    """A moment, or its ISO 8601 text; without a time zone it is UTC. Raises ValueError for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value[:40]}' is no moment: it is written as 2026-01-31T09:30:00Z") from None
    if not isinstance(value, datetime):
        raise ValueError("a moment is needed, such as event.timestamp")
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _money(value: Any, currency: Any, name: Any) -> str:
    try:
        return _money_kept(value, currency, name)
    except TypeError:
        raise ValueError(_no_number("money", value)) from None


def _number(kind: str, value: Any, decimals: Any, name: Any) -> str:
    try:
        return _number_kept(kind, value, decimals, name)
    except TypeError:
        raise ValueError(_no_number(kind, value)) from None


# Typed: true is no 1.
@lru_cache(maxsize=16_384, typed=True)
def _money_kept(value: Any, currency: Any, name: Any) -> str:
    places = numbers.get_currency_precision(check_currency(currency))
    return numbers.format_currency(_rounded(_decimal("money", value), places), currency, locale=locale(name))


@lru_cache(maxsize=16_384, typed=True)
def _number_kept(kind: str, value: Any, decimals: Any, name: Any) -> str:
    found, amount = locale(name), _decimal(kind, value)
    usual = found.percent_formats[None] if kind == "percent" else found.decimal_formats[None]
    pattern = numbers.parse_pattern(usual.pattern)
    check_decimals(decimals)
    if decimals is not None:
        pattern.frac_prec = (decimals, decimals)
        amount = _rounded(amount, decimals + 2 if kind == "percent" else decimals)
    text: str = pattern.apply(amount, found)
    return text


def _rounded(amount: Decimal, places: int) -> Decimal:
    """As people round: a half away from zero."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)


def _decimal(filter_name: str, value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
        if not amount.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise ValueError(_no_number(filter_name, value)) from None
    if not -_MOST_DIGITS <= amount.adjusted() <= _MOST_DIGITS or len(amount.as_tuple().digits) > 2 * _MOST_DIGITS:
        raise ValueError(f"{filter_name} needs a number of at most {_MOST_DIGITS} digits")
    return amount


def _no_number(filter_name: str, value: Any) -> str:
    return f"{filter_name} needs a number, not '{str(value)[:40]}'"


def check_decimals(decimals: Any) -> Any:
    """The number of decimals, or None. Raises ValueError if there can't be so many."""
    if decimals is not None and not (isinstance(decimals, int) and 0 <= decimals <= _MOST_DECIMALS):
        raise ValueError(f"the decimals must be a whole number from 0 to {_MOST_DECIMALS}")
    return decimals


@lru_cache(maxsize=512)
def check_currency(code: Any) -> str:
    """The code of a currency. Raises ValueError if there is none of that code."""
    if not isinstance(code, str) or not numbers.is_currency(code):
        raise ValueError(f"'{str(code)[:40]}' is no currency: write its code, such as EUR")
    return code


@lru_cache(maxsize=512)
def check_form(form: Any) -> Any:
    """A length, ``iso``, or a pattern of CLDR such as ``d MMMM``. Raises ValueError if it is none of these."""
    if isinstance(form, str) and form in (*_LENGTHS, "iso"):
        return form
    try:
        if not isinstance(form, str) or not 0 < len(form) <= _LONGEST_PATTERN or _OTHER_FORM.search(form):
            raise ValueError
        letters = set(_SAID_AS_IT_IS.sub("", form))
        if "'" in letters or letters & _MEANINGLESS:
            raise ValueError
        dates.format_datetime(_SAMPLE, form, locale=locale("en"))
    except (ValueError, KeyError):
        shown = str(form)[:40]
        raise ValueError(
            f"'{shown}' is no form: write {', '.join(_LENGTHS)}, iso, or a pattern such as 'd MMMM y'; "
            "a time zone goes into timezone='Europe/Berlin'"
        ) from None
    return form


@lru_cache(maxsize=512)
def check_part(filter_name: str, form: Any) -> None:
    """Whether the filters date and time can show a form. Raises ValueError if it asks for the other part, or is none.

    Others can show both.
    """
    try:
        if check_form(form) == "iso":
            return
        if filter_name == "date":
            dates.format_date(_SAMPLE, form, locale("en"))
        elif filter_name == "time":
            dates.format_time(_SAMPLE, form, locale=locale("en"))
    except AttributeError:
        part = "time of day" if filter_name == "date" else "day"
        raise ValueError(f"'{form}' asks for a {part}: use the filter datetime") from None


def check_skeleton(skeleton: Any) -> Any:
    """The parts that a date shows, such as ``MMMMd``; each locale has its own order of them.

    Raises:
        ValueError: no locale knows these parts together.
    """
    known = locale("en").datetime_skeletons
    if not isinstance(skeleton, str) or dates.match_skeleton(skeleton[:_LONGEST_PATTERN], known) is None:
        raise ValueError(f"'{str(skeleton)[:40]}' is no skeleton of a date: write for example MMMMd, yMMMM or EEEEMMMd")
    return skeleton


def _by_skeleton(found: date, skeleton: str, reader: Any) -> str:
    try:
        zone_ = found.tzinfo if isinstance(found, datetime) else None
        return dates.format_skeleton(check_skeleton(skeleton), found, zone_, locale=reader)
    except KeyError:
        raise ValueError(f"the locale {reader} has no form for the skeleton '{skeleton}'") from None


def _with_time(forms: Forms, value: Any, timezone: str | None) -> datetime:
    found = _local(forms, value, timezone)
    if not isinstance(found, datetime):
        raise ValueError(f"'{str(value)[:40]}' has no time of day")
    return found


def _local(forms: Forms, value: Any, timezone: str | None) -> date:
    """The moment in a time zone; the day itself for a text without a time."""
    if isinstance(value, str) and len(value) == _OF_DATE:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is no day: it is written as 2026-01-31") from None
    try:
        return read_moment(value).astimezone(forms.zone if timezone is None else zone(str(timezone)))
    except OverflowError:
        raise ValueError(f"'{str(value)[:40]}' is out of the range of times") from None


def _locale(forms: Forms, name: str | None) -> Any:
    return locale(forms.locale if name is None else str(name))


def _trait(customer: Mapping[str, Any], name: str) -> Any:
    traits = customer.get("traits")
    return traits.get(name) if isinstance(traits, Mapping) else None


def _for_reader(function: Callable[..., str]) -> Callable[..., str]:
    """The function as a filter, which finds the reader in the template's context."""

    @pass_context
    def formatted(context: runtime.Context, value: Any, *arguments: Any, **named: Any) -> str:
        return function(context.parent[FORMS], value, *arguments, **named)

    formatted.__wrapped__ = function  # type: ignore[attr-defined]  # what it may be called with is the function's
    return formatted


FORMATS: Final[Mapping[str, Callable[..., str]]] = {
    "date": _for_reader(day),
    "datetime": _for_reader(moment),
    "money": _for_reader(money),
    "number": _for_reader(number),
    "percent": _for_reader(percent),
    "relative": _for_reader(relative),
    "time": _for_reader(clock),
}
"""The filters that depend on who reads."""

CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "currency": check_currency,
    "decimals": check_decimals,
    "form": check_form,
    "locale": locale,
    "skeleton": check_skeleton,
    "timezone": zone,
}
"""By the name of an argument of these filters: what raises ValueError if its value is none."""
