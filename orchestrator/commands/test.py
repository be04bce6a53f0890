"""``orchestrator test``: whether the journeys do what they are meant to do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.running import INTERRUPTED

_PATH = "A project's folder, its folder tests, or one file in it. Default: the folder of --project."
_ONLY = "Only tests whose names have this in them; also 'one or other', 'not one'."
_ALL = "Fail if a step or a way of a journey was reached by no test."
_EXTRA = "Everything after -- goes to pytest as it is."


def command(
    context: typer.Context,
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help=_PATH, show_default=False)] = None,
    pytest_arguments: Annotated[list[str] | None, typer.Argument(metavar="[-- ...]", help=_EXTRA)] = None,
    only: Annotated[str | None, typer.Option("-k", metavar="WORDS", help=_ONLY, show_default=False)] = None,
    all_reached: Annotated[bool, typer.Option("--all-reached", help=_ALL)] = False,
) -> None:
    """Run the tests of journeys, and tell which steps no test reached.

    Tests are files in the project's folder tests: YAML (given events and time, expect actions) and Python. pytest runs
    both, here as in your CI. No Kafka is needed, and time is only told, so that 45 days take no time at all. Exit
    code 1 if a test fails, 2 if a definition is wrong or there is no test.

    \b
    Example of a test in YAML:
      customers:
        ada: {traits: {email: ada@example.org}, consents: [email]}
      tests:
        - test: a cart left for an hour brings a mail
          steps:
            - event: Product Added
              properties: {cart_id: c1, total: 64.0}
            - after: 1 hour
              expect: {action: cart-rescue-mail, channel: email}

    \b
    Examples:
      orchestrator test
      orchestrator test tests/cart-rescue.yaml
      orchestrator test examples/shop -k "cart or order" --all-reached
      orchestrator test . -- -x --junit-xml report.xml
    """
    from orchestrator.errors import OrchestratorError, UsageError

    project: Path = context.find_root().params["project"]
    wanted = path if path is not None else project
    root, tests = _places(wanted)
    extra = [*(pytest_arguments or []), *(["-k", only] if only is not None else [])]
    code = run_pytest(root, tests, [*extra, *(["--all-reached"] if all_reached else [])])
    if code == _NOTHING:
        raise UsageError(f"there is no test in {tests}: write one, such as tests/cart-rescue.yaml; see --help")
    if code == _BROKEN:
        raise OrchestratorError("pytest broke down: what it says is above")
    raise typer.Exit(code)


_PLUGIN = "orchestrator.testing.plugin"
_INTERRUPTED, _BROKEN, _NOTHING = 2, 3, 5
"""Exit codes of pytest."""


def run_pytest(project: Path, tests: Path, arguments: Sequence[str]) -> int:
    """Runs pytest with our plugin on the tests of a project; its exit code, 130 if it was interrupted.

    Raises:
        UsageError: pytest is not installed.
        DefinitionError: the project's definitions are wrong.
    """
    from orchestrator.errors import DefinitionError, UsageError
    from orchestrator.journeys.load import load
    from orchestrator.journeys.strays import strays_in_tests

    if importlib.util.find_spec("pytest") is None:
        raise UsageError("pytest is missing, which runs the tests: pip install 'journey-orchestrator[test]'")
    load(project)
    strays = list(strays_in_tests(project))
    if strays:
        raise DefinitionError(strays)
    # A bytecode cache would be all that a test run leaves in somebody's project.
    own = ["-p", "no:cacheprovider", "--journeys", os.fspath(project), "--continue-on-collection-errors"]
    if not entry_points(group="pytest11", name=_PLUGIN):
        own += ["-p", _PLUGIN]
    # In a process of its own: pytest wants to be the first to import a plugin, and this package is one.
    command = [sys.executable, "-m", "pytest", *own, *arguments, os.fspath(tests)]
    with subprocess.Popen(command) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:  # which the terminal sends to both
            code = process.wait()
    return INTERRUPTED if code == _INTERRUPTED else code


def _places(path: Path) -> tuple[Path, Path]:
    """The project's folder and where its tests are, of either or of one test file."""
    from orchestrator.errors import UsageError

    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    for folder in (path.absolute(), *path.absolute().parents):
        if any((folder / name).is_dir() for name in ("journeys", "actions")):
            tests = path.absolute() if folder != path.absolute() else folder / "tests"
            if not tests.exists():
                raise UsageError(f"{path} has no folder 'tests': write a test, such as tests/first.yaml; see --help")
            return folder, tests
    raise UsageError(f"{path} is no project: it needs a folder 'journeys' or 'actions'")
