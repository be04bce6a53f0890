"""What compiled conditions call: CEL's operators and functions over plain Python values.

The rule of this file: an overload is chosen by exact class, so that Python's own kindness (``True == 1``, ``"a" in
"abc"``, ``x[-1]``) never shows. What has no overload in CEL is ``Unmet``.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]

from orchestrator.errors import Unmet

_INT_MIN, _INT_MAX, _UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Uint(int):
    """CEL's unsigned integer: compares as any number, but is added only to its like."""

    __slots__ = ()


class CelType:
    """A CEL type as a value, such as the ``int`` in ``type(x) == int``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


_KINDS: dict[type, str] = {
    int: "int",
    Uint: "uint",
    float: "double",
    bool: "bool",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    type(None): "null_type",
    datetime: "google.protobuf.Timestamp",
    timedelta: "google.protobuf.Duration",
    CelType: "type",
}
TYPES = {name: CelType(name) for name in _KINDS.values()}
_NUMBERS: frozenset[type] = frozenset({int, Uint, float})
_PLAIN = _NUMBERS | {str, bytes}
_ORDERED = frozenset({str, bytes, bool, timedelta})
_JOINED = frozenset({str, bytes, list})
_KEYS = frozenset({str, int, Uint, bool})


def _kind(value: Any) -> str:
    known = _KINDS.get(value.__class__)
    if known is not None:
        return known
    if isinstance(value, Mapping):
        return "map"
    if isinstance(value, datetime):
        return "google.protobuf.Timestamp"
    raise Unmet(f"a value of the Python class {value.__class__.__name__} has no CEL type")


def _a(value: Any) -> str:
    """The type of a value with its article, for messages."""
    kind = _kind(value).removeprefix("google.protobuf.").lower()
    return "null" if value is None else f"{'an' if kind == 'int' else 'a'} {kind}"


def _need(kind: type, *values: Any) -> None:
    for value in values:
        if value.__class__ is not kind:
            raise Unmet(f"a {_KINDS[kind]} is needed, not {_a(value)}")


def truth(value: Any) -> bool:
    """The value itself when it is a bool."""
    if value is True or value is False:
        return value
    raise Unmet(f"true or false is needed, not {_a(value)}")


def decided(decisive: bool, outcomes: Iterable[Callable[[], Any]]) -> bool:
    """``&&`` (decisive is False) or ``||`` (True): one decisive outcome makes every failure beside it irrelevant."""
    failure: Exception | None = None
    for outcome in outcomes:
        try:
            if truth(outcome()) is decisive:
                return decisive
        except Exception as error:  # noqa: BLE001 - absorbing every failure is what the operators do
            failure = failure or error
    if failure is None:
        return not decisive
    try:
        raise failure
    finally:
        del failure  # or it and this frame hold each other, garbage for each missing field


def _elements(range_: Any) -> Iterable[Any]:
    if range_.__class__ is list or isinstance(range_, Mapping):
        return range_
    raise Unmet(f"a list or a map is needed, not {_a(range_)}")


def all_of(range_: Any, holds: Callable[[Any], Any]) -> bool:
    """``range.all(x, p)``."""
    return decided(False, (functools.partial(holds, item) for item in _elements(range_)))


def any_of(range_: Any, holds: Callable[[Any], Any]) -> bool:
    """``range.exists(x, p)``."""
    return decided(True, (functools.partial(holds, item) for item in _elements(range_)))


def one_of(range_: Any, holds: Callable[[Any], Any]) -> bool:
    """``range.exists_one(x, p)``: any failure fails it, as it has no decisive outcome."""
    return len(filtered(range_, holds)) == 1


def filtered(range_: Any, holds: Callable[[Any], Any]) -> list[Any]:
    """``range.filter(x, p)``."""
    return [item for item in _elements(range_) if truth(holds(item))]


def mapped(range_: Any, transform: Callable[[Any], Any]) -> list[Any]:
    """``range.map(x, t)``."""
    return [transform(item) for item in _elements(range_)]


def mapped_where(range_: Any, holds: Callable[[Any], Any], transform: Callable[[Any], Any]) -> list[Any]:
    """``range.map(x, p, t)``."""
    return [transform(item) for item in _elements(range_) if truth(holds(item))]


def equal(left: Any, right: Any) -> bool:
    """``left == right``: numbers are on one line, all other types are never equal across, whatever the depth."""
    kind, other = left.__class__, right.__class__
    if kind is bool or other is bool:
        return left is right
    if kind in _PLAIN or other in _PLAIN:
        return bool(left == right)
    if kind is list and other is list:
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(_has(right, key) and equal(left[key], right[key]) for key in left)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _utc(left) == _utc(right)
    return bool(left == right)


def less(left: Any, right: Any) -> bool:
    """``left < right``, and with the sides changed ``>``."""
    left, right = _ordered(left, right)
    return bool(left < right)


def at_most(left: Any, right: Any) -> bool:
    """``left <= right``, and with the sides changed ``>=``."""
    left, right = _ordered(left, right)
    return bool(left <= right)


def _ordered(left: Any, right: Any) -> tuple[Any, Any]:
    kind, other = left.__class__, right.__class__
    if (kind in _NUMBERS and other in _NUMBERS) or (kind is other and kind in _ORDERED):
        return left, right
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _utc(left), _utc(right)
    raise Unmet(f"{_a(left)} cannot be compared with {_a(right)}")


def _has(mapping: Mapping[Any, Any], key: Any) -> bool:
    if key.__class__ is str:
        return key in mapping
    if key.__class__ not in _KEYS and key.__class__ is not float:
        raise Unmet(f"{_a(key)} cannot be a key of a map")
    # Python takes True for 1, so a hit counts only when a key is found that is equal in CEL.
    return key in mapping and any(equal(key, stored) for stored in mapping)


def has(owner: Any, field: str) -> bool:
    """``has(owner.field)``."""
    if isinstance(owner, Mapping):
        return field in owner
    raise Unmet(f"a map is needed, not {_a(owner)}")


def contained(value: Any, container: Any) -> bool:
    """``value in container``."""
    if container.__class__ is list:
        if value.__class__ is str:
            return value in container
        return any(equal(value, item) for item in container)
    if isinstance(container, Mapping):
        return _has(container, value)
    raise Unmet(f"a list or a map is needed, not {_a(container)}")


def index(container: Any, key: Any) -> Any:
    """``container[key]``."""
    if container.__class__ is list:
        return _item(container, key)
    if not isinstance(container, Mapping):
        raise Unmet(f"a list or a map is needed, not {_a(container)}")
    if key.__class__ is not str and not _has(container, key):
        raise Unmet(f"the map has no key {key!r}")
    try:
        return container[key]
    except KeyError:
        raise Unmet(f"the map has no key {key!r}") from None


def _item(items: list[Any], position: Any) -> Any:
    kind = position.__class__
    if kind not in _NUMBERS or position % 1 != 0:
        raise Unmet(f"a position in a list is an int, not {_a(position)}")
    if 0 <= position < len(items):
        return items[int(position)]
    raise Unmet(f"the list has {len(items)} items and none at position {position}")


def new_map(*entries: tuple[Any, Any]) -> dict[Any, Any]:
    """A map literal whose keys are known only now."""
    made: dict[Any, Any] = {}
    for key, value in entries:
        if key.__class__ not in _KEYS:
            raise Unmet(f"{_a(key)} cannot be a key of a map")
        if key in made:
            raise Unmet(f"the map has the key {key!r} twice")
        made[key] = value
    return made


def size(value: Any) -> int:
    """The characters of a string, bytes of bytes, items of a list, entries of a map."""
    if value.__class__ in (str, list, bytes) or isinstance(value, Mapping):
        return len(value)
    raise Unmet(f"{_a(value)} has no size")


def _int64(value: int) -> int:
    if _INT_MIN <= value <= _INT_MAX:
        return value
    raise Unmet("the int is out of range")


def _uint64(value: int) -> Uint:
    if 0 <= value <= _UINT_MAX:
        return Uint(value)
    raise Unmet("the uint is out of range")


def _calculated(operator: str, calculate: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    kind = left.__class__
    if kind is right.__class__:
        if kind is int:
            return _int64(calculate(left, right))
        if kind is Uint:
            return _uint64(calculate(left, right))
        if kind is float:
            return calculate(left, right)
    hint = ", convert one of them, for example with double()" if {kind, right.__class__} <= _NUMBERS else ""
    raise Unmet(f"{_a(left)} {operator} {_a(right)} is not defined{hint}")


def add(left: Any, right: Any) -> Any:
    """``left + right``."""
    kind, other = left.__class__, right.__class__
    if kind is other and kind in _JOINED:
        return left + right
    if other is timedelta:
        if kind is timedelta:
            return _span(_microseconds(left) + _microseconds(right))
        if isinstance(left, datetime):
            return _shifted(left, _microseconds(right))
    if kind is timedelta and isinstance(right, datetime):
        return _shifted(right, _microseconds(left))
    return _calculated("+", operator.add, left, right)


def subtract(left: Any, right: Any) -> Any:
    """``left - right``."""
    kind, other = left.__class__, right.__class__
    if kind is timedelta and other is timedelta:
        return _span(_microseconds(left) - _microseconds(right))
    if isinstance(left, datetime):
        if other is timedelta:
            return _shifted(left, -_microseconds(right))
        if isinstance(right, datetime):
            return _span(_microseconds(_utc(left) - _utc(right)))
    return _calculated("-", operator.sub, left, right)


def multiply(left: Any, right: Any) -> Any:
    """``left * right``."""
    return _calculated("*", operator.mul, left, right)


def divide(left: Any, right: Any) -> Any:
    """``left / right``; whole numbers are cut towards zero."""
    if left.__class__ is float and right.__class__ is float:
        return left / right if right else _divided_by_zero(left, right)
    return _calculated("/", _quotient, left, right)


def modulo(left: Any, right: Any) -> Any:
    """``left % right`` of whole numbers, with the sign of ``left``; fails wherever ``/`` does."""
    if left.__class__ is int and right.__class__ is int and left >= 0 < right:
        return left % right
    if left.__class__ is float:
        raise Unmet(f"{_a(left)} % {_a(right)} is not defined")
    return left.__class__(left - right * _calculated("%", _quotient, left, right))


def negate(value: Any) -> Any:
    """``-value``."""
    if value.__class__ is int:
        return _int64(-value)
    if value.__class__ is float:
        return -value
    raise Unmet(f"{_a(value)} cannot be negated")


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise Unmet("division by zero")
    magnitude = abs(left) // abs(right)
    return magnitude if (left < 0) == (right < 0) else -magnitude


def _divided_by_zero(left: float, zero: float) -> float:
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, zero)


def _utc(moment: datetime) -> datetime:
    """In UTC, where arithmetic knows no summer time; without a zone it is UTC already, as all our times are."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def _span(microseconds: int) -> timedelta:
    if not _INT_MIN <= microseconds * 1000 <= _INT_MAX:
        raise Unmet("the duration exceeds 292 years")
    return timedelta(microseconds=microseconds)


