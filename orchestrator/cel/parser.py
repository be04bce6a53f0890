"""From the text of a CEL expression to cel-python's parse tree, with places for what is wrong in it."""

from __future__ import annotations

import functools
import importlib.util
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cel import runtime

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.lexer import TerminalDef


class CelError(ValueError):
    """A text that is no expression: one sentence says why; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


_STRING = r"""[rR](?:"[^"\r\n]*"|'[^'\r\n]*')|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'"""
_LONG_STRING = (
    r'[rR]"""(?:[^"]|"(?!""))*"""'
    r"|[rR]'''(?:[^']|'(?!''))*'''"
    r'|"""(?:[^"\\]|\\(?:.|\s)|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\(?:.|\s)|'(?!''))*'''"
)
# cel-python's own patterns take exponential time for a text that is not closed, and allow 1. as a number.
_TERMINALS = {
    "STRING_LIT": _STRING,
    "MLSTRING_LIT": _LONG_STRING,
    "BYTES_LIT": f"[bB](?:{_LONG_STRING}|{_STRING})",
    "FLOAT_LIT": r"-?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|-?[0-9]+[eE][+-]?[0-9]+",
}
_HINTS = {
    "=": "write == to compare",
    "&": "write && for 'and'",
    "|": "write || for 'or'",
    "and": "write && for 'and'",
    "or": "write || for 'or'",
    '"': "this text has no closing quote",
    "'": "this text has no closing quote",
}


@functools.cache
def _parser() -> Lark:
    """The parser, made on first use: lark and its tables take a quarter of a second, celpy itself even more."""
    from lark import Lark
    from lark.lexer import PatternRE

    def repair(terminal: TerminalDef) -> None:
        if terminal.name in _TERMINALS:
            terminal.pattern = PatternRE(_TERMINALS[terminal.name])
            terminal.priority = 2 if terminal.name == "MLSTRING_LIT" else 1

    package = importlib.util.find_spec("celpy")
    assert package is not None, "cel-python is not installed"
    grammar = Path(str(package.origin)).with_name("cel.lark").read_text()
    return Lark(
        grammar, parser="lalr", start="expr", propagate_positions=True, maybe_placeholders=False,
        edit_terminals=repair,
    )  # fmt: skip


@functools.lru_cache(maxsize=16)
def parse(source: str) -> Tree[Token]:
    """The parse tree, which is not to be changed.

    Raises:
        CelError: if the text is not in the language.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    try:
        return _parser().parse(source)
    except UnexpectedCharacters as error:
        found, line, column = error.char, error.line, error.column
    except UnexpectedToken as error:
        found, line, column = str(error.token), error.line, error.column
        if error.token.type == "$END":
            raise error_at(source, len(source), "the expression is not complete") from None
    raise CelError(_HINTS.get(found, f"{found!r} is not expected here"), line, column)


def error_at(source: str, at: int, message: str) -> CelError:
    """An error at a position in the text."""
    line_start = source.rfind("\n", 0, at) + 1
    return CelError(message, source.count("\n", 0, at) + 1, at - line_start + 1)


def shown(text: str) -> str:
    """A part of an expression as messages show it: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"


# Of all other rules, one with a single child only says how tightly it would have bound.
_LEAVES = frozenset(
    {"dot_ident", "dot_ident_arg", "ident", "ident_arg", "list_lit", "literal", "map_lit", "member_object"}
)
_QUOTED = re.compile(r"([bBrR]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)
_ESCAPE = re.compile(
    r"""\\(?:(?P<letter>[abfnrtv])|(?P<mark>[\\?"'`])|[xX](?P<x>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})"""
    r"""|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<wrong>.?))""",
    re.DOTALL,
)
_LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


def bare(tree: Tree[Token]) -> Tree[Token]:
    """The tree without the rules that only say how tightly it would have bound."""
    while len(tree.children) == 1 and tree.data not in _LEAVES:
        tree = trees(tree)[0]
    return tree


def trees(tree: Tree[Token]) -> list[Any]:
    """The children, of which the grammar says which are trees and which are tokens."""
    return tree.children


def literal(source: str, tree: Tree[Token]) -> Any:
    """The value of a literal.

    Raises:
        CelError: if there is no such value.
    """
    token: Token = trees(tree)[0]
    if token.type == "NULL_LIT":
        return None
    if token.type in ("INT_LIT", "UINT_LIT", "FLOAT_LIT"):
        return _number(source, token)
    return _string(source, token)


def _number(source: str, token: Token) -> int | float:
    if token.type == "FLOAT_LIT":
        number: float = float(token)
        fits = math.isfinite(number)
    elif token.type == "UINT_LIT":
        number = runtime.Uint(token[:-1], 16 if "x" in token else 10)
        fits = 0 <= number < 2**64
    else:
        number = int(token, 16 if "x" in token else 10)
        fits = -(2**63) <= number < 2**63
    if fits:
        return number
    raise error_at(source, token.start_pos or 0, f"{token} is out of the range of 64 bits")


def _string(source: str, token: Token) -> str | bytes:
    match = _QUOTED.fullmatch(token)
    assert match is not None
    prefix, _, body = match.groups()
    binary, raw = "b" in prefix.lower(), "r" in prefix.lower()
    if binary:
        body = body.encode().decode("latin-1")
    if not raw:
        body = _ESCAPE.sub(lambda escape: _escaped(source, token, escape, binary), body)
    return body.encode("latin-1") if binary else body


def _escaped(source: str, token: Token, escape: re.Match[str], binary: bool) -> str:
    kind = escape.lastgroup or ""
    text = escape[kind]
    if kind == "letter":
        return _LETTERS[text]
    if kind == "mark":
        return text
    point = -1 if kind == "wrong" or (binary and kind in "uU") else int(text, 8 if kind == "octal" else 16)
    if 0 <= point < 0xD800 or 0xDFFF < point <= 0x10FFFF:
        return chr(point)
    raise error_at(source, token.start_pos or 0, f"{escape[0]} has no meaning in a text; write \\\\ for a backslash")
