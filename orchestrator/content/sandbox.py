"""Templates that can neither reach out nor run away: a part of Jinja2 in its sandbox.

What may stand in a template is listed here; all else is refused when it is compiled. What is left can loop and make
texts only within bounds. A missing value and a null are the same: an error, unless ``default`` or ``is defined`` asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from inspect import signature, unwrap
from itertools import islice
from typing import Any, Final, cast

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from orchestrator.content.filters import FILTERS, LONGEST, TOO_LONG, join, shown

VARIABLES: Final = ("event", "customer", "journey")
MOST_TURNS: Final = 10_000
"""The most turns of all loops of one text together."""

# No template can write these names.
_TURNS: Final = "\x00turns"
_CONCAT: Final = "\x00concat"
_PLAIN: Final = "\x00plain"
_SHOWN: Final = "\x00shown"
_STATEMENTS: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign)
_EXPRESSIONS: Final = (
    nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Concat, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip
_LINK_FOLLOWS = re.compile(r"""\b(?:href|src|action|formaction|background|poster)\s*=\s*["']?\s*$""", re.IGNORECASE)
_WIDEST_INTEGER: Final = 256


class TemplateError(ValueError):
    """A text that is no template of ours; ``line`` counts from 1 within the text."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Missing(StrictUndefined):
    """A value that is not there; what is looked up in it is missing too."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        return f"'{self._undefined_name}' is missing: give it a default, as in {{{{ … | default('') }}}}"


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 over plain data: a dot looks up keys and nothing else."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def __init__(self, html: bool) -> None:
        # Not optimized: what Jinja2 would fold to a constant may fail, and then would fail for want of a customer.
        super().__init__(
            undefined=Missing,
            autoescape=html,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
        )
        self.globals = {"range": _range}
        self.filters = {**FILTERS, _CONCAT: join, _TURNS: _counted, _PLAIN: _plain, _SHOWN: _shown}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value under a key; of what is no map, a harmless attribute such as ``year`` of a moment."""
        if isinstance(obj, dict):
            try:
                value = obj[attribute]
            except KeyError:
                return Missing(name=attribute)
            return Missing(name=attribute) if value is None else value
        if isinstance(obj, Undefined):
            return obj
        value = super().getattr(obj, attribute)
        return Missing(name=attribute) if value is None else value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The value under a key or at a position."""
        if isinstance(obj, Undefined) or isinstance(argument, Undefined):
            return obj if isinstance(obj, Undefined) else argument
        try:
            value = obj[argument]
        except (KeyError, IndexError, TypeError):
            return Missing(name=str(argument))
        return Missing(name=str(argument)) if value is None else value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers, and ``+`` on texts and lists, within bounds."""
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers and (operator != "+" or type(left) is not type(right)):
            raise ValueError(f"'{operator}' needs two numbers")
        value = super().call_binop(context, operator, left, right)
        if isinstance(value, int) and value.bit_length() > _WIDEST_INTEGER:
            raise ValueError("a number is too large")
        if isinstance(value, str | list | tuple) and len(value) > LONGEST:
            raise ValueError(TOO_LONG)
        return value


Run = Callable[[Mapping[str, Any]], str]
"""A compiled template: from the names of ``names_of`` to a text."""


def names_of(event: Any, customer: Any, journey: Any) -> dict[str, Any]:
    """What the templates of one action see; the bound on loops is counted in it."""
    return {"event": event, "customer": customer, "journey": journey, "range": _range, _TURNS: [MOST_TURNS]}


@lru_cache(maxsize=8192)
def compile_template(source: str, html: bool) -> Run:
    """The template as a function; equal texts are compiled once.

    Raises:
        TemplateError: with the line in the text.
    """
    environment = _ENVIRONMENTS[html]
    try:
        tree = environment.parse(source)
        _check(tree)
        code = environment.compile(_Bounds(html).visit(tree))
    except TemplateSyntaxError as error:
        raise TemplateError(_sentence(error.message or ""), error.lineno) from None
    except (RecursionError, SyntaxError, MemoryError):  # Python's own bounds on what Jinja2 makes of it
        raise TemplateError("the template is nested too deeply: split it up", 1) from None
    template = Template.from_code(environment, code, {})
    root, context_class = template.root_render_func, environment.context_class

    def run(names: Mapping[str, Any]) -> str:
        pieces, size = [], 0
        for piece in root(context_class(environment, names, None, {})):  # type: ignore[arg-type]
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                raise ValueError(TOO_LONG)
        return "".join(pieces)

    return run


def _check(tree: nodes.Template) -> None:
    known = {*VARIABLES, "range", "loop", *(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")}
    for node in _descendants(tree):
        if isinstance(node, nodes.Filter):
            _check_filter(node)
        if isinstance(node, nodes.Test) and node.name not in _ENVIRONMENTS[False].tests:
            raise TemplateError(_unknown("test", node.name, _ENVIRONMENTS[False].tests), node.lineno)
        if isinstance(node, nodes.Name) and node.name not in known:
            raise TemplateError(_unknown("name", node.name, VARIABLES), node.lineno)
        if isinstance(node, nodes.Call):
            _check_call(node)
        elif not isinstance(node, _STATEMENTS + _EXPRESSIONS):
            raise TemplateError(f"{type(node).__name__.lower()} cannot be used in templates here", node.lineno)
        if isinstance(node, nodes.For) and node.recursive:
            raise TemplateError("a loop cannot be recursive here", node.lineno)


def _check_filter(node: nodes.Filter) -> None:
    function = FILTERS.get(node.name)
    if function is None:
        raise TemplateError(_unknown("filter", node.name, FILTERS), node.lineno)
    passed = hasattr(unwrap(function), "jinja_pass_arg")
    given = [None] * (len(node.args) + (2 if passed else 1))
    try:
        signature(function).bind(*given, **{str(argument.key): None for argument in node.kwargs})
    except TypeError as error:
        raise TemplateError(f"the filter '{node.name}' cannot be used so: {error}", node.lineno) from None


def _check_call(node: nodes.Call) -> None:
    called = node.node
    if isinstance(called, nodes.Name) and called.name == "range":
        return
    if isinstance(called, nodes.Getattr):
        if called.attr == "items" and not node.args:
            return
        if called.attr == "get":
            raise TemplateError("get() cannot be called here: write {{ … | default('') }}", node.lineno)
        raise TemplateError(
            f"{called.attr}() cannot be called here: use a filter, as in {{{{ … | upper }}}}", node.lineno
        )
    raise TemplateError("only range() can be called here", node.lineno)


def _descendants(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _descendants(child)


class _Bounds(NodeTransformer):
    """Puts a bound on all that can grow, and a check on each link in HTML."""

    def __init__(self, html: bool) -> None:
        self._html = html

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _filtered(node.iter, _TURNS)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), _CONCAT)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        return _filtered(node.node.node, "items") if isinstance(node.node, nodes.Getattr) else node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        self.generic_visit(node)
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        node.items = [self._plain(item) for item in node.items]
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        if node.ctx == "load":
            node.items = [self._plain(item) for item in node.items]
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        node.value = self._plain(node.value)
        return node

    @staticmethod
    def _plain(node: nodes.Expr) -> nodes.Expr:
        # Else a list of itself twice, a few times over, takes for ever to compare.
        return node if isinstance(node, nodes.Literal) else _filtered(node, _PLAIN)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        before = ""
        for at, part in enumerate(node.nodes):
            if isinstance(part, nodes.TemplateData):
                before = part.data
            else:
                in_link = self._html and _LINK_FOLLOWS.search(before)
                node.nodes[at] = _filtered(part, "link" if in_link else _SHOWN)
                before = ""
        return node


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, lineno=node.lineno)


# Not ``finalize``, which Jinja2 asks only after it has escaped a constant.
@pass_context
def _shown(_context: Context, value: Any) -> Any:
    return value if value.__class__ is str else shown(value)


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> list[Any]:
    left = context.parent[_TURNS]
    items = list(islice(values, left[0] + 1))
    left[0] -= len(items)
    if left[0] < 0:
        raise ValueError(f"its loops have more than {MOST_TURNS} turns")
    return items


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        raise ValueError("a list or a map that is made in a template can hold texts and numbers only")
    return value


def _range(*bounds: Any) -> range:
    for bound in bounds:
        if isinstance(bound, Undefined):
            str(bound)
    numbers = range(*bounds)
    if len(numbers) > MOST_TURNS:
        raise ValueError(f"a range has more than {MOST_TURNS} numbers")
    return numbers


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"
    return f"the {what} '{name}' is unknown: {hint}"


def _sentence(message: str) -> str:
    return message.rstrip(".").replace("'end of print statement'", "'}}'").replace("'end of statement block'", "'%}'")


_ENVIRONMENTS: Final = {html: Environment(html) for html in (False, True)}
