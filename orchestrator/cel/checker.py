"""Whether a CEL expression can have a value: each field exists, each operator gets what it is for.

The types of what an expression sees are given; what is not known of them before an event is there is ``DYN``, with
which anything may be done. What is refused here could never hold: the operand has the wrong type whatever the event
says. All mistakes of an expression are found, each with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cel import runtime, signatures
from orchestrator.cel.parser import CelError, bare, error_at, literal, parse, shown, trees
from orchestrator.cel.value_types import (
    BOOL,
    BYTES,
    DATE,
    DOUBLE,
    DYN,
    INT,
    NULL,
    NUMBER,
    NUMBERS,
    TEXT,
    TIME_TEXT,
    TYPE,
    UINT,
    Choice,
    Fields,
    ListOf,
    Type,
    described,
    is_text,
    joined,
    misread,
)
from orchestrator.errors import Unmet
from orchestrator.nearest import hint, misspelt
from orchestrator.zones import zone

if TYPE_CHECKING:
    from lark import Token, Tree

_UNKNOWN_VALUE: Final = object()
_TRUTH_MACROS: Final = frozenset({"all", "exists", "exists_one", "existsOne", "filter"})
_OPERATORS: Final = {
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A part of an expression: its type, and its value where that is written in the expression itself."""

    type: Type
    value: Any = _UNKNOWN_VALUE


def check_types(source: str, variables: Mapping[str, Type], *, condition: bool = True) -> list[CelError]:
    """What is wrong with the types of an expression that compiles; ``condition`` is one that must be true or false."""
    checker = _Checker(source, variables)
    tree = parse(source)
    checker.typed(tree)
    for part, found in checker.results(tree) if condition else ():
        if found not in (BOOL, DYN):
            checker.refuse(part, f"{checker.shown(part)} is {described(found)}, and a condition is true or false")
    return sorted(checker.problems, key=lambda problem: (problem.line, problem.column))


def type_of(source: str, variables: Mapping[str, Type]) -> Type:
    """The type of an expression that compiles; ``DYN`` where that is known only when it is evaluated."""
    return _Checker(source, variables).typed(parse(source)).type


def is_field(source: str) -> bool:
    """Whether an expression that compiles is no more than the name of a field."""
    return bare(parse(source)).data in ("member_dot", "member_index")


