"""Files of a project with those who are not to be contacted: addresses and customer ids, or digests of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from orchestrator.engine.suppression import DIGEST_LENGTH, digest_of
from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.contact_policy import SuppressionDefinition
from orchestrator.journeys.source import read_text

MOST_SUPPRESSED: Final = 20_000
"""Definitions travel as one message of a megabyte: whoever has more sends an event for each customer."""

_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


class SuppressionFiles:
    """The lists that policy.yaml names: ``digests`` of all entries of a list, sorted, one after the other."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.digests: dict[str, str] = {}

    def read(self, folder: Path, rules: tuple[SuppressionDefinition, ...]) -> Iterator[tuple[int, str] | Problem]:
        """Reads all; what is wrong with a rule, by its number, or with a file."""
        for number, rule in enumerate(rules):
            pattern = PurePosixPath(rule.list)
            if pattern.is_absolute() or ".." in pattern.parts:
                yield number, f"'{rule.list}' must lie in the project's folder: write it as lists/*.csv"
                continue
            found = sorted(path for path in folder.glob(rule.list) if not path.is_dir())
            if not found:
                yield number, f"there is no file '{rule.list}' in the project's folder"
                continue
            entries: set[str] = set()
            for path in found:
                try:
                    entries.update(_entries(read_text(path)))
                except DefinitionError as error:
                    yield from error.problems
            self.files += [path for path in found if path not in self.files]
            self.digests[rule.list] = "".join(sorted(entries))
        if sum(map(len, self.digests.values())) > MOST_SUPPRESSED * DIGEST_LENGTH:
            message = f"the lists have more than {MOST_SUPPRESSED} entries: send 'Suppressed' events for the customers"
            yield 0, message


def _entries(text: str) -> Iterator[str]:
    """The digests of what stands first on each line; what begins with '#' is a comment."""
    for row in csv.reader(text.splitlines()):
        entry = row[0].strip() if row else ""
        if entry and not entry.startswith("#"):
            yield entry[:DIGEST_LENGTH].lower() if _SHA256.fullmatch(entry) else digest_of(entry)
