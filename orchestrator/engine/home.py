"""What a partition number has beside the records of the customers whose home it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue
from orchestrator.engine.chunks import Chunks
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.models import NOTHING_LEARNED, Models
from orchestrator.engine.pages import Pages


class References(NamedTuple):
    """What all partition numbers read and none writes, as it was when a piece of work began."""

    catalogue: Catalogue = NO_CATALOGUE
    models: Models = NOTHING_LEARNED


NO_REFERENCES: Final = References()


@dataclass(frozen=True, slots=True)
class Home:
    """``ledger`` has the counters of all of them, ``chunks`` what is kept apart from their records.

    ``pages`` are the lists of those who wait for a place of a channel or queue whose home is here.
    ``catalogue`` is what is sold, ``models`` what was learned: what customers follow, and what goes with what.
    """

    ledger: Ledger = field(default_factory=Ledger)
    chunks: Chunks = field(default_factory=Chunks)
    pages: Pages = field(default_factory=Pages)
    catalogue: Catalogue = NO_CATALOGUE
    models: Models = NOTHING_LEARNED
