"""Whether a template asks for fields that exist: the counterpart of ``cel.checker`` for Jinja2."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.cel.checker import unknown_field
from orchestrator.cel.value_types import (
    BOOL,
    DATE,
    DOUBLE,
    DYN,
    INT,
    NUMBERS,
    TEXT,
    TIME,
    TIME_TEXT,
    Fields,
    ListOf,
    Type,
    described,
    is_text,
    joined,
)
from orchestrator.journeys.sentences import MOST_PROBLEMS

Variables = Mapping[str, Type]
_Place = tuple[str, int, str, bool]

_PARSER: Final = ImmutableSandboxedEnvironment()
_LOOP: Final = Fields(
    MappingProxyType(
        {
            **dict.fromkeys(("index", "index0", "revindex", "revindex0", "length", "depth", "depth0"), INT),
            **dict.fromkeys(("first", "last"), BOOL),
            **dict.fromkeys(("previtem", "nextitem"), DYN),
        }
    ),
    whose="loop",
)
_DEFAULTS: Final = frozenset({"default", "d"})
_ITEM: Final = frozenset({"first", "last", "min", "max"})
_SAME_LIST: Final = frozenset({"list", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"})
_OF_NUMBERS: Final = frozenset({"money", "number", "percent", "round", "sum"})
_OF_MOMENTS: Final = frozenset({"date", "datetime", "plus", "relative", "time"})
_NEEDS: Final = _OF_NUMBERS | _OF_MOMENTS | {"join"}
_NUMBER_REMEDY: Final = {True: "declare it as one, or write float before", False: "name one"}
_RESULTS: Final[Mapping[str, Type]] = {
    **dict.fromkeys(("money", "number", "percent", "date", "datetime", "relative", "time", "join"), TEXT),
    **dict.fromkeys(("float", "round"), DOUBLE),
    "int": INT,
    "plus": TIME,
}
_BY_ATTRIBUTE: Final = frozenset({"rejectattr", "selectattr"})


@dataclass(frozen=True, slots=True)
class Misuse:
    """What is wrong in a template. ``line`` counts from 1 within its text, or within that of ``partial``.

    ``word`` is the name at fault, to be looked for in the line. ``guarded``: the template foresees that it is missing.
    """

    line: int
    word: str
    message: str
    guarded: bool = False
    partial: str | None = None

    @property
    def place(self) -> _Place:
        """What is the same in each journey that uses the template."""
        return (self.partial or "", self.line, self.word, self.guarded)


def check_template(source: str, seen: Mapping[str, Variables], partials: Mapping[str, str]) -> list[Misuse]:
    """What is wrong with a template that compiles, in the order of its text.

    ``seen`` is what it sees in each of the journeys that use it, by name. A field must be there in all of them; where
    the template foresees that it is missing, in one.
    """
    tree = _parse(source)
    if tree is None:
        return []
    wrong: dict[_Place, dict[str, Misuse]] = {}
    try:
        for journey, variables in seen.items():
            for misuse in _Walk(variables, partials).misuses(tree):
                wrong.setdefault(misuse.place, {}).setdefault(journey, misuse)
    except RecursionError:
        return [Misuse(1, "", "the template is nested too deeply: split it up")]
    return [_told(told, len(seen)) for _, told in sorted(wrong.items()) if _counts(told, len(seen))]


def _counts(told: Mapping[str, Misuse], journeys: int) -> bool:
    return len(told) == journeys or not any(misuse.guarded for misuse in told.values())


def _told(told: Mapping[str, Misuse], journeys: int) -> Misuse:
    journey, first = next(iter(told.items()))
    if len(told) == journeys:
        return first
    return replace(first, message=f"{first.message} (in the journey '{journey}')")


@lru_cache(maxsize=64)
def _parse(source: str) -> nodes.Template | None:
    try:
        return _PARSER.parse(source)
    except (TemplateSyntaxError, RecursionError):
        return None  # which is told where it is compiled


class _Enough(Exception):
    """More is not worth finding."""


class _Walk:
    """Goes through the tree of a template, with the types of the names that it binds."""

    def __init__(self, variables: Variables, partials: Mapping[str, str]) -> None:
        self._names: dict[str, Type] = dict(variables)
        self._partials = partials
        self._within: tuple[str, ...] = ()
        self._defined: frozenset[str] = frozenset()
        self._found: list[Misuse] = []

    def misuses(self, tree: nodes.Template) -> list[Misuse]:
        """All that is wrong; of very much, the first."""
        with suppress(_Enough):
            self._block(tree.body)
        return self._found

    # Statements.

    def _block(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            statement: Callable[[nodes.Node], None] | None = getattr(self, f"_{type(node).__name__.lower()}_", None)
            if statement is not None:
                statement(node)
            else:
                self._children(node)

    def _output_(self, node: nodes.Output) -> None:
        for part in node.nodes:
            found = self._typed(part)
            if isinstance(found, ListOf | Fields):
                what = f"'{_dotted(part) or '…'}' is {described(found)}, and no text"
                self._refuse(part, f"{what}: name a part of it, or use the filter join", _word(part))

    def _if_(self, node: nodes.If) -> None:
        self._typed(node.test)
        self._guarded(node.test, lambda: self._block(node.body))
        self._block(node.elif_)
        self._block(node.else_)

    def _for_(self, node: nodes.For) -> None:
        range_ = self._typed(node.iter)
        outer = dict(self._names)
        self._names["loop"] = _LOOP
        self._bind(node.target, self._item(range_, node.iter))
        if node.test is not None:
            self._typed(node.test)
        self._block(node.body)
        self._names = outer
        self._block(node.else_)

    def _item(self, range_: Type, place: nodes.Node) -> Type:
        if isinstance(range_, ListOf):
            return range_.item
        if isinstance(range_, Fields):
            return range_.key
        if range_ in (BOOL, *NUMBERS):
            message = f"'{_dotted(place) or '…'}' is {described(range_)}, and a loop needs a list"
            self._refuse(place, message, _word(place))
        return DYN

    def _bind(self, target: nodes.Node, type_: Type) -> None:
        for name in [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name):
            assert isinstance(name, nodes.Name)
            self._names[name.name] = type_ if name is target else DYN

    def _assign_(self, node: nodes.Assign) -> None:
        type_ = self._typed(node.node)
        # A name that is set twice, as in the ways of an if, may be either.
        before = self._names.get(node.target.name) if isinstance(node.target, nodes.Name) else None
        self._bind(node.target, type_ if before is None or before == type_ else DYN)

    def _macro_(self, node: nodes.Macro) -> None:
        for default in node.defaults:
            self._typed(default)
        outer = dict(self._names)
        self._names.update({argument.name: DYN for argument in node.args})
        self._block(node.body)
        self._names = {**outer, node.name: DYN}

    def _include_(self, node: nodes.Include) -> None:
        name = node.template.value if isinstance(node.template, nodes.Const) else None
        tree = _parse(self._partials[name]) if isinstance(name, str) and name in self._partials else None
        if tree is None or name in self._within:
            return
        outer, self._within = self._within, (*self._within, str(name))
        names = dict(self._names)
        self._block(tree.body)
        self._within, self._names = outer, names

    # Expressions.

    def _typed(self, node: nodes.Node, *, guarded: bool = False) -> Type:
        if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Filter | nodes.Test):
            found: Type = getattr(self, f"_{type(node).__name__.lower()}")(node, guarded)
            return found
        if isinstance(node, nodes.Name):
            return self._names.get(node.name, DYN)
        if isinstance(node, nodes.TemplateData):
            return TEXT
        if isinstance(node, nodes.CondExpr):
            return self._conditional(node)
        if isinstance(node, nodes.And):
            self._typed(node.left)
            self._guarded(node.left, lambda: self._typed(node.right))
            return DYN
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            self._typed(node.node.node)  # only .items() can be called so
            return ListOf(DYN)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "recommend":
            return self._recommended(node)
        self._children(node)
        return DYN

    def _recommended(self, node: nodes.Call) -> Type:
        self._children(node)
        found = self._names.get("recommend")
        if found is None:
            self._refuse(node, "nothing is recommended here: add 'recommendations: {}' to policy.yaml", "recommend")
            return DYN
        return found

    def _children(self, node: nodes.Node) -> None:
        for child in node.iter_child_nodes():
            self._typed(child)

    def _conditional(self, node: nodes.CondExpr) -> Type:
        self._typed(node.test)
        kept: list[Type] = []
        self._guarded(node.test, lambda: kept.append(self._typed(node.expr1)))
        kept.append(TEXT if node.expr2 is None else self._typed(node.expr2))
        return joined(kept)

    def _guarded(self, test: nodes.Node, visit: Callable[[], object]) -> None:
        """What a test shows to be there, is there in what follows from it."""
        outer = self._defined
        self._defined = outer | frozenset(_shown_defined(test))
        visit()
        self._defined = outer

    def _test(self, node: nodes.Test, _guarded: bool) -> Type:
        self._typed(node.node, guarded=node.name in ("defined", "undefined"))
        for argument in node.args:
            self._typed(argument)
        return BOOL

    def _getattr(self, node: nodes.Getattr, guarded: bool) -> Type:
        return self._selected(node, node.node, node.attr, guarded)

    def _getitem(self, node: nodes.Getitem, guarded: bool) -> Type:
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._selected(node, node.node, node.arg.value, guarded)
        owner = self._typed(node.node, guarded=guarded)
        if isinstance(node.arg, nodes.Slice):
            return owner
        self._typed(node.arg)
        if isinstance(owner, ListOf):
            return owner.item
        return owner.rest if isinstance(owner, Fields) and owner.rest is not None and not owner.fields else DYN

    def _selected(self, node: nodes.Expr, owner_node: nodes.Expr, name: str, guarded: bool) -> Type:
        owner = self._typed(owner_node, guarded=guarded)
        shown = _dotted(node) or name
        if isinstance(owner, Fields):
            message = unknown_field(owner, name, f"'{shown}'")
            if message is not None:
                self._refuse(node, message, name, guarded=guarded or shown in self._defined)
                return DYN
            found = owner.get(name)
            return DYN if found is None else found
        if isinstance(owner, ListOf) or is_text(owner) or owner in (BOOL, *NUMBERS):
            remedy = ": write [0] for the first item" if isinstance(owner, ListOf) else ""
            message = f"'{_dotted(owner_node) or '…'}' is {described(owner)}, so it has no field '{name}'{remedy}"
            self._refuse(node, message, name)
        return DYN

    def _filter(self, node: nodes.Filter, guarded: bool) -> Type:
        assert node.node is not None
        inner = self._typed(node.node, guarded=guarded or node.name in _DEFAULTS)
        for argument in (*node.args, *(keyword.value for keyword in node.kwargs)):
            self._typed(argument)
        attribute = _attribute_of(node)
        item = inner.item if isinstance(inner, ListOf) else DYN
        if attribute is not None:
            item = self._attribute(node, item, attribute)
        self._check_value(node, item if node.name in ("join", "sum") else inner)
        if node.name in _RESULTS:
            return _RESULTS[node.name]
        if node.name in _DEFAULTS or node.name in _SAME_LIST:
            return inner
        if node.name == "map":
            return ListOf(item if attribute is not None else DYN)
        return (inner.item if isinstance(inner, ListOf) else DYN) if node.name in _ITEM else DYN

    def _check_value(self, node: nodes.Filter, found: Type) -> None:
        """Whether a filter of ours can show what it gets, or each item of it."""
        assert node.node is not None
        lack = _lack(node.name, found)
        if lack is not None:
            each = "each item of " if node.name in ("join", "sum") else ""
            named = _dotted(node.node)
            message = f"{each}'{named or '…'}' is {described(found)}, and the filter {node.name} needs {lack}"
            self._refuse(node, message, _word(node.node) or node.name)

    def _attribute(self, node: nodes.Filter, item: Type, attribute: str) -> Type:
        for name in attribute.split("."):
            if not isinstance(item, Fields):
                return DYN
            message = unknown_field(item, name, f"'{name}'")
            if message is not None:
                self._refuse(node, message, name)
                return DYN
            item = item.get(name) or DYN
        return item

    def _refuse(self, node: nodes.Node, message: str, word: str, *, guarded: bool = False) -> None:
        partial = self._within[-1] if self._within else None
        self._found.append(Misuse(node.lineno, word, message, guarded, partial))
        if len(self._found) > MOST_PROBLEMS:
            raise _Enough


def _lack(filter_name: str, found: Type) -> str | None:
    """What a filter needs and a type is not, with what to do; None if it may be right."""
    if found == DYN or filter_name not in _NEEDS:
        return None
    if filter_name == "join":
        return "texts or numbers: name an attribute" if isinstance(found, ListOf | Fields) else None
    if filter_name in _OF_NUMBERS:
        if found in NUMBERS:
            return None
        return "a number: declare it as one" if filter_name == "sum" else f"a number: {_NUMBER_REMEDY[is_text(found)]}"
    if found == DATE and filter_name in ("time", "datetime"):
        return "a time of day: use the filter date"
    if found in (TIME, DATE, TIME_TEXT):
        return None
    return "a date or a time" + (": declare it as one" if is_text(found) else "")


def _attribute_of(node: nodes.Filter) -> str | None:
    """The attribute that a filter asks of each item, where it is written out."""
    given: nodes.Expr | None = next((part.value for part in node.kwargs if part.key == "attribute"), None)
    if given is None and node.name in _BY_ATTRIBUTE and node.args:
        given = node.args[0]
    return given.value if isinstance(given, nodes.Const) and isinstance(given.value, str) else None


def _shown_defined(test: nodes.Node) -> Iterator[str]:
    if isinstance(test, nodes.And):
        yield from _shown_defined(test.left)
        yield from _shown_defined(test.right)
    elif isinstance(test, nodes.Test) and test.name == "defined":
        yield _dotted(test.node)


def _dotted(node: nodes.Node) -> str:
    """A chain of names as it is written; empty for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _dotted(node.node)
    if isinstance(node, nodes.Getattr):
        owner = _dotted(node.node)
        return f"{owner}.{node.attr}" if owner else ""
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        owner = _dotted(node.node)
        return f"{owner}[{node.arg.value!r}]" if owner else ""
    return ""


def _word(node: nodes.Node) -> str:
    return node.attr if isinstance(node, nodes.Getattr) else ""
