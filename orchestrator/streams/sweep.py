"""After a change of the definitions: all customers of a partition number, some at a time, in turn with events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator import engine
    from orchestrator.streams.store import Meta, Store
    from orchestrator.streams.work import Work

RECORDS_PER_CHECKPOINT: Final = 300
_BEFORE_ALL: Final = "a"
"""Customers' keys begin with a: or u:; what lies before them belongs to no customer."""


def begun(meta: Meta, env: engine.Env) -> Meta:
    """With a sweep to do, if the customers were last brought up to something else than this env."""
    if not meta.env:
        return replace(meta, adaption=env.adaption, swept=None)
    if meta.adaption == env.adaption:
        return meta
    return replace(meta, adaption=env.adaption, swept=_BEFORE_ALL, swept_count=0)


def sweep(work: Work, store: Store, meta: Meta, now: int) -> Meta:
    """Brings the next customers up to the env of the work; how far that is then, None in ``swept`` for all."""
    if meta.swept is None:
        return meta
    keys = store.keys_after(meta.swept.encode(), RECORDS_PER_CHECKPOINT)
    for key in keys:
        work.sweep(key.decode(), now)
    last = keys[-1].decode() if len(keys) == RECORDS_PER_CHECKPOINT else None
    return replace(meta, swept=last, swept_count=meta.swept_count + len(keys))
