"""Why a condition holds or not: the values of its operands, part by part.

The text is taken apart where it is joined by ``&&``, ``||`` and ``!``; what is left, mostly comparisons, is evaluated
with its operands. Each value comes from the compiled expression of that part of the text, so it is the value that the
engine saw. What the engine would not have looked at is looked at too, since a person wants to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cel.expression import CelError
from orchestrator.cel.parser import bare, parse, trees
from orchestrator.durations import format_duration
from orchestrator.errors import Unmet
from orchestrator.journeys.expressions import expression

if TYPE_CHECKING:
    from lark import Token, Tree

_LONGEST: Final = 60
_OPERATORS: Final = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
}
_LITERALS: Final = frozenset({"literal", "list_lit", "map_lit"})


@dataclass(frozen=True, slots=True)
class Operand:
    """A part of a condition and its value; ``unmet`` says why it has none."""

    source: str
    value: Any = None
    unmet: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A condition for one customer and event.

    ``holds`` is None if it cannot be evaluated, and ``unmet`` then says why. ``parts`` are what ``&&``, ``||`` or ``!``
    is about, ``joined`` which of them; without them ``operands`` are what is compared, or looked at.
    """

    source: str
    holds: bool | None
    unmet: str | None = None
    operator: str = ""
    joined: str = ""
    parts: tuple[Explained, ...] = ()
    operands: tuple[Operand, ...] = ()

    def sentence(self) -> str:
        """In words, such as ``event.properties.total = 12 is not > 20.0``; only the parts that decided."""
        if self.parts:
            return " and ".join(part.sentence() for part in self._deciding())
        if self.holds is None:
            return self.unmet or f"{self.source} has no value"
        if self.operator:
            left, right = map(_told, self.operands)
            return f"{left} is {'' if self.holds else 'not '}{self.operator} {right}"
        fields = ", ".join(_told(operand) for operand in self.operands if operand.source != self.source)
        return f"{self.source} is {said(self.holds)}{f' ({fields})' if fields else ''}"

    def _deciding(self) -> list[Explained]:
        """Of && one part that fails decides, of || one that holds; where there is none, all of them did."""
        decisive = {"&&": False, "||": True}.get(self.joined)
        wanted = None if self.holds is None else decisive
        return [part for part in self.parts if part.holds is wanted] or list(self.parts)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        plain: dict[str, Any] = {"source": self.source, "holds": self.holds, "sentence": self.sentence()}
        if self.unmet is not None:
            plain["unmet"] = self.unmet
        if self.parts:
            plain |= {"joined": self.joined, "parts": [part.to_json() for part in self.parts]}
        values = [
            {
                "source": operand.source,
                **({"unmet": operand.unmet} if operand.unmet else {"value": plainly(operand.value)}),
            }
            for operand in self.operands
        ]
        return plain | ({"operands": values} if values else {})


def explain(source: str, event: Any, customer: Any, journey: Any, catalog: Any = None) -> Explained:
    """Takes a condition apart over the views that it was evaluated with.

    Raises:
        CelError: the text is no expression.
    """
    return _Explainer(source, (event, customer, journey, catalog)).explained(_tree(source))


@lru_cache(maxsize=2048)
def _tree(source: str) -> Tree[Token]:
    return parse(source)


