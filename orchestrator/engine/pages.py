"""Long lists of a partition number, kept in pages beside its records: only those that change are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

Page = list[list[Any]]
"""Rows of JSON values."""


def _nothing(_: bytes) -> bytes | None:
    return None


class Pages:
    """Read when they are asked for, written with the checkpoint."""

    __slots__ = ("_changed", "_pages", "_read")

    def __init__(self, read: Callable[[bytes], bytes | None] = _nothing) -> None:
        self._read = read
        self._pages: dict[bytes, Page] = {}
        self._changed: set[bytes] = set()

    def __getitem__(self, key: bytes) -> Page:
        """The rows of a page, to be looked at; none if it is not there."""
        page = self._pages.get(key)
        if page is None:
            value = self._read(key)
            page = self._pages[key] = orjson.loads(value) if value is not None else []
        return page

    def __setitem__(self, key: bytes, page: Page) -> None:
        self._pages[key] = page
        self._changed.add(key)

    def change(self, key: bytes) -> Page:
        """The rows of a page, to be changed in place; one without rows is no more."""
        self._changed.add(key)
        return self[key]

    def writes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The changed pages as the changelog and the store take them."""
        for key in sorted(self._changed):
            page = self._pages[key]
            yield key, orjson.dumps(page) if page else None
