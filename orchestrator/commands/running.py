"""How a command runs its coroutine, and how it ends when somebody asks it to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

INTERRUPTED = 130
"""The exit code of what was ended by Ctrl-C before it was done, as shells know it."""

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], *, interrupted: int = INTERRUPTED) -> T:
    """Runs a coroutine; Ctrl-C and SIGTERM cancel it, and the command then exits with ``interrupted``."""
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner, interruptible(interrupted):
        return runner.run(_terminable(main))


@contextmanager
def interruptible(code: int = INTERRUPTED) -> Iterator[None]:
    """Whoever ends the command in here by Ctrl-C or SIGTERM gets this exit code, and no traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(code) from None
    finally:
        signal.signal(signal.SIGTERM, before)


async def _terminable(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await main


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
