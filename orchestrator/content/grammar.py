"""Rules of this file: what may stand in a template. All else is refused when it is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature, unwrap
from typing import Final

from jinja2 import nodes
from jinja2.tests import TESTS

from orchestrator.content.filters import FILTERS
from orchestrator.content.formats import CHECKS, FORMATS, check_part

VARIABLES: Final = ("event", "customer", "journey", "catalog", "edit", "survey")
RECOMMEND: Final = "recommend"
FUNCTIONS: Final = ("range", RECOMMEND)
"""What can be called, beside macros."""

_STATEMENTS: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign,
    nodes.Include, nodes.FromImport, nodes.Macro,
)  # fmt: skip
_EXPRESSIONS: Final = (
    nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Concat, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip


class TemplateError(ValueError):
    """A text that is no template of ours; ``line`` counts from 1 within the text, or within ``partial``."""

    def __init__(self, message: str, line: int, partial: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.partial = partial


@dataclass(frozen=True, slots=True)
class Partial:
    """What others need to know of a partial: the macros and names that it has, and on which lines it uses which."""

    macros: Mapping[str, nodes.Macro]
    names: frozenset[str]
    uses: Mapping[str, int]


def partial_of(tree: nodes.Template) -> Partial:
    """What a partial's tree offers and uses."""
    macros = {node.name: node for node in tree.body if isinstance(node, nodes.Macro)}
    assigned = {
        name.name
        for node in tree.body
        if isinstance(node, nodes.Assign)
        for name in node.find_all(nodes.Name)
        if name.ctx == "store"
    }
    return Partial(macros, frozenset(assigned), dict(_used_by(tree)))


def _used_by(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    for node in tree.find_all((nodes.Include, nodes.FromImport)):
        template = node.template  # type: ignore[attr-defined]
        if isinstance(template, nodes.Const) and isinstance(template.value, str):
            yield template.value, node.lineno


def check(tree: nodes.Template, partials: Mapping[str, Partial]) -> None:
    """Checks all of a template; ``partials`` are those that it may use.

    Raises:
        TemplateError: with the first thing that may not stand in it.
    """
    known = {*VARIABLES, *FUNCTIONS, "loop", *_bound(tree)}
    callable_: dict[str, nodes.Macro | None] = {node.name: node for node in tree.find_all(nodes.Macro)}
    for node in _descendants(tree):
        if isinstance(node, nodes.Include | nodes.FromImport):
            _check_use(node, partials)
        if isinstance(node, nodes.FromImport):
            callable_ |= _imported(node, partials)
    for node in _descendants(tree):
        _check_node(node, known, callable_)


def _bound(tree: nodes.Template) -> Iterator[str]:
    for name in tree.find_all(nodes.Name):
        if name.ctx != "load":
            yield name.name
    for macro in tree.find_all(nodes.Macro):
        yield macro.name
    for node in tree.find_all(nodes.FromImport):
        for listed in node.names:
            yield listed[1] if isinstance(listed, tuple) else listed


def _check_use(node: nodes.Include | nodes.FromImport, partials: Mapping[str, Partial]) -> None:
    name = node.template.value if isinstance(node.template, nodes.Const) else None
    if not isinstance(name, str):
        raise TemplateError('name the partial itself, as in {% include "footer" %}', node.lineno)
    if name not in partials:
        raise TemplateError(unknown("partial", name, partials), node.lineno)
    if isinstance(node, nodes.Include) and (node.ignore_missing or not node.with_context):
        raise TemplateError('write no more than {% include "footer" %}', node.lineno)


def _imported(node: nodes.FromImport, partials: Mapping[str, Partial]) -> dict[str, nodes.Macro | None]:
    assert isinstance(node.template, nodes.Const)
    partial = partials[node.template.value]
    found: dict[str, nodes.Macro | None] = {}
    for listed in node.names:
        name, alias = listed if isinstance(listed, tuple) else (listed, listed)
        if name in partial.macros:
            found[alias] = partial.macros[name]
        elif name not in partial.names:
            hint = unknown("name", name, [*partial.macros, *partial.names])
            raise TemplateError(f"{hint} in the partial '{node.template.value}'", node.lineno)
    return found


def _check_node(node: nodes.Node, known: set[str], macros: Mapping[str, nodes.Macro | None]) -> None:
    if isinstance(node, nodes.Filter):
        _check_filter(node)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise TemplateError(unknown("test", node.name, TESTS), node.lineno)
    if isinstance(node, nodes.Name) and node.name not in known:
        raise TemplateError(unknown("name", node.name, VARIABLES), node.lineno)
    if isinstance(node, nodes.Call):
        _check_call(node, macros)
    elif not isinstance(node, _STATEMENTS + _EXPRESSIONS):
        raise TemplateError(f"{type(node).__name__.lower()} cannot be used in templates here", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateError("a loop cannot be recursive here", node.lineno)


def _check_filter(node: nodes.Filter) -> None:
    function = FILTERS.get(node.name)
    if function is None:
        raise TemplateError(unknown("filter", node.name, FILTERS), node.lineno)
    passed = hasattr(function, "jinja_pass_arg") or hasattr(unwrap(function), "jinja_pass_arg")
    before = [None] * (2 if passed else 1)
    try:
        named = {str(argument.key): argument.value for argument in node.kwargs}
        bound = signature(function).bind(*before, *node.args, **named)
        if node.name in FORMATS:
            for name, value in bound.arguments.items():
                if isinstance(value, nodes.Const) and value.value is not None and name in CHECKS:
                    CHECKS[name](value.value)
                    if name == "form":
                        check_part(node.name, value.value)
    except TypeError as error:
        raise TemplateError(f"the filter '{node.name}' cannot be used so: {error}", node.lineno) from None
    except ValueError as error:
        raise TemplateError(str(error), node.lineno) from None


def _check_call(node: nodes.Call, macros: Mapping[str, nodes.Macro | None]) -> None:
    called = node.node
    if isinstance(called, nodes.Name):
        macro = macros.get(called.name)
        if macro is not None:
            _check_arguments(node, called.name, [argument.name for argument in macro.args])
            return
        if called.name == RECOMMEND:
            _check_arguments(node, RECOMMEND, ["count", "category", "beside"])
        if called.name in FUNCTIONS:
            return
    if isinstance(called, nodes.Getattr):
        if called.attr == "items" and not node.args:
            return
        if called.attr == "get":
            raise TemplateError("get() cannot be called here: write {{ … | default('') }}", node.lineno)
        raise TemplateError(
            f"{called.attr}() cannot be called here: use a filter, as in {{{{ … | upper }}}}", node.lineno
        )
    raise TemplateError("only range(), recommend() and macros can be called here", node.lineno)


def _check_arguments(node: nodes.Call, name: str, arguments: list[str]) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateError(f"give {name}() its arguments one by one", node.lineno)
    if len(node.args) > len(arguments):
        takes = f"({', '.join(arguments)})" if arguments else "no arguments"
        raise TemplateError(f"{name}() takes {takes}, and {len(node.args)} are given", node.lineno)
    for argument in node.kwargs:
        if argument.key not in arguments:
            raise TemplateError(f"{unknown('argument', argument.key, arguments)} in {name}()", node.lineno)


def _descendants(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _descendants(child)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that there is not."""
    choices = sorted(known)
    near = get_close_matches(name, choices, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(choices)}" if choices else "there is none"
    return f"the {what} '{name[:80]}' is unknown: {hint}"


def sentence(message: str) -> str:
    """What Jinja2 says, in the words of a template."""
    return message.rstrip(".").replace("'end of print statement'", "'}}'").replace("'end of statement block'", "'%}'")
