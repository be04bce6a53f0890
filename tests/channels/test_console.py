"""Actions as lines."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from orchestrator.channels.console import ConsoleSender, line
from orchestrator.channels.outcome import Accepted
from tests.channels.saying import action


def test_a_line_says_when_where_to_whom_and_what() -> None:
    output = io.StringIO()
    assert asyncio.run(ConsoleSender(output).send(action())) == Accepted(delivered=True)
    assert output.getvalue() == (
        "03:04:05 email → ada@example.com (u-7) cart-rescue/cart-rescue-mail: Your cart is still here\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"slot": "hero", "content": "<b>x</b>"}, "hero"),
        ({"text": "a\nb\tc"}, "a b c"),
        ({"text": "\x1b[2Jgone"}, " [2Jgone"),
        ({"text": "x" * 200}, "x" * 79 + "…"),
    ],
)
def test_it_says_what_a_person_would_ask_for(content: dict[str, Any], said: str) -> None:
    assert line(action(content=content)).endswith(f"cart-rescue-mail: {said}")