class _Checker:
    """Goes through a parse tree; a part that is wrong is of any type from there on, so that one mistake is one."""

    def __init__(self, source: str, variables: Mapping[str, Type]) -> None:
        self.problems: list[CelError] = []
        self._source = source
        self._variables = variables
        self._locals: dict[str, Type] = {}
        self._found: dict[int, Type] = {}

    def typed(self, tree: Tree[Token]) -> Typed:
        """The type of a part."""
        tree = bare(tree)
        check: Callable[[Tree[Token]], Typed] = getattr(self, f"_{tree.data}")
        found = check(tree)
        self._found[id(tree)] = found.type
        return found

    def results(self, tree: Tree[Token]) -> list[tuple[Tree[Token], Type]]:
        """The parts of which a part that was looked at is one: the two ways of each '?', with their types."""
        tree = bare(tree)
        if tree.data != "expr":
            return [(tree, self._found[id(tree)])]
        return [found for way in trees(tree)[1:] for found in self.results(way)]

    def refuse(self, place: Any, message: str) -> Typed:
        """Keeps a problem."""
        at = place.start_pos if hasattr(place, "start_pos") else place.meta.start_pos
        self.problems.append(error_at(self._source, at, message))
        return Typed(DYN)

    def shown(self, tree: Tree[Token]) -> str:
        """A part of the expression as it is written, in quotes."""
        return f"'{shown(self._source[tree.meta.start_pos : tree.meta.end_pos])}'"

    # One method for each rule of the grammar that means something.

    def _expr(self, tree: Tree[Token]) -> Typed:
        condition, then, otherwise = trees(tree)
        self._truth(condition, "?")
        return Typed(joined([self.typed(then).type, self.typed(otherwise).type]))

    def _conditionalor(self, tree: Tree[Token]) -> Typed:
        sign = "||" if tree.data == "conditionalor" else "&&"
        while len(tree.children) == 2:
            tree, last = trees(tree)
            self._truth(last, sign)
        self._truth(tree, sign)
        return Typed(BOOL)

    _conditionaland = _conditionalor

    def _truth(self, tree: Tree[Token], sign: str) -> None:
        self.typed(tree)
        for part, found in self.results(tree):
            if found not in (BOOL, DYN):
                self.refuse(part, f"{self.shown(part)} is {described(found)}, and '{sign}' needs true or false")

    def _relation(self, tree: Tree[Token]) -> Typed:
        operator, right_tree = trees(tree)
        left, right = self.typed(trees(operator)[0]), self.typed(right_tree)
        if operator.data == "relation_in":
            self._membership(tree, left, right)
        elif operator.data in ("relation_eq", "relation_ne"):
            self._equality(tree, left, right, "is never equal to")
        elif not signatures.ordered(left.type, right.type):
            self._unlike(tree, left, right, "cannot be compared with")
        else:
            self._dates(tree, left, right, whole=False)
        return Typed(BOOL)

    def _equality(self, tree: Tree[Token], left: Typed, right: Typed, verb: str) -> None:
        if not signatures.comparable(left.type, right.type):
            self._unlike(tree, left, right, verb)
            return
        for one, other in ((left, right), (right, left)):
            choice, value = one.type, other.value
            if isinstance(choice, Choice) and isinstance(value, str) and not choice.has(value):
                message = f"the {choice.what} '{shown(value)}' is {choice.lack}: {hint(value, choice.options)}"
                self.refuse(tree, message)
        self._dates(tree, left, right, whole=True)

    def _dates(self, tree: Tree[Token], left: Typed, right: Typed, *, whole: bool) -> None:
        for one, other in ((left, right), (right, left)):
            message = misread(one.type, other.value, whole=whole) if isinstance(other.value, str) else None
            if message is not None:
                self.refuse(tree, message)

    def _unlike(self, tree: Tree[Token], left: Typed, right: Typed, verb: str) -> None:
        remedy = signatures.remedy(left.type, right.type, left.value, right.value)
        message = f"{described(left.type)} {verb} {described(right.type)} in {self.shown(tree)}"
        self.refuse(tree, f"{message}: {remedy}" if remedy else message)

    def _membership(self, tree: Tree[Token], left: Typed, right: Typed) -> None:
        kind = right.type
        if isinstance(kind, ListOf):
            items = right.value if isinstance(right.value, list) else [Typed(kind.item)]
            if items and not any(signatures.comparable(left.type, item.type) for item in items):
                self._unlike(tree, left, Typed(kind.item), "is never in a list of which each item is")
            elif any(isinstance(type_, Choice) or type_ in (DATE, TIME_TEXT) for type_ in (kind.item, left.type)):
                for item in items:
                    self._equality(tree, left, item, "is never equal to")
        elif isinstance(kind, Fields):
            if isinstance(left.value, str):
                self._field(tree, kind, left.value, tree)
            elif not signatures.comparable(left.type, kind.key):
                self._unlike(tree, left, Typed(kind.key), "is never a key that is")
        elif kind != DYN:
            remedy = ": write text.contains('part')" if is_text(kind) else ""
            self.refuse(tree, f"'in' needs a list or a map, not {described(kind)}{remedy}")

    def _addition(self, tree: Tree[Token]) -> Typed:
        operator, right_tree = trees(tree)
        left, right = self.typed(trees(operator)[0]), self.typed(right_tree)
        sign = _OPERATORS[operator.data]
        found = signatures.calculated(sign, left.type, right.type)
        if found is not None:
            return Typed(found)
        kinds = f"'{sign}' is not for {described(left.type)} and {described(right.type)}"
        return self.refuse(tree, f"{kinds}{signatures.conversion(sign, left.type, right.type)}")

    _multiplication = _addition

    def _unary(self, tree: Tree[Token]) -> Typed:
        operator, operand = trees(tree)
        if operator.data == "unary_not":
            self._truth(operand, "!")
            return Typed(BOOL)
        found = self.typed(operand).type
        if found not in (INT, DOUBLE, NUMBER, DYN):
            return self.refuse(tree, f"'-' is not for {described(found)}")
        return Typed(found)

    def _member_dot(self, tree: Tree[Token]) -> Typed:
        if self._source[tree.meta.start_pos : tree.meta.end_pos] in runtime.TYPES:
            return Typed(TYPE)
        owner, field = trees(tree)
        return self._selected(tree, self.typed(owner).type, owner, str(field), field)

    def _selected(self, tree: Tree[Token], owner: Type, owner_tree: Tree[Token], field: str, place: Any) -> Typed:
        if isinstance(owner, Fields):
            return Typed(self._field(tree, owner, field, place))
        if owner == DYN:
            return Typed(DYN)
        remedy = ": write [0] for the first item, or .exists(x, ...)" if isinstance(owner, ListOf) else ""
        message = f"{self.shown(owner_tree)} is {described(owner)}, so it has no field '{shown(field)}'{remedy}"
        return self.refuse(place, message)

    def _field(self, tree: Tree[Token], owner: Fields, name: str, place: Any) -> Type:
        found = owner.get(name)
        message = unknown_field(owner, name, self.shown(tree))
        if message is not None:
            return self.refuse(place, message).type
        return DYN if found is None else found

    def _member_index(self, tree: Tree[Token]) -> Typed:
        owner_tree, position = trees(tree)
        owner, key = self.typed(owner_tree).type, self.typed(position)
        if isinstance(key.value, str) and not isinstance(owner, ListOf):
            return self._selected(tree, owner, owner_tree, key.value, position)
        if isinstance(owner, ListOf):
            if key.type not in NUMBERS and key.type != DYN:
                self.refuse(position, f"a position in a list is a number, not {described(key.type)}")
            return Typed(owner.item)
        if isinstance(owner, Fields):
            if not signatures.comparable(key.type, owner.key):
                self.refuse(position, f"a key of {self.shown(owner_tree)} is {described(owner.key)}")
            return Typed(DYN if owner.fields or owner.rest is None else owner.rest)
        if owner != DYN:
            self.refuse(tree, f"{self.shown(owner_tree)} is {described(owner)}, and only lists and maps have parts")
        return Typed(DYN)

    def _member_dot_arg(self, tree: Tree[Token]) -> Typed:
        receiver, name, *rest = trees(tree)
        arguments = trees(rest[0]) if rest else []
        if name in signatures.METHODS:
            return self._called(name, signatures.METHODS[name], [receiver, *arguments])
        return self._macro(receiver, str(name), arguments)

    def _ident_arg(self, tree: Tree[Token]) -> Typed:
        name, *rest = trees(tree)
        arguments = trees(rest[0]) if rest else []
        if name == "has":
            return self._has(arguments[0])
        if name == "dyn":
            self.typed(arguments[0])
            return Typed(DYN)
        return self._called(name, signatures.FUNCTIONS[name], arguments)

    _dot_ident_arg = _ident_arg

    def _called(self, name: Token, signature: signatures.Signature, arguments: list[Any]) -> Typed:
        given = [self.typed(argument) for argument in arguments]
        types = [argument.type for argument in given]
        for at, (argument, found) in enumerate(zip(arguments, types, strict=True)):
            if not signature.takes(at, found):
                message = f"{name}() is not for {described(found)} such as {self.shown(argument)}"
                self.refuse(argument, message + signatures.call_remedy(str(name), found))
        message = signatures.misuse(str(name), types) or _wrong_zone(str(name), given)
        return self.refuse(name, message) if message else Typed(signature.result)

    def _has(self, argument: Tree[Token]) -> Typed:
        selection = bare(argument)
        owner_tree, field = trees(selection)
        self._selected(selection, self.typed(owner_tree).type, owner_tree, str(field), field)
        return Typed(BOOL)

    def _macro(self, receiver: Tree[Token], name: str, arguments: list[Any]) -> Typed:
        range_ = self.typed(receiver).type
        item: Type = DYN
        if isinstance(range_, ListOf):
            item = range_.item
        elif isinstance(range_, Fields):
            item = range_.key
        elif range_ != DYN:
            self.refuse(receiver, f"{self.shown(receiver)} is {described(range_)}, and {name}() needs a list or a map")
        outer = self._locals
        self._locals = outer | {str(bare(arguments[0]).children[0]): item}
        bodies = arguments[1:]
        if name in _TRUTH_MACROS or len(bodies) > 1:
            self._truth(bodies[0], f"{name}()")
        result: Type = self.typed(bodies[-1]).type if name == "map" else BOOL
        self._locals = outer
        return Typed(ListOf(item if name == "filter" else result) if name in ("filter", "map") else BOOL)

    def _ident(self, tree: Tree[Token]) -> Typed:
        name = str(tree.children[0])
        if name in ("true", "false"):
            return Typed(BOOL, name == "true")
        return Typed(self._locals[name]) if name in self._locals else self._dot_ident(tree)

    def _dot_ident(self, tree: Tree[Token]) -> Typed:
        name = str(tree.children[0])
        return Typed(TYPE) if name in runtime.TYPES and name not in self._variables else Typed(self._variables[name])

    def _list_lit(self, tree: Tree[Token]) -> Typed:
        items = [self.typed(item) for child in trees(tree) for item in trees(child)]
        return Typed(ListOf(joined(item.type for item in items)), items)

    def _map_lit(self, tree: Tree[Token]) -> Typed:
        parts = [self.typed(part) for child in trees(tree) for part in trees(child)]
        keys, values = parts[::2], parts[1::2]
        for key, place in zip(keys, [part for child in trees(tree) for part in trees(child)][::2], strict=True):
            if not signatures.is_key(key.type):
                self.refuse(place, f"{described(key.type)} cannot be a key of a map")
        return Typed(Fields(rest=joined(value.type for value in values), key=joined(key.type for key in keys)))

    def _literal(self, tree: Tree[Token]) -> Typed:
        value = literal(self._source, tree)
        return Typed(_LITERALS[value.__class__], value)


