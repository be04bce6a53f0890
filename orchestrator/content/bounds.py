"""Puts a bound on all in a template that can grow, and makes each value safe for the place where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from orchestrator.content.grammar import FUNCTIONS, TemplateError
from orchestrator.content.markup import IN_LINK, IN_TEXT, Need, Place, Within, after, after_value, meet, need

# No template can write these names.
TURNS: Final = "\x00turns"
CONCAT: Final = "\x00concat"
PLAIN: Final = "\x00plain"
SHOWN: Final = "\x00shown"
MEASURED: Final = "\x00measured"
LINK_PART: Final = "\x00link-part"
LINK_PIECE: Final = "\x00link-piece"
CSS: Final = "\x00css"

_WITHOUT_VALUES: Final = (Within.TEXT, Within.RAW, Within.COMMENT)


class Kind(StrEnum):
    """What a template makes."""

    TEXT = "text"
    HTML = "html"
    LINK = "link"


def bound(tree: nodes.Template, kind: Kind, *, partial: bool = False) -> nodes.Template:
    """The tree with its bounds; of a partial, all output is measured, for others may use it in a loop.

    Raises:
        TemplateError: a value stands where nothing makes it safe.
    """
    if kind is not Kind.TEXT:
        place = IN_TEXT if kind is Kind.HTML else IN_LINK
        end = _Values().through(tree.body, place)
        if partial and kind is Kind.HTML and end.within is not Within.TEXT:
            raise TemplateError(f"it ends in {end.within.value}", _last_line(tree))
    bounded = cast("nodes.Template", _Bounds(measured=partial).visit(tree))
    if partial:
        bounded.body.insert(0, _one_turn(1))
    return bounded


class _Values:
    """Goes through a template in the order in which it is rendered, and wraps each value as its place needs it."""

    def through(self, body: Iterable[nodes.Node], place: Place) -> Place:
        for node in body:
            place = self._node(node, place)
        return place

    def _node(self, node: nodes.Node, place: Place) -> Place:
        if isinstance(node, nodes.Output):
            return self._output(node, place)
        if isinstance(node, nodes.If):
            return self._if(node, place)
        if isinstance(node, nodes.For):
            return self._for(node, place)
        if isinstance(node, nodes.Macro):
            end = self.through(node.body, IN_TEXT)
            if end.within is not Within.TEXT:
                raise TemplateError(f"the macro '{node.name}' ends in {end.within.value}", node.lineno)
        if isinstance(node, nodes.Include) and place.within not in (*_WITHOUT_VALUES, Within.LINK):
            raise TemplateError(f"a partial cannot be included in {place.within.value}", node.lineno)
        return place

    def _if(self, node: nodes.If, place: Place) -> Place:
        ways = [node.body, *(part.body for part in node.elif_), node.else_]
        end = meet([self.through(way, place) for way in ways])
        if end is None:
            raise TemplateError("the ways of this if must end alike: begin and end a tag in the same one", node.lineno)
        return end

    def _for(self, node: nodes.For, place: Place) -> Place:
        again = place if place.begun else replace(place, begun=None)
        end = meet([again, self.through(node.body, again), self.through(node.else_, place)])
        if end is None:
            raise TemplateError("this loop must end as it begins: begin and end a tag within it", node.lineno)
        return end

    def _output(self, node: nodes.Output, place: Place) -> Place:
        for at, part in enumerate(node.nodes):
            if isinstance(part, nodes.TemplateData):
                place = after(place, part.data)
            else:
                node.nodes[at] = _made_safe(part, place)
                place = after_value(place)
        return place


def _made_safe(part: nodes.Expr, place: Place) -> nodes.Expr:
    try:
        needed = need(place)
    except ValueError as error:
        raise TemplateError(str(error), part.lineno) from None
    if needed is Need.LINK:
        return filtered(part, "link")
    if needed is Need.CSS:
        return filtered(part, CSS)
    if needed is Need.PART_OF_LINK and not (isinstance(part, nodes.Filter) and part.name == "urlencode"):
        return filtered(part, LINK_PIECE if isinstance(part, nodes.Call) else LINK_PART)
    return part


class _Bounds(NodeTransformer):
    def __init__(self, *, measured: bool) -> None:
        self._measured = measured

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = filtered(node.iter, TURNS)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        # What a macro says is gathered before it goes on, so it must be measured there.
        measured, self._measured = self._measured, True
        self.generic_visit(node)
        self._measured = measured
        node.body.insert(0, _one_turn(node.lineno))
        return node

    def visit_FromImport(self, node: nodes.FromImport) -> nodes.Node:
        # With the context come the bounds, and the customer.
        node.with_context = True
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return filtered(nodes.List(node.nodes, lineno=node.lineno), CONCAT)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr):
            return filtered(node.node.node, "items")
        listed = isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS
        return node if listed else filtered(node, MEASURED)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        self.generic_visit(node)
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        node.items = [_plain(item) for item in node.items]
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        if node.ctx == "load":
            node.items = [_plain(item) for item in node.items]
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        node.value = _plain(node.value)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        self.generic_visit(node)
        show = MEASURED if self._measured else SHOWN
        node.nodes = [part if isinstance(part, nodes.TemplateData) else filtered(part, show) for part in node.nodes]
        return node


def filtered(node: nodes.Node, name: str) -> nodes.Filter:
    """The node behind a filter."""
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, lineno=node.lineno)


def _plain(node: nodes.Expr) -> nodes.Expr:
    # Else a list of itself twice, a few times over, takes for ever to compare.
    return node if isinstance(node, nodes.Literal) else filtered(node, PLAIN)


def _one_turn(line: int) -> nodes.Node:
    """What counts as one turn of a loop: partials and macros can use each other twice, and those twice again."""
    one = nodes.List([nodes.Const(1, lineno=line)], lineno=line)
    return nodes.ExprStmt(filtered(one, TURNS), lineno=line)


def _last_line(tree: nodes.Template) -> int:
    lines: Sequence[int] = [node.lineno for node in tree.find_all(nodes.Node) if node.lineno]
    return max(lines, default=1)
