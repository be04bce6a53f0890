"""Random CEL expressions, and data for them."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from hypothesis import strategies as st

LEAVES = {
    "N": "0|1|2|-3|50|2|2.0|7u|event.n|event.m.n|customer.n|event['n']|customer.n|event.f",
    "S": "''|'a'|'ab'|event.s|customer.s|event.m.s|event.l[0]",
    "T": "true|false|event.t|customer.t|event.m.t|has(event.s)|has(event.m.n)|event.missing",
    "L": "[]|[1, 2, 3]|['a', 'b']|[1, 'a', true]|event.l|event.m.l",
    "A": "0|1|-1|0.5|1.0|1u|true|false|null|''|'a'|b'a'|[]|{}|[1, 2.0, 'a', true]|{'n': 1}|9223372036854775807|event.n|"
    "event.s|event.t|event.l|event.m|event.m.n|customer.n|event.m.m.n|-9223372036854775808",
}
# N is a number, S a string, T true or false, L a list, A anything, and x the name that a macro brings.
SHARED = {
    "N": "(N + N)|(N - N)|(N * N)|-(N % 50)|(N / 2)|(N % 3)|(N / 3)|size(L)|(T ? N : N)|[N, N][0]|"
    "event.l[size(event.l) - 1]",
    "S": "(S + S)|(T ? S : S)|string(S + 'a')|['a', S].filter(x, T)[0]|L.map(x, S)[1]",
    "T": "(N < N)|(N >= N)|(S <= S)|(S == S)|(N == N)|(A == A)|(A != A)|(A < A)|(A in L)|(S in A)|(T && T)|(T || T)|"
    "(A && T)|(T || A)|!(T)|!(T)|!(A)|(T ? T : T)|S.contains(S)|S.startsWith(S)|S.endsWith(S)|S.matches('^a?b')|"
    "L.all(x, T)|L.exists(x, T)|L.exists_one(x, T)|(N in [1, 2.0, 50])|(S in ['a', 'b'])|has({'s': A}.s)|"
    "type(A) == type(A)",
    "L": "[A, A]|(L + L)|L.map(x, A)|L.filter(x, T)|L.map(x, T, N)|{'n': A}.map(x, A)",
    "A": "N|S|T|L|{'a': A, 'b': A}|{'a': A, 'b': A}['a']|event.m.m",
}
OURS_ALONE = SHARED | {
    "S": SHARED["S"] + "|string(A)|A.lowerAscii()|A.trim()|A.replace(A, S)|A.substring(N)|A.join(S)|A.split(S)[0]",
    "A": SHARED["A"]
    + "|A[A]|-(A)|(A + A)|(A - A)|(A / A)|(A % A)|{A: A}|{A: A, A: A}|int(A)|uint(A)|double(A)|bool(A)|"
    "bytes(A)|timestamp(string(A))|duration(string(A))|A.getHours()|A.getMilliseconds(A)|A.getFullYear(S)|"
    "A.split(A, N)|size(A)|A.indexOf(S, N)|matches(S, string(A))|A.map(x, A)|A.all(x, A)|event.at|event.took",
}


@st.composite
def expressions(draw: st.DrawFn, nodes: dict[str, str], kind: str = "A", depth: int = 4, names: str = "") -> str:
    if depth == 0 or draw(st.integers(0, 7)) == 0:
        return draw(st.sampled_from((LEAVES[kind] + names).split("|")))
    template = draw(st.sampled_from(nodes[kind].replace("||", "or").split("|"))).replace("or", "||")
    filled, name = "", f"x{depth}"
    for part in re.split(r"\b([NSTLAx])\b", template):
        if part == "x":
            names += f"|{name}"  # a macro's list stands before it, where the name is not known yet
            filled += name
        else:
            filled += draw(expressions(nodes, part, depth - 1, names)) if part in nodes else part
    return filled


INTS, FLOATS, TEXTS = [0, 1, 2, -1, 50, 7, 2**63 - 1, -(2**63)], [0.5, 1.0, -1.5, 2.0, 1e9], ["", "a", "b", "ab", "ba"]
SCALARS = [*INTS, *FLOATS, *TEXTS, True, False, None]


def document(chance: Random, depth: int = 2, usual: float = 0.85) -> dict[str, Any]:
    """Data that mostly has the types that the grammar expects, made beforehand, as drawing it takes far too long."""
    items: list[Any] = chance.choice([INTS, TEXTS, SCALARS])
    expected: dict[str, list[Any]] = {"n": INTS, "f": FLOATS, "s": TEXTS, "t": [True, False]}
    expected["l"] = [chance.choices(items, k=chance.randrange(4))]
    made = {name: chance.choice(values if chance.random() < usual else SCALARS) for name, values in expected.items()}
    return made | {"m": document(chance, depth - 1, usual)} if depth else made
