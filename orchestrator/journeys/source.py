"""YAML with places: what a file says, and on which line it says so.

A small YAML: one document of maps, lists, texts, numbers, true, false and null, as JSON has them. What YAML 1.1 makes
of ``on``, ``yes``, ``012`` or ``2024-01-01`` is text here, and so is every key.
"""

from __future__ import annotations

import math
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrator.errors import DefinitionError, Problem

Location = tuple[str | int, ...]
"""The way to a value: keys of maps and positions in lists."""

LARGEST_FILE: Final = 1_000_000
DEEPEST: Final = 50
MOST_VALUES: Final = 100_000

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"\S+")
_TAB = re.compile(r"^ *\t", re.MULTILINE)
_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TOO_DEEP: Final = f"is nested deeper than {DEEPEST} levels"
_TOO_LARGE_INTEGER: Final = 2**63
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_HALF: Final = "half of a character, such as \\ud83d: write the whole character"

# What the two parsers of PyYAML say, in the words of somebody who writes journeys.
_SENTENCES: Final = (
    ("mapping values are not allowed", "a ':' cannot stand here: put the text in quotes, or check the indentation"),
    ("cannot start any token", "a text cannot begin with this character: put it in quotes"),
    ("',' or ']'", "a '[' is not closed by a ']'"),
    ("',' or '}'", "a '{' is not closed by a '}'"),
    ("unexpected end of stream", "a quote is not closed"),
    ("block end", "this line does not fit to those above: check the indentation and the quotes"),
    ("expected key", "this line does not fit to those above: check the indentation and the quotes"),
    ("'-' indicator", "this line does not fit to the list above: check the indentation and the quotes"),
    ("node content", "a value is missing here, or a bracket is not closed"),
    ("could not find expected ':'", "a ':' is missing, or the indentation is wrong"),
    ("alphabetic or numeric character", "put a text that begins with '*', '&' or '!' in quotes"),
    ("invalid Unicode character", _HALF),
    ("control characters", "there is a control character in it: remove it"),
    ("special characters", "there is a control character in it: remove it"),
)


