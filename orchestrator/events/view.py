"""What conditions and templates read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from orchestrator.moments import to_datetime


class Makers(Protocol):
    """What makes fields, by name."""

    def __getitem__(self, name: str, /) -> Callable[[], Any]: ...
    def __contains__(self, name: object, /) -> bool: ...


class View(dict[str, Any]):
    """A mapping with fields that are made only when something asks for them: most conditions don't.

    Args:
        fields: what is there at once.
        moments: UTC milliseconds, which become datetimes.
        makers: other fields that cost something.
    """

    __slots__ = ("_makers", "_moments")

    def __init__(
        self,
        fields: Mapping[str, Any],
        moments: Mapping[str, int],
        makers: Makers | None = None,
    ) -> None:
        super().__init__(fields)
        self._moments = moments
        self._makers = makers

    def __missing__(self, key: str) -> Any:
        if key in self._moments:
            value = self[key] = to_datetime(self._moments[key])
            return value
        if self._makers is not None and key in self._makers:
            value = self[key] = self._makers[key]()
            return value
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._moments or (self._makers is not None and key in self._makers)

    def get(self, key: str, default: Any = None) -> Any:
        """As ``dict.get``, fields that are made included."""
        try:
            return self[key]
        except KeyError:
            return default
