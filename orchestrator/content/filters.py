"""The filters of templates: those of Jinja2 that cannot grow without bound, and a few for messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any, Final

from jinja2 import Environment, Undefined, pass_environment
from jinja2 import filters as jinja
from markupsafe import Markup

from orchestrator.content.formats import FORMATS, plus
from orchestrator.content.links import check_link, encode_part, normal_part

LONGEST: Final = 256 * 1024
"""The most characters that a text may have while it is made."""
TOO_LONG: Final = f"it is longer than {LONGEST // 1024} KB"

_WIDE = re.compile(r"\*|\d{3}")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NO_CSS = re.compile(r"[^\w #%.,-]", re.ASCII)


def shown(value: Any) -> Any:
    """A value as text shows it: moments as ISO 8601, true and false as JSON has them, no control characters.

    Raises:
        ValueError: for what is no text, such as a list or a map.
    """
    if isinstance(value, str):
        return value if value.__class__ is not str or value.isprintable() else _INVISIBLE.sub("", value)
    if isinstance(value, Undefined):
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
    return check_link(_unescaped(value))


def link_part(value: Any) -> str:
    """A value within a link, encoded so that it stays within its part."""
    return encode_part(_unescaped(value))


def link_piece(value: Any) -> str:
    """What a macro made for a link: its marks stay, and what cannot stand in a link is encoded."""
    return normal_part(_unescaped(value))


def css_value(value: Any) -> str:
    """A value of CSS such as a colour or a size.

    Raises:
        ValueError: it holds more than letters, digits, blanks and ``#%.,-``.
    """
    text = str(shown(value))
    if _NO_CSS.search(text):
        raise ValueError(f"'{text[:40]}' cannot stand in a style: only letters, digits, blanks and #%.,- can")
    return text


def _unescaped(value: Any) -> str:
    return value.unescape() if isinstance(value, Markup) else str(shown(value))


def _parts(environment: Environment, values: Iterable[Any], attribute: str | None) -> Iterable[Any]:
    return values if attribute is None else map(jinja.make_attrgetter(environment, attribute), values)


def _of_known(function: Callable[..., Any]) -> Callable[..., Any]:
    """Jinja2 hands what is missing to filters; ours need not know of it."""

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, Undefined):
                str(argument)
        for argument in named.values():
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
    **FORMATS,
    "format": form,
    "join": join,
    "link": link,
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
