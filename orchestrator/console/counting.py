"""Numbers of things in words."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 customer``, ``1,200 customers``; ``many`` where it is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def times(count: int) -> str:
    """``once``, ``1,200 times``."""
    return "once" if count == 1 else f"{count:,} times"
