"""Every error that a person meets.

OrchestratorError
├── UsageError        the call is wrong: exit code 2
│   ├── SettingsError     a setting is wrong or missing
│   └── DefinitionError   a journey, action or channel file is wrong; carries its problems
├── PlanRefused       a change of the definitions that would leave customers nowhere
├── BadRecord         their fault: one input record goes to the dead-letter topic, life goes on
├── RequestRefused    a question over HTTP that cannot be answered; nothing has changed
├── Unmet             a condition met a missing field or a wrong type: it does not hold
├── ContentError      a template failed: that one action goes to the dead-letter topic, the journey goes on
├── Bug               our fault: the partition stops, loudly
└── InfrastructureError   Kafka or the disk: the checkpoint is aborted, nothing is acknowledged
    └── Fenced            another worker owns the partition now
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class OrchestratorError(Exception):
    """Root of all errors of this package; its text is one clear sentence with the remedy."""


class UsageError(OrchestratorError):
    """The command, its arguments or the project are wrong."""


class SettingsError(UsageError):
    """A setting is wrong; the text names the setting, where it was read and what is allowed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a definition file.

    ``line`` counts from 1; 0 means the file as a whole.
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.message}"


class DefinitionError(UsageError):
    """One or more definition files are wrong; nothing of them was applied."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class PlanRefused(OrchestratorError):
    """The definitions may not be changed like that; nothing of it was applied. A line for each reason."""


class BadRecord(OrchestratorError):
    """An input record that cannot be used.

    ``code`` is short and stable (a metric label), the text is the ``reason`` for a person.
    """

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class RequestRefused(OrchestratorError):
    """What another program asks cannot be answered as it is asked; ``code`` is short and stable."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        super().__init__(reason)


class Unmet(OrchestratorError):
    """A condition that cannot be evaluated for this customer and event; the text says what was missing."""


class ContentError(OrchestratorError):
    """An action's content that cannot be made for this customer; the text says which field and why."""


class Bug(OrchestratorError):
    """Something that cannot be, is: the partition stops so that a person looks at it."""


class InfrastructureError(OrchestratorError):
    """Kafka or the disk failed; the work since the last checkpoint will be done again."""


class Fenced(InfrastructureError):
    """Another worker took the partition over."""
