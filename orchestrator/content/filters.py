"""The filters of templates: those of Jinja2 that cannot grow without bound, and a few for messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, wraps
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment, Undefined, pass_environment
from jinja2 import filters as jinja

from orchestrator.content.links import check_link
from orchestrator.durations import parse_duration

LONGEST: Final = 256 * 1024
"""The most characters that a text may have while it is made."""
TOO_LONG: Final = f"it is longer than {LONGEST // 1024} KB"

_WIDE = re.compile(r"\*|\d{3}")
_NO_CENTS: Final = frozenset(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"))
_THREE_DECIMALS: Final = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def shown(value: Any) -> Any:
    """A value as text shows it: moments as ISO 8601, true and false as JSON has them.

    Raises:
        ValueError: for what is no text, such as a list or a map.
    """
    if isinstance(value, str | Undefined):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if value is None:
        raise ValueError("a value is null: give it a default")
    raise ValueError("a list or a map is no text: name a part of it, or use the filter join")


def money(value: Any, currency: Any) -> str:
    """An amount with the currency's decimals: ``1,234.50 EUR``."""
    places = 0 if currency in _NO_CENTS else 3 if currency in _THREE_DECIMALS else 2
    try:
        amount = Decimal(str(shown(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError(f"money needs a number, not '{str(value)[:40]}'") from None
    return f"{amount:,} {currency}"


def date(value: Any, timezone: str = "UTC", form: str = "%Y-%m-%d") -> str:
    """A moment, or its ISO 8601 text, in a time zone such as ``Europe/Berlin``."""
    return _moment(value).astimezone(_zone(timezone)).strftime(form)


def plus(value: Any, duration: str) -> datetime:
    """The moment that is a duration such as ``2 hours`` later."""
    return _moment(value) + timedelta(milliseconds=parse_duration(duration))


@pass_environment
def join(environment: Environment, values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """The values as one text, or one attribute of each."""
    texts, size = [], 0
    for value in _parts(environment, values, attribute):
        texts.append(str(shown(value)))
        size += len(texts[-1]) + len(separator)
        if size > LONGEST:
            raise ValueError(TOO_LONG)
    return separator.join(texts)


@pass_environment
def total(environment: Environment, values: Iterable[Any], attribute: str | None = None) -> Any:
    """The sum of numbers, or of one attribute of each value."""
    numbers = list(_parts(environment, values, attribute))
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("sum needs numbers")
    return sum(numbers)


def string(value: Any) -> str:
    """The value as text."""
    return str(shown(value))


def replace(value: Any, old: str, new: str) -> str:
    """The text with every ``old`` replaced."""
    text = str(shown(value))
    if len(text) + text.count(old) * len(new) > LONGEST:
        raise ValueError(TOO_LONG)
    return text.replace(old, new)


def form(pattern: Any, *values: Any) -> str:
    """Python's ``%`` formatting: ``'%.2f' | format(price)``."""
    if not isinstance(pattern, str) or _WIDE.search(pattern):
        raise ValueError("format needs a text such as '%.2f', with widths below 100")
    return pattern % tuple(map(shown, values))


def rounded(value: Any, precision: int = 0) -> float:
    """The number with so many decimals."""
    if not 0 <= precision <= 10:
        raise ValueError("round needs a precision from 0 to 10")
    return round(float(value), precision)


def link(value: Any) -> str:
    """The text, if it is a link that is safe to follow."""
    return check_link(str(shown(value)))


def _parts(environment: Environment, values: Iterable[Any], attribute: str | None) -> Iterable[Any]:
    return values if attribute is None else map(jinja.make_attrgetter(environment, attribute), values)


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise ValueError("a moment is needed, such as event.timestamp")
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name[:40]}' is no time zone") from None


def _of_known(function: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja2 hands what is missing to filters; ours need not know of it."""

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for argument in (*arguments, *named.values()):
            if isinstance(argument, Undefined):
                str(argument)
        return function(*arguments, **named)

    return checked


def _of_text(function: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja2 would write a list or a map as Python does."""
    at = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        return function(*arguments[:at], shown(arguments[at]), *arguments[at + 1 :], **named)

    return checked


_OWN: Final[Mapping[str, Callable[..., Any]]] = {
    "date": date,
    "format": form,
    "join": join,
    "link": link,
    "money": money,
    "plus": plus,
    "replace": replace,
    "round": rounded,
    "string": string,
    "sum": total,
}
_OF_VALUES: Final = (
    "abs count d default dictsort first float int items last length list map max min reject rejectattr reverse select "
    "selectattr sort unique urlencode"
)
_OF_TEXTS: Final = "capitalize lower striptags title trim truncate upper wordcount"

FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: jinja.FILTERS[name] for name in _OF_VALUES.split()},
    **{name: _of_text(jinja.FILTERS[name]) for name in _OF_TEXTS.split()},
    **{name: _of_known(function) for name, function in _OWN.items()},
}
"""What a template may call."""
