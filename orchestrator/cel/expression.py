"""Conditions in CEL, compiled to Python functions for the hot path.

cel-python's grammar reads the text; this file turns the parse tree into a Python AST of its own making (the text itself
is never evaluated), in which only what is cheap and always right is inline and all else calls ``cel.runtime``.

An expression with logic becomes two functions. In the optimistic one ``&&`` is Python's ``and``: it gives the right
value or raises. Only if it raised, the careful one runs, in which ``false && error`` is false from either side.
Each node that can fail has a line number of its own, so that a traceback leads to the part of the expression at fault,
at no cost to those that hold.

Numbers: JSON cannot tell 3 from 3.0, so a number from an event may be int or double. Comparison works across types, as
CEL has it; arithmetic does not, as CEL has it too: write ``double(event.properties.total) + 1.0``.
Not supported: messages, optional values, macros of two variables; times have microseconds, not nanoseconds.
"""

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from orchestrator.cel import runtime
from orchestrator.cel.parser import CelError, bare, error_at, literal, parse, shown, trees
from orchestrator.errors import Unmet

if TYPE_CHECKING:
    from lark import Token, Tree

__all__ = ["CelError", "Expression", "Unmet", "compile_expression"]

_VARIABLES = ("event", "customer", "journey", "catalog")
_LONGEST = 4_000
_DEEPEST = 60
_FILE = "<cel>"

_Run = Callable[[Any, Any, Any, Any], Any]
_Places = list[tuple[str, str | None]]