def _shifted(moment: datetime, microseconds: int) -> datetime:
    return _utc(moment) + timedelta(microseconds=microseconds)


@functools.lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """The time zone of a name or of an offset such as ``+02:00``. Raises Unmet if there is none."""
    fixed = re.fullmatch(r"([+-]?)([0-9]{2}):([0-9]{2})", name)
    try:
        if fixed is None:
            return ZoneInfo(name)
        offset = timedelta(hours=int(fixed[2]), minutes=int(fixed[3]))
        return timezone(-offset if fixed[1] == "-" else offset)
    except (ValueError, OSError, LookupError):
        raise Unmet(f"'{name}' is no time zone") from None


def _local(moment: datetime, there: Any) -> datetime:
    if there is None:
        return _utc(moment)
    _need(str, there)
    return _utc(moment).astimezone(zone(there))


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


@functools.lru_cache(maxsize=512)
def regex(pattern: str) -> Any:
    """A pattern in RE2's syntax, which is matched in linear time."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Unmet(f"'{pattern}' is no regular expression: {error.args[0].decode(errors='replace')}") from None


def found(text: Any, pattern: Any) -> bool:
    """Whether a compiled pattern is anywhere in ``text``."""
    _need(str, text)
    return pattern.search(text) is not None


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, max(limit - 1, -1))
    head = list(text) if limit < 0 else list(text[: limit - 1])
    return [*head, text[len(head) :]] if len(head) < len(text) else head


def _join(items: list[Any], separator: str = "") -> str:
    _need(str, *items)
    return separator.join(items)


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if 0 <= start <= end <= len(text):
        return text[start:end]
    raise Unmet(f"the string has no characters from {start} to {end}")


def _index_of(text: str, part: str, start: int = 0) -> int:
    if 0 <= start <= len(text):
        return text.find(part, start)
    raise Unmet(f"the string has no position {start}")


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(
    r"[+-]?(([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE | re.ASCII
)
_TRUE, _FALSE = ("1", "t", "true", "TRUE", "True"), ("0", "f", "false", "FALSE", "False")
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-]\d\d:\d\d))", re.ASCII
)
_SPAN_UNITS_NS = {"h": 3_600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 1_000, "µs": 1_000, "ns": 1}
_SPAN_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|ns)")
_SPAN = re.compile(rf"([+-]?)((?:{_SPAN_PART.pattern})+|0)")


def _shown(value: Any) -> str:
    return f"'{value[:40]}'" if value.__class__ is str else _a(value)


def _refused(target: str, value: Any) -> NoReturn:
    raise Unmet(f"{_shown(value)} cannot be converted to {target}")


def _to_int(value: Any) -> int:
    kind = value.__class__
    if kind in (int, Uint):
        return _int64(int(value))
    if kind is float and _INT_MIN < value < -_INT_MIN:
        return int(value)
    if kind is str and _WHOLE.fullmatch(value):
        return _int64(int(value))
    if isinstance(value, datetime):
        return (_utc(value) - _EPOCH) // timedelta(seconds=1)
    _refused("an int", value)


def _to_uint(value: Any) -> Uint:
    kind = value.__class__
    if kind in (int, Uint):
        return _uint64(value)
    if kind is float and 0 <= value <= _UINT_MAX:
        return _uint64(int(value))
    if kind is str and _WHOLE.fullmatch(value) and value[0] != "-":
        return _uint64(int(value))
    _refused("a uint", value)


def _to_double(value: Any) -> float:
    kind = value.__class__
    if kind in _NUMBERS or (kind is str and _DECIMAL.fullmatch(value)):
        return float(value)
    _refused("a double", value)


def _to_bool(value: Any) -> bool:
    if value.__class__ is bool:
        return bool(value)
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    _refused("a bool", value)


def _to_bytes(value: Any) -> bytes:
    if value.__class__ is str:
        return bytes(value.encode())
    _need(bytes, value)
    return bytes(value)


def _to_string(value: Any) -> str:
    kind = value.__class__
    if kind in (str, int, Uint):
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _double_text(value)
    if kind is bytes:
        return _decoded(value)
    if isinstance(value, datetime):
        text = _utc(value).replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"
    if kind is timedelta:
        seconds, rest = divmod(abs(_microseconds(value)), 10**6)
        fraction = f".{rest:06}".rstrip("0") if rest else ""
        return f"{'-' if value < timedelta() else ''}{seconds}{fraction}s"
    _refused("a string", value)


def _double_text(value: float) -> str:
    if not math.isfinite(value):
        return str(value).replace("nan", "NaN")
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Unmet("the bytes are not UTF-8") from None


def to_timestamp(value: Any) -> datetime:
    """``timestamp(value)``: RFC 3339, or seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if value.__class__ is int:
        return _EPOCH + timedelta(seconds=value)
    match = _RFC_3339.fullmatch(value) if value.__class__ is str else None
    if match is None:
        raise Unmet(f"{_shown(value)} is no timestamp; write one like 2026-01-31T10:00:00Z")
    date, time, fraction, offset = match.groups(default="")
    try:
        return _utc(datetime.fromisoformat(f"{date}T{time}.{fraction[:6]:0<6}{offset or '+00:00'}"))
    except (ValueError, OverflowError):
        raise Unmet(f"'{value}' is no date and time that exists") from None


