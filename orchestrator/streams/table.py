"""The customers as a Faust table: assignment, co-partitioning and the changelog topic's place are Faust's.

Reading is the partitions', writing the checkpoint's, recovery ``restore``'s: see
docs/decisions/001-restore-in-place-of-faust-recovery.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from faust.stores import STORES
from faust.stores.base import Store as FaustStore
from faust.tables.manager import TableManager as FaustTableManager
from faust.types import TP
from mode import Service

SCHEME: Final = "checkpoint"


class Store(FaustStore[Any, Any]):  # type: ignore[misc]
    """What Faust asks of a store; the rows are in the partitions."""

    def persisted_offset(self, tp: TP) -> int | None:
        """The changelog offset is part of each checkpoint and not Faust's to know."""
        return None

    def apply_changelog_batch(self, batch: Any, to_key: Any, to_value: Any) -> None:
        """Faust never reads the changelog here."""
        raise TypeError("the changelog is read by orchestrator.streams.restore alone")

    def reset_state(self) -> None:
        """The state is a cache that ``restore`` renews."""

    async def backup_partition(self, *args: Any, **kwargs: Any) -> None:
        """The changelog is the backup."""

    def restore_backup(self, *args: Any, **kwargs: Any) -> None:
        """The changelog is the backup."""

    def __getitem__(self, key: Any) -> Any:
        raise TypeError("read a customer through its partition")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("state changes in the checkpoint alone")

    def __delitem__(self, key: Any) -> None:
        raise TypeError("state changes in the checkpoint alone")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def _clear(self) -> None:
        """There is nothing to clear."""


class Recovery(Service):  # type: ignore[misc]
    """Runs the take-over after each rebalance; a newer rebalance ends an older take-over."""

    def __init__(self, app: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.app = app
        self.completed = asyncio.Event()
        self.in_recovery = False
        self._task: asyncio.Task[None] | None = None

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """From here on, nothing is ready."""
        self.in_recovery = True

    async def begin(self, assigned: frozenset[TP], generation: int) -> None:
        """Starts to take over what was assigned."""
        await self.end()
        self.in_recovery = True
        self._task = asyncio.create_task(self._take_over(assigned, generation), name="take-over")

    async def end(self) -> None:
        """Stops a take-over that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def on_stop(self) -> None:
        """As ``end``."""
        await self.end()

    async def _take_over(self, assigned: frozenset[TP], generation: int) -> None:
        try:
            await self.app.take_over(assigned, generation)
        except Exception as error:  # noqa: BLE001 - whoever cannot take over must not wait for ever
            await self.app.refuse(error)
            return
        self.in_recovery = False
        self.completed.set()


class TableManager(FaustTableManager):  # type: ignore[misc]
    """Faust's, with our recovery in place of its own."""

    _take_over: Recovery | None = None

    @property
    def recovery(self) -> Recovery:
        """The take-over service."""
        if self._take_over is None:
            self._take_over = Recovery(self.app, beacon=self.beacon, loop=self.loop)
        return self._take_over

    async def on_start(self) -> None:
        """As Faust's, without its pause of a second."""
        await self._update_channels()
        await self.recovery.start()

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Takes over what was assigned, partitions that were kept included."""
        self._recovery_started.set()
        await self._update_channels()
        await self.recovery.begin(frozenset(assigned), generation_id)

    async def on_stop(self) -> None:
        """Lets the open checkpoints finish before the consumer leaves the group."""
        await self.app._fetcher.stop()
        await self.recovery.stop()
        await self.app.ownership.close()
        for table in self.values():
            await table.stop()


def register() -> None:
    """Makes the store known to Faust."""
    STORES.aliases[SCHEME] = f"{__name__}:Store"
