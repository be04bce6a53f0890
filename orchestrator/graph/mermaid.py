"""A journey as Mermaid text, which GitHub and many wikis draw."""

from __future__ import annotations

from typing import Final

from orchestrator.graph.graph import Graph, Node

_SHAPES: Final = {
    "entry": ("([", "])"),
    "exit": ("[/", "/]"),
    "goal": ("[/", "/]"),
    "branch": ("{", "}"),
    "split": ("{", "}"),
    "wait": ("(", ")"),
    "end": ("((", "))"),
}
_BOX: Final = ("[", "]")
_ENTITIES: Final = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "|": "#124;"}
"""Mermaid reads Markdown and HTML in its texts; these take their meaning away."""


def mermaid(graph: Graph) -> str:
    """The text of a flowchart, with an end of line at its end."""
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD", f"  %% {_one_line(f'{graph.journey} {graph.version}: {graph.description}')}"]
    lines += [f"  {names[node.id]}{_shape(node)}" for node in graph.nodes]
    for edge in graph.edges:
        label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        lines.append(f"  {names[edge.source]} -->{label} {names[edge.target]}")
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    opens, closes = _SHAPES.get(node.kind, _BOX)
    text = "<br/>".join(_escaped(line) for line in (node.title, *node.detail, *node.code))
    return f'{opens}"{text}"{closes}'


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(char, char) for char in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
