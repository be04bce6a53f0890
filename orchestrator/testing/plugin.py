"""A pytest plugin: runs ``tests/*.yaml`` of a project, and tells which steps of its journeys no test reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from orchestrator.testing.folder import project_of

# Every pytest session with this package installed imports this file: what it needs comes when it is needed.
if TYPE_CHECKING:
    from orchestrator.journeys.load import Known
    from orchestrator.testing.cases import PlacedTest
    from orchestrator.testing.driver import JourneyTestDriver

_STATE: Final = pytest.StashKey["_Watch"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of ours."""
    group = parser.getgroup("orchestrator", "customer journeys")
    group.addoption("--journeys", metavar="DIR", default=None, help="tell which steps of this project were reached")
    group.addoption("--all-reached", action="store_true", help="with --journeys: fail unless all were reached")


def pytest_configure(config: pytest.Config) -> None:
    """Begins to watch, if asked to."""
    folder = config.getoption("journeys")
    if folder is not None:
        config.stash[_STATE] = _Watch(Path(folder))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends it."""
    watch = config.stash.get(_STATE, None)
    if watch is not None:
        watch.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """YAML files of a project's folder ``tests``: one that has no tests in it is a mistake that must be seen."""
    return JourneyTests.from_parent(parent, path=file_path) if project_of(file_path) is not None else None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What was reached."""
    watch = config.stash.get(_STATE, None)
    if watch is not None:
        terminalreporter.section("steps reached")
        for line in watch.coverage.report():
            terminalreporter.line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With --all-reached a step that no test reached is a failure."""
    watch = session.config.stash.get(_STATE, None)
    if watch is not None and session.config.getoption("all_reached") and not watch.coverage.whole:
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


class JourneyTests(pytest.File):
    """One file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its tests."""
        from orchestrator.errors import DefinitionError
        from orchestrator.testing.folder import read_known

        project = project_of(self.path)
        assert project is not None
        try:
            tests = read_known(self.path, _known_in(self.config, project))
        except DefinitionError as error:
            raise self.CollectError(str(error)) from None
        for test in tests:
            yield JourneyTest.from_parent(self, name=test.case.test, test=test)


class JourneyTest(pytest.Item):
    """One test."""

    def __init__(self, *, test: PlacedTest, **of_item: Any) -> None:
        super().__init__(**of_item)
        self.test = test

    def runtest(self) -> None:
        """Plays it on a driver of its own."""
        from orchestrator.testing.play import play

        project = project_of(self.path)
        assert project is not None
        play(self.test, driver_of(self.config, project, self.test.start))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Where it expects something else, and what there is instead."""
        from orchestrator.errors import DefinitionError
        from orchestrator.testing.play import Unexpected

        if isinstance(excinfo.value, Unexpected):
            return f"{self._place(excinfo.value.line)}: {excinfo.value}"
        if isinstance(excinfo.value, DefinitionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands: pytest counts lines from 0."""
        return self.path, self.test.line("test") - 1, self.name

    def _place(self, line: int) -> str:
        here = self.config.invocation_params.dir
        path = self.path.relative_to(here) if self.path.is_relative_to(here) else self.path
        return f"{path}:{line}"


def driver_of(config: pytest.Config, project: Path, start: int) -> JourneyTestDriver:
    """A driver of a project, whose definitions are read once a session."""
    from orchestrator.contracts.product_file import products_in
    from orchestrator.testing.driver import JourneyTestDriver

    envs = config.stash.setdefault(_ENVS, {})
    if project not in envs:
        envs[project] = JourneyTestDriver.of_project(project).env
    driver = JourneyTestDriver(envs[project])
    driver.put_on_sale(products_in(project))
    driver.now = start
    return driver


def _known_in(config: pytest.Config, project: Path) -> Known:
    """What there is in a project, read once a session."""
    from orchestrator.journeys.load import known_in

    known = config.stash.setdefault(_KNOWN, {})
    if project not in known:
        known[project] = known_in(project)
    return known[project]


_KNOWN: Final = pytest.StashKey[dict[Path, "Known"]]()
_ENVS: Final = pytest.StashKey[dict[Path, Any]]()


class _Watch:
    """Watches what the drivers of this session do to the journeys of a project."""

    def __init__(self, project: Path) -> None:
        from orchestrator.testing.coverage import Coverage, watched_by
        from orchestrator.testing.driver import JourneyTestDriver

        env = JourneyTestDriver.of_project(project).env
        self.coverage = Coverage(env.current.values())
        self._open = ExitStack()
        self._open.enter_context(watched_by(self.coverage))

    def close(self) -> None:
        """Watches no more."""
        self._open.close()
