"""What a partition number has beside the records of the customers whose home it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.engine.chunks import Chunks
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.models import NOTHING_LEARNED, Models


@dataclass(frozen=True, slots=True)
class Home:
    """``ledger`` has the counters of all of them, ``chunks`` what is kept apart from their records.

    ``models`` is what was learned, the same from checkpoint to checkpoint.
    """

    ledger: Ledger = field(default_factory=Ledger)
    chunks: Chunks = field(default_factory=Chunks)
    models: Models = NOTHING_LEARNED
