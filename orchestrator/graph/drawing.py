"""A journey as SVG: made of a layout and measured texts, without a browser, fonts or other programs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from orchestrator.graph.graph import Edge, Graph, Node
from orchestrator.graph.layout import GAP_Y, Box, Layout, Link, Route, Size, lay_out

_MARGIN: Final = 24.0
_PAD_X: Final = 14.0
_PAD_Y: Final = 9.0
_WIDEST: Final = 250.0
_WIDEST_LABEL: Final = 190.0
_MOST_LINES: Final = 6
_LINE: Final = 16.0
_BEND: Final = 14.0

_TITLE: Final = ("title", 13.0, True)
_DETAIL: Final = ("detail", 11.5, False)
_CODE: Final = ("code", 11.0, False)
_HEAD: Final = ("head", 16.0, True)

_BREAK: Final = re.compile(r"\S+?(?:[./_,](?=\S)|(?=\s|$))|\s+")

# Wider than the widest of the usual fonts, so that no text is clipped where another one is installed.
_EMS: Final = {
    **dict.fromkeys("ijl.,:;'|!`", 0.36),
    **dict.fromkeys('frtI()[]{}/\\ -"', 0.46),
    **dict.fromkeys("mwMW@%—", 1.02),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&#", 0.8),
}
_EM: Final = 0.66
_CODE_EM: Final = 0.63
_BOLD: Final = 1.1

_COLOURS: Final = {
    "entry": ("#e3f4e6", "#2f8f46"),
    "exit": ("#fdeeee", "#c25450"),
    "goal": ("#fff6da", "#b58a12"),
    "wait": ("#eef2f7", "#64748b"),
    "branch": ("#f3ecfb", "#8250c4"),
    "split": ("#f3ecfb", "#8250c4"),
    "act": ("#e3eefc", "#2463c0"),
    "goto": ("#f4f4f5", "#71717a"),
    "end": ("#f4f4f5", "#71717a"),
}
_OTHER: Final = ("#eef7f8", "#28838f")

_STYLE: Final = """
text { font-family: "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1f2937; }
.title { font-size: 13px; font-weight: 600; }
.detail { font-size: 11.5px; fill: #4b5563; }
.code, .label { font-size: 11px; fill: #4b5563; font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.head { font-size: 16px; font-weight: 600; }
.line { fill: none; stroke: #64748b; stroke-width: 1.3; }
.back { stroke-dasharray: 5 4; }
"""


_ARROW: Final = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a text, and its style: class, size in pixels, and whether it is bold."""

    text: str
    style: tuple[str, float, bool]


def svg(graph: Graph) -> str:
    """The picture, as a text of SVG that stands alone."""
    texts = {node.id: _lines_of(node) for node in graph.nodes}
    labels = [_wrapped(edge.label, _CODE, _WIDEST_LABEL) for edge in graph.edges]
    layout = lay_out(
        {name: _box_size(lines) for name, lines in texts.items()},
        [
            Link(edge.source, edge.target, _text_size(label) if label else None)
            for edge, label in zip(graph.edges, labels, strict=True)
        ],
    )
    head = [*_wrapped(graph.journey, _HEAD, 600.0), *_wrapped(graph.description, _DETAIL, 600.0)]
    head_size = _text_size(head)
    shift = _MARGIN, 2 * _MARGIN + head_size.height
    width = max(layout.size.width, head_size.width) + 2 * _MARGIN
    height = layout.size.height + head_size.height + 3 * _MARGIN
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label={quoteattr(f"journey {graph.journey}")}>',
        f"<style>{_STYLE}</style>",
        _ARROW,
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="#ffffff"/>',
        *_text(head, _MARGIN, _MARGIN, middle=False),
        f'<g transform="translate({shift[0]:.1f} {shift[1]:.1f})">',
        *_edges(layout, graph.edges, labels),
        *(part for node in graph.nodes for part in _node(node, layout.boxes[node.id], texts[node.id])),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lines_of(node: Node) -> list[_Line]:
    lines = _wrapped(node.title, _TITLE, _WIDEST)
    for detail in node.detail:
        lines += _wrapped(detail, _DETAIL, _WIDEST)
    for code in node.code:
        lines += _wrapped(code, _CODE, _WIDEST)
    return lines


def _node(node: Node, box: Box, lines: list[_Line]) -> Iterator[str]:
    fill, stroke = _COLOURS.get(node.kind, _OTHER)
    round_ = box.size.height / 2 if node.kind in ("entry", "end") else 7
    yield f"<g id={quoteattr(_printable(node.id))} class={quoteattr(f'node {node.kind}')}>"
    yield f"<title>{_escaped(': '.join([node.kind, node.title, *node.detail, *node.code]))}</title>"
    yield (
        f'<rect x="{box.left:.1f}" y="{box.y:.1f}" width="{box.size.width:.1f}" height="{box.size.height:.1f}" '
        f'rx="{round_:.1f}" fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>'
    )
    yield from _text(lines, box.x, box.y + _PAD_Y, middle=True)
    yield "</g>"


def _edges(layout: Layout, edges: Iterable[Edge], labels: Iterable[list[_Line]]) -> Iterator[str]:
    starts = _Ports(layout, leaving=True)
    ends = _Ports(layout, leaving=False)
    for edge, label, route in zip(edges, labels, layout.routes, strict=True):
        title = f"<title>{_escaped(edge.label)}</title>"
        if route.back:
            yield f'<path class="line back" d="{_back_path(route)}" marker-end="url(#arrow)">{title}</path>'
        else:
            path = _path(route, layout, starts.next(edge.source), ends.next(edge.target))
            yield f'<path class="line" d="{path}" marker-end="url(#arrow)">{title}</path>'
        if route.text is not None:
            yield from _text(label, route.text.x, route.text.y, middle=True)


class _Ports:
    """Where the edges of a box begin or end: side by side, in the order in which they lead apart."""

    def __init__(self, layout: Layout, *, leaving: bool) -> None:
        self._places: dict[str, list[float]] = {}
        ways: dict[str, list[tuple[float, int]]] = {}
        for number, route in enumerate(layout.routes):
            if not route.back:
                name = route.link.source if leaving else route.link.target
                beyond = route.through[1] if leaving else route.through[-2]
                ways.setdefault(name, []).append((beyond.x, number))
        for name, found in ways.items():
            box, apart = layout.boxes[name], min(40.0, (layout.boxes[name].size.width - 24) / len(found))
            rank = {number: at for at, (_, number) in enumerate(sorted(found))}
            middle = (len(found) - 1) / 2
            self._places[name] = [box.x + (rank[number] - middle) * apart for _, number in found]

    def next(self, name: str) -> float:
        """The place of the box's next edge, in the order of the edges."""
        return self._places[name].pop(0)


def _path(route: Route, layout: Layout, start: float, end: float) -> str:
    """Down from box to box: straight within a layer, curved between two."""
    x, parts = start, [f"M{start:.1f} {route.through[0].bottom:.1f}"]
    for box, following in pairwise(route.through):
        band = next(bottom for top, bottom in layout.bands if top == box.y)
        to_x = end if following is route.through[-1] else following.x
        if box is route.text:
            parts.append(f"M{x:.1f} {box.bottom + 2:.1f}")
        parts += [f"L{x:.1f} {band:.1f}", _curve(x, band, to_x, following.y)]
        x = to_x
    return "".join(parts)


def _back_path(route: Route) -> str:
    """Out of the side of a box, up beside it, and into the side of the other one."""
    source, target, lanes = route.through[0], route.through[-1], route.through[1:-1]
    y, to_y = (source.y + source.size.height * 0.75, target.y + target.size.height * 0.25)
    # A step that leads to itself has its text beside the line, since there is no room above it.
    text = route.text if len(lanes) > 1 else None
    x = lanes[0].x if text is route.text else lanes[0].left - 6
    radius = _BEND if text is None else min(_BEND, y - text.bottom - 2)
    parts = [f"M{source.right:.1f} {y:.1f}L{x - radius:.1f} {y:.1f}Q{x:.1f} {y:.1f} {x:.1f} {y - radius:.1f}"]
    if text is not None:
        parts += [f"L{x:.1f} {text.bottom + 2:.1f}", f"M{x:.1f} {text.y - 2:.1f}"]
    for lower, upper in pairwise(lanes):
        parts += [f"L{x:.1f} {lower.y:.1f}", _curve(x, lower.y, upper.x, lower.y - GAP_Y)]
        x = upper.x
    radius = min(_BEND, (y - to_y) / 2)
    bend, edge = x - radius, target.right + 1
    parts.append(f"L{x:.1f} {to_y + radius:.1f}Q{x:.1f} {to_y:.1f} {bend:.1f} {to_y:.1f}L{edge:.1f} {to_y:.1f}")
    return "".join(parts)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (y + to_y) / 2
    return f"C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}"


def _text(lines: list[_Line], x: float, y: float, *, middle: bool) -> Iterator[str]:
    anchor = ' text-anchor="middle"' if middle else ""
    for number, line in enumerate(lines):
        name, size, _ = line.style
        baseline = y + number * _LINE + (_LINE + size) / 2 - 2
        yield f'<text class="{name}" x="{x:.1f}" y="{baseline:.1f}"{anchor}>{_escaped(line.text)}</text>'


def _box_size(lines: list[_Line]) -> Size:
    size = _text_size(lines)
    return Size(max(size.width + 2 * _PAD_X, 60.0), size.height + 2 * _PAD_Y)


def _text_size(lines: list[_Line]) -> Size:
    return Size(max((text_width(line.text, *line.style) for line in lines), default=0.0), len(lines) * _LINE)


def text_width(text: str, style: str, size: float, bold: bool) -> float:
    """About how wide a text is, in pixels; rather too much than too little."""
    ems = 0.0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF":
            ems += 1.3 if style == "code" else 1.1
        elif unicodedata.combining(char):
            continue
        else:
            ems += _CODE_EM if style == "code" else _EMS.get(char, _EM)
    return ems * size * (_BOLD if bold else 1.0)


def _wrapped(text: str, style: tuple[str, float, bool], widest: float) -> list[_Line]:
    """Lines that are not wider; too many are cut, with a mark."""
    lines, line = [], ""
    for word in _words(_printable(text), style, widest):
        if line and text_width((line + word).rstrip(), *style) > widest:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][:-1] + "…"]
    return [_Line(line, style) for line in lines]


def _words(text: str, style: tuple[str, float, bool], widest: float) -> Iterator[str]:
    """Pieces after which a line may end, none of them wider than a line."""
    for word in _BREAK.findall(text):
        while text_width(word, *style) > widest:
            most = next(count for count in range(len(word), 0, -1) if text_width(word[:count], *style) <= widest)
            yield word[:most]
            word = word[most:]  # noqa: PLW2901
        yield word


def _printable(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _escaped(text: str) -> str:
    return escape(_printable(text))
