"""The first moments of the broker's process: run by path, becomes Java with ``exec``; standard library only.

It writes the state file and leaves it open and locked, so the lock lasts exactly as long as the broker: a reader never
has to guess whether a process id is stale. Arguments: descriptor of the locked, empty file, id of the parent to die
with (0: none), the state as JSON, then Java's command line.
"""

from __future__ import annotations

import json
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the broker."""
    descriptor, parent = int(arguments[0]), int(arguments[1])
    if parent:
        die_with(parent)
    state = json.dumps({"pid": os.getpid(), **json.loads(arguments[2])}) + "\n"
    os.pwrite(descriptor, state.encode(), 0)
    os.execv(arguments[3], arguments[3:])


def die_with(parent: int) -> None:
    """Let this process end with its parent, even when that one is killed (on Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit("the parent is gone already")


if __name__ == "__main__":
    main(sys.argv[1:])