@dataclass(slots=True)
class _Node:
    """A value and its place. ``start`` and ``end`` bound a text in the file; children have the line of their key."""

    value: Any
    line: int
    start: int = 0
    end: int = 0
    children: dict[str | int, tuple[int, _Node]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


class Source:
    """One YAML file: its ``value``, and the place of every part of it."""

    def __init__(self, path: Path, text: str, root: _Node) -> None:
        self.path = path
        self.value: Any = _plain(root)
        self._text = text
        self._root = root

    def line(self, location: Location = ()) -> int:
        """The line of the key or list item there; of the nearest one around it if there is none."""
        return self._find(location)[0]

    def line_in(self, location: Location, line: int, column: int = 1) -> int:
        """The line in the file of a place within the text at ``location``, whatever the style of the text."""
        found, node = self._find(location)
        if not isinstance(node.value, str):
            return found
        lines = node.value.split("\n")[:line]
        before = "".join(lines[: line - 1]) + "".join(lines[line - 1 :])[: column - 1]
        ink = len("".join(before.split()))
        # Folding and indentation change only white space, so the ink before a place is the same in file and value.
        for word in _WORD.finditer(self._text, node.start, node.end):
            if ink < len(word[0]):
                return self._text.count("\n", 0, word.start()) + 1
            ink -= len(word[0])
        return found

    def problem(self, location: Location, message: str) -> Problem:
        """A problem at the place of a key or list item."""
        return Problem(self.path, self.line(location), message)

    def _find(self, location: Location) -> tuple[int, _Node]:
        line, node = self._root.line, self._root
        for element in location:
            line, node = node.children.get(element, (line, node))
        return line, node


def read_text(path: Path) -> str:
    """Reads a file that is not YAML. Raises DefinitionError if it is no text."""
    return _text_of(path, _read(path))


def read_source(path: Path) -> Source:
    """Reads a file.

    Raises:
        DefinitionError: with every problem that was found, if it is not such YAML as journeys are written in.
    """
    return parse_source(path, _read(path))


def parse_source(path: Path, data: bytes) -> Source:
    """As ``read_source``, of bytes that are there already; ``path`` is only named in problems."""
    text = _decoded(path, data)
    builder = _Builder(path, text)
    try:
        root = builder.build(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        builder.problems.append(_syntax_problem(path, text, error))
        root = None
    if root is not None and not isinstance(root.value, dict) and not builder.problems:
        message = "the file must have keys and values, such as 'journey: a-name'"
        builder.problems.append(Problem(path, root.line, message))
    if root is None or builder.problems:
        raise DefinitionError(builder.problems)
    return Source(path, text, root)


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_opened) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DefinitionError([Problem(path, 0, "cannot be read: it is no file with something in it")])
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise DefinitionError([Problem(path, 0, f"cannot be read: {error.strerror}")]) from None


def _opened(path: str, flags: int) -> int:
    # Else a pipe waits for somebody to write.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decoded(path: Path, data: bytes) -> str:
    text = _text_of(path, data)
    tab = _TAB.search(text)
    if tab is not None:
        line = text.count("\n", 0, tab.start()) + 1
        raise DefinitionError([Problem(path, line, "a tab in the indentation: use spaces")])
    return text


def _text_of(path: Path, data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise DefinitionError([Problem(path, 0, f"is larger than {LARGEST_FILE // 1_000_000} MB: split it up")])
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DefinitionError([Problem(path, line, "is not UTF-8 here: save the file as UTF-8")]) from None


def _syntax_problem(path: Path, text: str, error: yaml.YAMLError) -> Problem:
    position = getattr(error, "position", None)
    if position is not None:
        line, said = text.count("\n", 0, position) + 1, str(getattr(error, "reason", ""))
    else:
        said = str(getattr(error, "problem", "") or error)
        context = getattr(error, "context_mark", None)
        mark = context if "end of stream" in said and context else getattr(error, "problem_mark", None) or context
        line = text.count("\n", 0, mark.index) + 1 if mark is not None else 0
    sentence = next((sentence for part, sentence in _SENTENCES if part in said), f"is no YAML: {said}")
    return Problem(path, line, sentence)


class _Refused(Exception):
    """The rest of the file is not worth reading."""


class _Builder:
    """Makes nodes of parser events, so that depth and size are bounded while they grow."""

    def __init__(self, path: Path, text: str) -> None:
        self.problems: list[Problem] = []
        self._path = path
        self._text = text
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        self._anchors: dict[str, _Node | None] = {}

    def build(self, events: Iterator[Any]) -> _Node | None:
        root: _Node | None = None
        try:
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        raise self._refused(event, "a second document begins here: write one in each file")
                    root = self._node(next(events), events, 1)
        except _Refused:
            return None
        if root is None or (root.value is None and root.start == root.end):
            self.problems.append(Problem(self._path, 0, "is empty"))
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > DEEPEST:
            raise self._refused(event, _TOO_DEEP)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            message = f"'{tag}' is a YAML tag, and there are none here: put a text that begins with '!' in quotes"
            self._add(event, message)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.MappingStartEvent):
            node = self._map(event, events, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, events, depth)
        else:
            node = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _map(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        node = _Node({}, self._line(start))
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                template = self._text.startswith("{{", start.start_mark.index)
                raise self._refused(
                    event, "put a text that begins with '{{' in quotes" if template else "a key must be a text"
                )
            if event.value == "<<" and not event.style:
                self._add(event, "'<<' does not merge here: write the keys out")
            line, value = self._line(event), self._node(next(events), events, depth + 1)
            if event.value in node.children:
                first = node.children[event.value][0]
                self.problems.append(Problem(self._path, line, f"'{event.value}' is here twice, first on line {first}"))
                continue
            self._attach(node, event.value, line, value, event)
        return node

    def _list(self, start: Any, events: Iterator[Any], depth: int) -> _Node:
        node = _Node([], self._line(start))
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            self._attach(node, len(node.children), self._line(event), self._node(event, events, depth + 1), event)
        return node

    def _attach(self, parent: _Node, key: str | int, line: int, child: _Node, event: Any) -> None:
        parent.children[key] = (line, child)
        parent.size += child.size
        parent.height = max(parent.height, child.height + 1)
        if parent.size > MOST_VALUES:
            raise self._refused(event, f"there are more than {MOST_VALUES} values, aliases counted in full")

    def _scalar(self, event: Any) -> _Node:
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in ("|", ">"):
            start = self._text.find("\n", start, end) + 1 or end
        elif event.style in ("'", '"'):
            start += 1
            if _SURROGATE.search(event.value):
                self._add(event, _HALF)
        value = event.value if event.style else self._resolved(event)
        return _Node(value, self._line(event), start, end)

    def _resolved(self, event: Any) -> Any:
        text = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        match = _NUMBER.fullmatch(text)
        if match is None:
            return text
        number = float(text)
        whole = match.group(1) is None and match.group(2) is None
        if not math.isfinite(number) or (whole and abs(number) >= _TOO_LARGE_INTEGER):
            self._add(event, "the number is too large: put it in quotes")
            return None
        return int(text) if whole else number

    def _alias(self, event: Any, depth: int) -> _Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            what = "stands within itself" if event.anchor in self._anchors else "does not exist: put the text in quotes"
            raise self._refused(event, f"the alias '*{event.anchor}' {what}")
        if depth + node.height > DEEPEST:
            raise self._refused(event, _TOO_DEEP)
        return node

    def _line(self, event: Any) -> int:
        return bisect_right(self._line_ends, event.start_mark.index - 1) + 1

    def _add(self, event: Any, message: str) -> None:
        self.problems.append(Problem(self._path, self._line(event), message))

    def _refused(self, event: Any, message: str) -> _Refused:
        self._add(event, message)
        return _Refused()


def _plain(node: _Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, (_, child) in node.children.items()}
    if isinstance(node.value, list):
        return [_plain(child) for _, child in node.children.values()]
    return node.value
