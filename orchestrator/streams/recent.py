"""The last decisions about customers of one partition number, in memory, for whoever asks why."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.kafka import names

if TYPE_CHECKING:
    from orchestrator.streams.work import Output

DECISIONS_KEPT: Final = 10
"""Of each customer."""
CUSTOMERS_KEPT: Final = 2_000
"""Those about whom something was decided last: with ten decisions each these take some 8 MB."""


class Recent:
    """What was decided since ``since`` (UTC milliseconds): all is on the topic ``decisions``, and more of it."""

    def __init__(self, since: int) -> None:
        self.since = since
        self._by_customer: OrderedDict[bytes, deque[bytes]] = OrderedDict()

    def take(self, outputs: Iterable[Output]) -> None:
        """Keeps the decisions among what was committed."""
        kept = self._by_customer
        for output in outputs:
            if output.topic == names.DECISIONS and output.key is not None and output.value is not None:
                kept.setdefault(output.key, deque(maxlen=DECISIONS_KEPT)).append(output.value)
                kept.move_to_end(output.key)
        while len(kept) > CUSTOMERS_KEPT:
            kept.popitem(last=False)

    def of(self, customer_id: str) -> list[dict[str, Any]]:
        """The newest first."""
        return [orjson.loads(value) for value in reversed(self._by_customer.get(customer_id.encode(), ()))]
