"""Whether a text always contains a partial, whoever it is said to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PARSER = ImmutableSandboxedEnvironment()


def holds(text: str, name: str, partials: Mapping[str, str]) -> bool:
    """Whether a text includes a partial on every way through it, itself or by a partial that does.

    What stands in a comment of HTML is shown to nobody, and does not count.
    """
    return _holds(text, name, partials, frozenset())


def reads_edits(name: str, partials: Mapping[str, str]) -> bool:
    """Whether a partial, or one that it uses, reads what others may write."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        tree = _parsed(partials.get(current, ""))
        if current in seen or tree is None:
            continue
        seen.add(current)
        if any(found.name == "edit" for found in tree.find_all(nodes.Name)):
            return True
        waiting += [used for used in map(_named, tree.find_all((nodes.Include, nodes.FromImport))) if used]
    return False


def _holds(text: str, name: str, partials: Mapping[str, str], within: frozenset[str]) -> bool:
    tree = _parsed(text)
    return tree is not None and _in_body(tree.body, name, partials, within)


def _in_body(body: Iterable[nodes.Node], name: str, partials: Mapping[str, str], within: frozenset[str]) -> bool:
    shown = ""
    for node in body:
        if isinstance(node, nodes.Output):
            shown += "".join(part.data for part in node.nodes if isinstance(part, nodes.TemplateData))
        if isinstance(node, nodes.Include) and shown.rfind("<!--") <= shown.rfind("-->"):
            used = _named(node)
            if used == name:
                return True
            if used in partials and used not in within and _holds(partials[used], name, partials, within | {used}):
                return True
        if isinstance(node, nodes.If) and node.else_:
            ways = [node.body, *(part.body for part in node.elif_), node.else_]
            if shown.rfind("<!--") <= shown.rfind("-->") and all(_in_body(way, name, partials, within) for way in ways):
                return True
    return False


def _named(node: nodes.Node) -> str:
    template = getattr(node, "template", None)
    return template.value if isinstance(template, nodes.Const) and isinstance(template.value, str) else ""


def _parsed(text: str) -> nodes.Template | None:
    try:
        return _PARSER.parse(text)
    except (TemplateSyntaxError, RecursionError):
        return None  # which is told where it is compiled