def to_duration(value: Any) -> timedelta:
    """``duration(value)``: ``1h30m``, with the units h, m, s, ms, us and ns."""
    if value.__class__ is timedelta:
        return value
    match = _SPAN.fullmatch(value) if value.__class__ is str else None
    if match is None:
        raise Unmet(f"{_shown(value)} is no duration; write one like 1h30m, with no unit above h")
    parts = ((Decimal(number), unit) for number, unit in _SPAN_PART.findall(match[2]))
    nanoseconds = int(sum(number * _SPAN_UNITS_NS[unit] for number, unit in parts))
    return _span(nanoseconds // 1000 * (-1 if match[1] == "-" else 1))


def _type(value: Any) -> CelType:
    return TYPES[_kind(value)]


class Function(NamedTuple):
    """What a call runs, and the fewest and most arguments that it takes, the receiver included."""

    call: Callable[..., Any]
    fewest: int
    most: int


def _of_strings(call: Callable[[str, str], bool]) -> Function:
    def checked(text: Any, part: Any) -> bool:
        if text.__class__ is not str or part.__class__ is not str:
            _need(str, text, part)
        return call(text, part)

    return Function(checked, 2, 2)


def _typed(fewest: int, call: Callable[..., Any], *kinds: type) -> Function:
    def checked(*values: Any) -> Any:
        for value, kind in zip(values, kinds, strict=False):
            if value.__class__ is not kind:
                _need(kind, value)
        return call(*values)

    return Function(checked, fewest, len(kinds))


def _getter(of_moment: Callable[[datetime], int], of_span: Callable[[int], int] | None = None) -> Function:
    def get(value: Any, there: Any = None) -> int:
        if isinstance(value, datetime):
            return of_moment(_local(value, there))
        if value.__class__ is timedelta and of_span is not None and there is None:
            return of_span(_microseconds(value))
        raise Unmet(f"{_a(value)} has no such part, a timestamp has")

    return Function(get, 1, 2)


_MATCHES = _of_strings(lambda text, pattern: found(text, regex(pattern)))
FUNCTIONS = {
    "size": Function(size, 1, 1),
    "matches": _MATCHES,
    "type": Function(_type, 1, 1),
    "int": Function(_to_int, 1, 1),
    "uint": Function(_to_uint, 1, 1),
    "double": Function(_to_double, 1, 1),
    "bool": Function(_to_bool, 1, 1),
    "bytes": Function(_to_bytes, 1, 1),
    "string": Function(_to_string, 1, 1),
    "timestamp": Function(to_timestamp, 1, 1),
    "duration": Function(to_duration, 1, 1),
}
METHODS = {
    "size": Function(size, 1, 1),
    "contains": _of_strings(lambda text, part: part in text),
    "startsWith": _of_strings(str.startswith),
    "endsWith": _of_strings(str.endswith),
    "matches": _MATCHES,
    "lowerAscii": _typed(1, lambda text: text.translate(_LOWER), str),
    "upperAscii": _typed(1, lambda text: text.translate(_UPPER), str),
    "trim": _typed(1, str.strip, str),
    "split": _typed(2, _split, str, str, int),
    "join": _typed(1, _join, list, str),
    "replace": _typed(3, lambda text, old, new, limit=-1: text.replace(old, new, max(limit, -1)), str, str, str, int),
    "substring": _typed(2, _substring, str, int, int),
    "indexOf": _typed(2, _index_of, str, str, int),
    "getFullYear": _getter(lambda moment: moment.year),
    "getMonth": _getter(lambda moment: moment.month - 1),
    "getDate": _getter(lambda moment: moment.day),
    "getDayOfMonth": _getter(lambda moment: moment.day - 1),
    "getDayOfWeek": _getter(lambda moment: moment.isoweekday() % 7),
    "getDayOfYear": _getter(lambda moment: moment.timetuple().tm_yday - 1),
    "getHours": _getter(lambda moment: moment.hour, lambda span: _quotient(span, 3_600_000_000)),
    "getMinutes": _getter(lambda moment: moment.minute, lambda span: _quotient(span, 60_000_000)),
    "getSeconds": _getter(lambda moment: moment.second, lambda span: _quotient(span, 1_000_000)),
    # The specification wants the part below the second here, unlike the three above.
    "getMilliseconds": _getter(
        lambda moment: moment.microsecond // 1_000, lambda span: _quotient(span, 1_000) - _quotient(span, 10**6) * 1_000
    ),
}