class _Explainer:
    def __init__(self, source: str, views: tuple[Any, Any, Any, Any]) -> None:
        self._source = source
        self._views = views

    def explained(self, tree: Tree[Token]) -> Explained:
        tree = bare(tree)
        if tree.data in ("conditionalor", "conditionaland"):
            return self._logic(tree)
        if tree.data == "unary" and trees(tree)[0].data == "unary_not":
            return self._not(tree)
        if tree.data == "relation":
            return self._relation(tree)
        return self._whole(tree)

    def _logic(self, tree: Tree[Token]) -> Explained:
        parts = tuple(self.explained(part) for part in _joined_by(tree, str(tree.data)))
        operand = self._operand(tree)
        joined = "&&" if tree.data == "conditionaland" else "||"
        return Explained(self._text(tree), _truth(operand), operand.unmet, joined=joined, parts=parts)

    def _not(self, tree: Tree[Token]) -> Explained:
        whole, inner = self._operand(tree), trees(tree)[1]
        if bare(inner).data in ("conditionalor", "conditionaland", "relation"):
            return Explained(self._text(tree), _truth(whole), whole.unmet, joined="!", parts=(self.explained(inner),))
        return Explained(self._text(tree), _truth(whole), whole.unmet, operands=(self._operand(inner),))

    def _relation(self, tree: Tree[Token]) -> Explained:
        operator, right = trees(tree)
        whole = self._operand(tree)
        operands = self._operand(trees(operator)[0]), self._operand(right)
        return Explained(
            self._text(tree), _truth(whole), whole.unmet, _OPERATORS[str(operator.data)], operands=operands
        )

    def _whole(self, tree: Tree[Token]) -> Explained:
        """A function call, a field, a choice: with the fields that it looks at, where these say more than it does."""
        whole = self._operand(tree)
        try:
            paths = sorted(expression(whole.source).paths)
        except CelError:
            paths = []
        fields = tuple(
            operand for path in paths if (operand := self._field(path)).source != whole.source and operand.unmet is None
        )
        return Explained(self._text(tree), _truth(whole), whole.unmet, operands=fields or (whole,))

    def _field(self, path: tuple[str, ...]) -> Operand:
        source = path[0] + "".join(f".{name}" if name.isidentifier() else f'["{name}"]' for name in path[1:])
        return self._evaluated(source)

    def _operand(self, tree: Tree[Token]) -> Operand:
        return self._evaluated(self._text(bare(tree)))

    def _evaluated(self, source: str) -> Operand:
        try:
            return Operand(source, expression(source).evaluate(*self._views))
        except Unmet as unmet:
            return Operand(source, unmet=str(unmet))
        except CelError as error:  # part of a macro, whose variable is known there alone
            return Operand(source, unmet=str(error))

    def _text(self, tree: Tree[Token]) -> str:
        return " ".join(self._source[tree.meta.start_pos : tree.meta.end_pos].split())


def _joined_by(tree: Tree[Token], rule: str) -> Iterator[Tree[Token]]:
    """What one chain of the same operator joins, from left to right."""
    tree = bare(tree)
    if tree.data != rule:
        yield tree
        return
    left, right = trees(tree)
    yield from _joined_by(left, rule)
    yield right


def _truth(operand: Operand) -> bool | None:
    return operand.value if isinstance(operand.value, bool) else None


def _told(operand: Operand) -> str:
    """An operand with its value, unless that is what is written."""
    value = said(operand.value) if operand.unmet is None else "unknown"
    written = operand.source.replace("'", '"')
    return operand.source if value == written or _is_number(operand, value) else f"{operand.source} = {value}"


def _is_number(operand: Operand, value: str) -> bool:
    try:
        return float(operand.source) == float(value)
    except ValueError:
        return False


def said(value: Any) -> str:
    """A value for a person: short, as one would write it."""
    text = _written(plainly(value), isinstance(value, datetime | timedelta))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _written(plain: Any, bare_text: bool = False) -> str:
    if isinstance(plain, str):
        return plain if bare_text else f'"{plain}"'
    if plain is None or isinstance(plain, bool):
        return {True: "true", False: "false", None: "null"}[plain]
    if isinstance(plain, list):
        return f"[{', '.join(map(_written, plain))}]"
    if isinstance(plain, dict):
        return f"{{{', '.join(f'{key}: {_written(each)}' for key, each in plain.items())}}}"
    return str(plain)


def plainly(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, timedelta):
        milliseconds = round(value.total_seconds() * 1000)
        return format_duration(milliseconds) if milliseconds >= 0 else f"-{format_duration(-milliseconds)}"
    if isinstance(value, Mapping):
        return {str(key): plainly(each) for key, each in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [plainly(each) for each in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    return value if isinstance(value, float) else str(value)
