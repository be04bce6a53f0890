"""The local state folder: one for each worker on this machine, whoever holds its lock."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from orchestrator.errors import InfrastructureError

_WORKERS_ON_ONE_MACHINE: Final = 256


class WorkerFolder:
    """The first free folder ``worker-N`` under the state folder, held until ``release``."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        for number in range(1, _WORKERS_ON_ONE_MACHINE + 1):
            folder = root / f"worker-{number}"
            folder.mkdir(exist_ok=True)
            handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            self.path = folder
            self._handle = handle
            return
        raise InfrastructureError(
            f"all {_WORKERS_ON_ONE_MACHINE} state folders under {root} are in use: stop workers or set state_folder"
        )

    def release(self) -> None:
        """Lets another worker have it."""
        os.close(self._handle)