def _wrong_zone(name: str, given: list[Typed]) -> str:
    """Of a time zone that is written out: what is wrong with it; "" if nothing is."""
    written = given[1].value if name.startswith("get") and len(given) > 1 else None
    if not isinstance(written, str):
        return ""
    try:
        runtime.zone(written)
    except Unmet:
        try:
            zone(written)
        except ValueError as error:
            return str(error)
    return ""


_LITERALS: Final[Mapping[type, Type]] = {
    type(None): NULL,
    bool: BOOL,
    int: INT,
    runtime.Uint: UINT,
    float: DOUBLE,
    str: TEXT,
    bytes: BYTES,
}


def unknown_field(owner: Fields, name: str, shown_as: str) -> str | None:
    """Why a map has no such field, in a sentence; None if it may have one.

    Where it may have any, only what can be nothing but a slip of a known name is wrong.
    """
    if name in owner.fields:
        return None
    if owner.rest is not None:
        slip = misspelt(name, owner.fields)
        return f"{shown_as} is unknown: did you mean '{slip}'?{_or(owner.remedy)}" if slip else None
    guess = hint(name, owner.fields)
    if owner.what:
        return f"the {owner.what} '{shown(name)}' is {owner.lack}: {guess}"
    if guess.startswith("did you mean"):
        return f"{shown_as} is unknown: {guess}"
    if owner.whose and owner.fields:
        guess = f"{owner.whose} has {guess.removeprefix('there are ')}"
    elif not owner.fields:
        guess = f"{owner.whose} has no fields" if owner.whose else ""
    return f"{shown_as} is unknown: {'; '.join(part for part in (guess, owner.remedy) if part)}"


def _or(remedy: str) -> str:
    return f" If not, {remedy}" if remedy else ""