class Expression:
    """A compiled expression; made by ``compile_expression``, safe to share between threads.

    ``names`` are the variables used; ``paths`` the longest static selections on them, such as
    ``("event", "properties", "cart_id")``, or ``("event",)`` where the whole is used.
    """

    __slots__ = ("_careful", "_places", "_run", "names", "paths", "source")

    def __init__(
        self, source: str, paths: frozenset[tuple[str, ...]], run: _Run, careful: _Run | None, places: _Places
    ) -> None:
        self.source = source
        self.paths = paths
        self.names = frozenset(path[0] for path in paths)
        self._run = run
        self._careful = careful
        self._places = places

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def evaluate(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> Any:
        """The expression's value.

        Raises:
            Unmet: with the part of the expression that has no value, and why.
        """
        try:
            return self._run(event, customer, journey, catalog)
        except Exception as error:  # noqa: BLE001 - whatever fails in an expression is the expression's failure
            return self._again(error, event, customer, journey, catalog)

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """Whether the condition holds.

        Raises:
            Unmet: if it has no value, or one that is neither true nor false.
        """
        try:
            holds = self._run(event, customer, journey, catalog)
        except Exception as error:  # noqa: BLE001 - as in evaluate, which would be one more call for each event
            holds = self._again(error, event, customer, journey, catalog)
        if holds is True or holds is False:
            return holds
        try:
            return runtime.truth(holds)
        except Unmet as error:
            raise Unmet(self._explain(error)) from None

    def _again(self, error: Exception, *views: Any) -> Any:
        if self._careful is None:
            raise Unmet(self._explain(error)) from None
        try:
            return self._careful(*views)
        except Exception as failure:  # noqa: BLE001 - as above
            raise Unmet(self._explain(failure)) from None

    def _explain(self, error: Exception) -> str:
        line, step = 1, error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == _FILE:
                line = step.tb_lineno
            step = step.tb_next
        text, field = self._places[line - 1]
        if isinstance(error, Unmet):
            return f"{text}: {error}"
        if field is not None and isinstance(error, KeyError):
            return f"{text} has no {field!r}"
        if field is not None and isinstance(error, TypeError):
            return f"{text} is not a map, so it has no {field!r}"
        if isinstance(error, OverflowError):
            return f"{text}: out of range"
        return f"{text} could not be evaluated: {type(error).__name__}"


def compile_expression(source: str, variables: frozenset[str] = frozenset(_VARIABLES)) -> Expression:
    """Compile a CEL expression over some of ``event``, ``customer``, ``journey`` and ``catalog``.

    Raises:
        CelError: if the text is not CEL, or uses names and functions that do not exist.
    """
    if not variables <= set(_VARIABLES):
        raise ValueError(f"an expression is evaluated over {', '.join(_VARIABLES)} only")
    if len(source) > _LONGEST:
        raise CelError(f"an expression may have {_LONGEST} characters, this one has {len(source)}", 1, 1)
    tree = parse(source)
    places: _Places = [(shown(source), None)]
    optimistic = _Generator(source, variables, places, careful=False)
    try:
        run, careful = optimistic.function(tree), None
        if optimistic.has_logic:
            careful = _Generator(source, variables, places, careful=True).function(tree)
    except RecursionError:
        raise CelError("the expression is nested too deeply; split it up", 1, 1) from None
    return Expression(source, frozenset(optimistic.paths), run, careful, places)


_DYNAMIC = object()
_KEYWORDS = {"true": True, "false": False}
_RESERVED = re.compile(
    "as|break|const|continue|else|false|for|function|if|import|in|let|loop|namespace|null|package|return|true|var|void|while"
)
_ORDER: dict[str, tuple[type[ast.cmpop], Callable[[Any, Any], bool], bool]] = {
    "relation_lt": (ast.Lt, runtime.less, False),
    "relation_le": (ast.LtE, runtime.at_most, False),
    "relation_gt": (ast.Gt, runtime.less, True),
    "relation_ge": (ast.GtE, runtime.at_most, True),
}
_ARITHMETIC = {
    "addition_add": runtime.add,
    "addition_sub": runtime.subtract,
    "multiplication_mul": runtime.multiply,
    "multiplication_div": runtime.divide,
    "multiplication_mod": runtime.modulo,
}
_MACROS: dict[tuple[str, int], Callable[..., Any]] = {
    ("all", 2): runtime.all_of,
    ("exists", 2): runtime.any_of,
    ("exists_one", 2): runtime.one_of,
    ("existsOne", 2): runtime.one_of,
    ("filter", 2): runtime.filtered,
    ("map", 2): runtime.mapped,
    ("map", 3): runtime.mapped_where,
}
_MACRO_NAMES = frozenset(name for name, _ in _MACROS)
_PARSED_ONCE: dict[str, Callable[[Any], Any]] = {"timestamp": runtime.to_timestamp, "duration": runtime.to_duration}


@dataclass(frozen=True, slots=True)
class _Code:
    """Python for a part of the expression, and what is known of it before it runs."""

    node: ast.expr
    value: Any = _DYNAMIC
    boolean: bool = False
    path: tuple[str, ...] = ()


class _Generator:
    """Turns a parse tree into one Python function, optimistic or careful."""

    def __init__(self, source: str, variables: frozenset[str], places: _Places, *, careful: bool) -> None:
        self.paths: set[tuple[str, ...]] = set()
        self.has_logic = False
        self._source = source
        self._variables = variables
        self._places = places
        self._careful = careful
        self._namespace: dict[str, Any] = {"__builtins__": {}}
        self._locals: dict[str, str] = {}
        self._count = 0
        self._depth = 0

    def function(self, tree: Tree[Token]) -> _Run:
        """The function of all variables, those that it does not look at included."""
        body = ast.Expression(_lambda(_VARIABLES, self._expression(tree).node))
        for node in ast.walk(body):
            if isinstance(node, ast.expr | ast.arg) and not hasattr(node, "lineno"):
                node.lineno = node.end_lineno = 1
                node.col_offset = node.end_col_offset = 0
        module = compile(body, _FILE, "eval")
        code = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
        return FunctionType(code, self._namespace)

    def _expression(self, tree: Tree[Token]) -> _Code:
        code = self._generated(tree)
        if code.path:
            self.paths.add(code.path)
        return code

    def _generated(self, tree: Tree[Token]) -> _Code:
        tree = bare(tree)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(tree, f"the expression is nested deeper than {_DEEPEST} levels here; split it up")
        generate: Callable[[Tree[Token]], _Code] = getattr(self, f"_{tree.data}")
        code = generate(tree)
        self._depth -= 1
        return code

    # One method for each rule of the grammar that means something.

    def _expr(self, tree: Tree[Token]) -> _Code:
        condition, then, otherwise = (self._expression(child) for child in trees(tree))
        node = ast.IfExp(self._truth(condition, tree), then.node, otherwise.node)
        return _Code(node, boolean=then.boolean and otherwise.boolean)

    def _conditionalor(self, tree: Tree[Token]) -> _Code:
        return self._logic(tree, ast.Or(), decisive=True)

    def _conditionaland(self, tree: Tree[Token]) -> _Code:
        return self._logic(tree, ast.And(), decisive=False)

    def _logic(self, tree: Tree[Token], operator: ast.boolop, *, decisive: bool) -> _Code:
        self.has_logic = True
        whole, parts = tree, []
        while len(tree.children) == 2:
            tree, last = trees(tree)
            parts.append(last)
        operands = [(part, self._expression(part)) for part in [tree, *reversed(parts)]]
        if self._careful:
            outcomes = ast.Tuple([_lambda((), operand.node) for _, operand in operands], ast.Load())
            node = self._call(whole, runtime.decided, ast.Constant(decisive), outcomes)
        else:
            node = ast.BoolOp(operator, [self._truth(operand, part) for part, operand in operands])
        return _Code(node, boolean=True)

    def _relation(self, tree: Tree[Token]) -> _Code:
        operator, right_tree = trees(tree)
        left, right = self._expression(trees(operator)[0]), self._expression(right_tree)
        if operator.data == "relation_in":
            node = self._membership(tree, left, right)
        elif operator.data in _ORDER:
            node = self._order(tree, operator.data, left, right)
        else:
            node = self._equality(tree, left, right, negated=operator.data == "relation_ne")
        return _Code(node, boolean=True)

    def _membership(self, tree: Tree[Token], left: _Code, right: _Code) -> ast.expr:
        if isinstance(right.value, list) and all(map(_is_itself, right.value)):
            items: list[ast.expr] = [_constant(item) for item in right.value]
            return ast.Compare(left.node, [ast.In()], [ast.Tuple(items, ast.Load())])
        return self._call(tree, runtime.contained, left.node, right.node)

    def _order(self, tree: Tree[Token], rule: str, left: _Code, right: _Code) -> ast.expr:
        operator, helper, swapped = _ORDER[rule]
        subject, literal = (left, right) if left.value is _DYNAMIC else (right, left)
        classes = {str: (str,), int: (int, float), float: (float, int)}.get(literal.value.__class__, ())
        if subject.value is not _DYNAMIC or not classes:
            sides = (right.node, left.node) if swapped else (left.node, right.node)
            return self._call(tree, helper, *sides)
        first, again = self._held(subject)
        known = _constant(literal.value)
        sides = (again(), known) if subject is left else (known, again())
        tests = [self._class_is(again() if position else first, kind) for position, kind in enumerate(classes)]
        return ast.IfExp(
            tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests),
            ast.Compare(sides[0], [operator()], [sides[1]]),
            self._call(tree, helper, *(reversed(sides) if swapped else sides)),
        )

    def _equality(self, tree: Tree[Token], left: _Code, right: _Code, *, negated: bool) -> ast.expr:
        subject, literal = (left, right) if left.value is _DYNAMIC else (right, left)
        if subject.value is _DYNAMIC and (literal.value is None or isinstance(literal.value, bool)):
            same: ast.cmpop = ast.IsNot() if negated else ast.Is()
        elif literal.value is not _DYNAMIC and _is_itself(literal.value):
            same = ast.NotEq() if negated else ast.Eq()
        else:
            node = self._call(tree, runtime.equal, left.node, right.node)
            return ast.UnaryOp(ast.Not(), node) if negated else node
        return ast.Compare(subject.node, [same], [_constant(literal.value)])

    def _addition(self, tree: Tree[Token]) -> _Code:
        operator, right = trees(tree)
        left = self._expression(trees(operator)[0])
        return _Code(self._call(tree, _ARITHMETIC[operator.data], left.node, self._expression(right).node))

    _multiplication = _addition

    def _unary(self, tree: Tree[Token]) -> _Code:
        operator, operand = trees(tree)
        code = self._expression(operand)
        if operator.data == "unary_not":
            return _Code(ast.UnaryOp(ast.Not(), self._truth(code, tree)), boolean=True)
        return _Code(self._call(tree, runtime.negate, code.node))

    def _member_dot(self, tree: Tree[Token]) -> _Code:
        owner, field = trees(tree)
        if self._text(tree) in runtime.TYPES:
            return self._known(runtime.TYPES[self._text(tree)])
        if field in ("in", "true", "false", "null"):
            raise self._error(field, f"'{field}' is a word of the language here; write [\"{field}\"]")
        return self._selected(owner, str(field))

    def _member_index(self, tree: Tree[Token]) -> _Code:
        owner, position = trees(tree)
        key = self._expression(position)
        if isinstance(key.value, str):
            return self._selected(owner, key.value)
        return _Code(self._call(tree, runtime.index, self._expression(owner).node, key.node))

    def _selected(self, owner_tree: Tree[Token], field: str) -> _Code:
        owner = self._generated(owner_tree)
        # Python warns of a field of a literal when it compiles, but not of a field of a name.
        value = owner.node if owner.path else self._held(owner)[0]
        node = ast.Subscript(value, ast.Constant(field), ast.Load())
        return _Code(self._placed(node, owner_tree, field), path=(*owner.path, field) if owner.path else ())

    def _member_dot_arg(self, tree: Tree[Token]) -> _Code:
        receiver, name, *rest = trees(tree)
        arguments = trees(rest[0]) if rest else []
        if name in _MACRO_NAMES:
            return self._macro(tree, receiver, name, arguments)
        function = runtime.METHODS.get(name)
        if function is None:
            known = [*runtime.METHODS, *_MACRO_NAMES]
            hint = f"; write {name}(x)" if name in runtime.FUNCTIONS else _nearest(name, known)
            raise self._error(name, f"a value has no function '{name}'{hint}")
        return self._called(tree, name, function, [receiver, *arguments])

    def _ident_arg(self, tree: Tree[Token]) -> _Code:
        name, *rest = trees(tree)
        arguments = trees(rest[0]) if rest else []
        if name in ("has", "dyn"):
            if len(arguments) != 1:
                raise self._error(name, f"{name}() has one argument")
            return self._has(arguments[0]) if name == "has" else self._expression(arguments[0])
        function = runtime.FUNCTIONS.get(name)
        if function is None:
            known = [*runtime.FUNCTIONS, "has", "dyn"]
            hint = f"; write x.{name}()" if name in runtime.METHODS or name in _MACRO_NAMES else _nearest(name, known)
            raise self._error(name, f"there is no function '{name}'{hint}")
        return self._called(tree, name, function, arguments)

    _dot_ident_arg = _ident_arg

    def _called(self, tree: Tree[Token], name: Token, function: runtime.Function, arguments: list[Any]) -> _Code:
        if not function.fewest <= len(arguments) <= function.most:
            amount = "few" if len(arguments) < function.fewest else "many"
            raise self._error(name, f"{name}() is called with too {amount} arguments")
        codes = [self._expression(argument) for argument in arguments]
        nodes = [code.node for code in codes]
        last = codes[-1].value
        if isinstance(last, str) and name in _PARSED_ONCE:
            return self._known(self._now(name, _PARSED_ONCE[name], last))
        if isinstance(last, str) and name == "matches":
            pattern = self._global(self._now(name, runtime.regex, last))
            return _Code(self._call(tree, runtime.found, nodes[0], pattern), boolean=True)
        return _Code(self._call(tree, function.call, *nodes))

    def _now(self, place: Token, parse: Callable[[Any], Any], literal: str) -> Any:
        try:
            return parse(literal)
        except Unmet as error:
            raise self._error(place, str(error)) from None

    def _has(self, argument: Tree[Token]) -> _Code:
        selection = bare(argument)
        if selection.data != "member_dot":
            raise self._error(selection, "has() takes a field, as in has(event.properties.total)")
        owner_tree, field = trees(selection)
        owner = self._generated(owner_tree)
        if owner.path:
            self.paths.add((*owner.path, str(field)))
        first, again = self._held(owner)
        inline = ast.Compare(ast.Constant(str(field)), [ast.In()], [again()])
        slow = self._call(owner_tree, runtime.has, again(), ast.Constant(str(field)))
        return _Code(ast.IfExp(self._class_is(first, dict), inline, slow), boolean=True)

    def _macro(self, tree: Tree[Token], receiver: Tree[Token], name: Token, arguments: list[Any]) -> _Code:
        macro = _MACROS.get((str(name), len(arguments)))
        variable = bare(arguments[0]) if arguments else None
        if macro is None:
            raise self._error(name, f"{name}() is written list.{name}(x, ...)")
        if variable is None or variable.data != "ident" or _RESERVED.fullmatch(str(variable.children[0])):
            raise self._error(variable, f"the first argument of {name}() is a new name, such as x")
        range_ = self._expression(receiver)
        outer, local = self._locals, self._new("v")
        self._locals = outer | {str(variable.children[0]): local}
        bodies = [_lambda((local,), self._expression(body).node) for body in arguments[1:]]
        self._locals = outer
        return _Code(self._call(tree, macro, range_.node, *bodies), boolean=name not in ("filter", "map"))

    def _member_object(self, tree: Tree[Token]) -> _Code:
        raise self._error(tree, "messages are not supported; write a map, as in {'name': 1}")

    def _ident(self, tree: Tree[Token]) -> _Code:
        name = trees(tree)[0]
        if name in _KEYWORDS:
            return self._known(_KEYWORDS[name])
        if name in self._locals:
            return _Code(_name(self._locals[name]))
        return self._dot_ident(tree)

    def _dot_ident(self, tree: Tree[Token]) -> _Code:
        name = str(tree.children[0])
        if name in self._variables:
            return _Code(_name(name), path=(name,))
        if name in runtime.TYPES:
            return self._known(runtime.TYPES[name])
        known = [*self._locals, *sorted(self._variables)]
        raise self._error(tree, f"there is no '{name}' here{_nearest(name, known) or '; use ' + ', '.join(known)}")

    def _list_lit(self, tree: Tree[Token]) -> _Code:
        items = [self._expression(item) for child in trees(tree) for item in trees(child)]
        node = ast.List([item.node for item in items], ast.Load())
        values = [item.value for item in items]
        return _Code(node, _DYNAMIC if _DYNAMIC in values else values)

    def _map_lit(self, tree: Tree[Token]) -> _Code:
        parts = [self._expression(part) for child in trees(tree) for part in trees(child)]
        keys, values = parts[::2], parts[1::2]
        distinct = {key.value for key in keys if isinstance(key.value, str)}
        if len(distinct) == len(keys):
            return _Code(ast.Dict([key.node for key in keys], [value.node for value in values]))
        pairs = [ast.Tuple([key.node, value.node], ast.Load()) for key, value in zip(keys, values, strict=True)]
        return _Code(self._call(tree, runtime.new_map, *pairs))

    def _literal(self, tree: Tree[Token]) -> _Code:
        return self._known(literal(self._source, tree))

    # Building blocks.

    def _truth(self, code: _Code, tree: Tree[Token]) -> ast.expr:
        if code.boolean:
            return code.node
        first, again = self._held(code)
        return ast.IfExp(self._class_is(first, bool), again(), self._call(tree, runtime.truth, again()))

    def _held(self, code: _Code) -> tuple[ast.expr, Callable[[], ast.expr]]:
        """The value as it is computed, and the same once more."""
        if isinstance(code.node, ast.Name):
            return code.node, functools.partial(_name, code.node.id)
        held = self._new("t")
        return ast.NamedExpr(ast.Name(held, ast.Store()), code.node), functools.partial(_name, held)

    def _class_is(self, value: ast.expr, kind: type) -> ast.expr:
        return ast.Compare(ast.Attribute(value, "__class__", ast.Load()), [ast.Is()], [self._global(kind)])

    def _known(self, value: Any) -> _Code:
        plain = value is None or value.__class__ in (bool, int, float, str, bytes)
        return _Code(ast.Constant(value) if plain else self._global(value), value, boolean=isinstance(value, bool))

    def _global(self, value: Any) -> ast.expr:
        name = f"g{id(value)}"  # the namespace keeps the value, so that its id stays its own
        self._namespace[name] = value
        return _name(name)

    def _call(self, tree: Tree[Token], function: Callable[..., Any], *arguments: ast.expr) -> ast.expr:
        return self._placed(ast.Call(self._global(function), list(arguments), []), tree)

    def _placed(self, node: ast.expr, tree: Tree[Token], field: str | None = None) -> ast.expr:
        self._places.append((shown(self._text(tree)), field))
        node.lineno = node.end_lineno = len(self._places)
        node.col_offset = node.end_col_offset = 0
        return node

    def _new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _text(self, tree: Tree[Token]) -> str:
        return self._source[tree.meta.start_pos : tree.meta.end_pos]

    def _error(self, place: Any, message: str) -> CelError:
        at = place.start_pos if hasattr(place, "start_pos") else place.meta.start_pos
        return error_at(self._source, at, message)


def _is_itself(value: Any) -> bool:
    """Whether ``==`` in Python is CEL's for this value: only 0 and 1 could be meant by a bool."""
    return value is None or value.__class__ in (str, bytes) or (isinstance(value, int | float) and value not in (0, 1))


def _constant(value: Any) -> ast.expr:
    return ast.Constant(int(value) if value.__class__ is runtime.Uint else value)


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _lambda(parameters: Iterable[str], body: ast.expr) -> ast.Lambda:
    arguments = ast.arguments([], [ast.arg(name) for name in parameters], None, [], [], None, [])
    return ast.Lambda(arguments, body)


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""
