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
        for number in range(1, _WORKERS_ON_ONE_MACHINE + 1):
            self.path = root / f"worker-{number}"
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self._handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise InfrastructureError(
                    f"the state folder {root} cannot be used: {error.strerror}; set state_folder to one that can"
                ) from error
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._handle)
            else:
                return
        raise InfrastructureError(
            f"all {_WORKERS_ON_ONE_MACHINE} state folders under {root} are in use: stop workers or set state_folder"
        )

    def release(self) -> None:
        """Lets another worker have it."""
        os.close(self._handle)
