"""Events that show what went wrong: a tick's action names the tick before it, so a loss, a repeat or a swap shows."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

from tests.faults.harness import Stage

CUSTOMERS: Final = tuple(f"user-{n}" for n in range(40))


class Load:
    """Ticks of all customers in turn: some at once, then a stream in the background until the block ends."""

    def __init__(self, stage: Stage, backlog: int = 0, per_second: int = 500) -> None:
        self.ticks = 0
        self._stage = stage
        self._per_second = per_second
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")
        self._failure: BaseException | None = None
        self._produce(backlog)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def expected(self) -> dict[str, list[tuple[str, str]]]:
        """By customer, the links that its ticks make, in order."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        rounds, rest = divmod(self.ticks, len(CUSTOMERS))
        for number, customer in enumerate(CUSTOMERS):
            last = rounds + (1 if number < rest else 0)
            found[customer] = [(str(n), str(n + 1)) for n in range(last - 1)]
        return dict(found)

    def _produce(self, count: int) -> None:
        first = self.ticks
        self.ticks += count
        self._stage.produce(
            self._stage.event(CUSTOMERS[n % len(CUSTOMERS)], "Ticked", n=n // len(CUSTOMERS))
            for n in range(first, first + count)
        )

    def _run(self) -> None:
        try:
            while not self._ending.wait(0.2):
                self._produce(self._per_second // 5)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the block ends
            self._failure = error


def links(actions: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """By customer, the links that were published, in order."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for action in actions:
        if action["action"] == "link":
            fields = action["content"]["fields"]
            found[action["customer_id"]].append((fields["before"], fields["after"]))
    return dict(found)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
