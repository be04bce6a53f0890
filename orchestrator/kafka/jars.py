"""The jars of Apache Kafka: which they are (``jars.lock``), and a cache that holds them, verified.

``jars.lock`` is checked in, so a first start only downloads and never resolves, and every byte that runs is known by
its SHA-256. ``python -m orchestrator.kafka.jars`` writes it anew after a change of version.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import Bug, InfrastructureError

KAFKA_VERSION = "4.3.1"

_LOCK = Path(__file__).with_name("jars.lock")
_ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}")
# Raw: its own bill of materials would otherwise decide the versions of Kafka's dependencies, and of Kafka's client.
_LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
# Kafka Connect is half of all jars, and no tool that we run needs it.
_LEFT_OUT = ("org.apache.kafka", "connect-runtime")
_PARALLEL = 16
_ATTEMPTS = 3
_REPORTS = 10
_SCRATCH = ".download-"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: a Maven coordinate, the SHA-256 and the size of its jar."""

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """The name in the cache, as Maven Central calls it."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def locked_jars() -> list[Jar]:
    """All jars of the lock, in the order of the class path."""
    return [_parse(line) for line in _LOCK.read_text("utf-8").splitlines() if not line.startswith("#")]


def _parse(line: str) -> Jar:
    coordinate, sha256, size_bytes = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256, int(size_bytes))


def cache_folder() -> Path:
    """Where the jars are kept: below ``ORCHESTRATOR_CACHE``, else below the user's cache folder."""
    root = os.environ.get("ORCHESTRATOR_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "orchestrator").absolute() / f"kafka-{KAFKA_VERSION}"


def class_path(progress: Progress | None = None) -> list[Path]:
    """The jars as files; those that the cache lacks are downloaded and verified.

    Raises:
        InfrastructureError: a jar can't be had, or isn't what the lock says.
    """
    folder, jars = cache_folder(), locked_jars()
    if _missing(folder, jars):
        with _exclusive(folder):
            # Another process may have filled the cache while this one waited for it.
            _download(folder, _missing(folder, jars), progress or (lambda _: None))
    return [folder / jar.file_name for jar in jars]


def _missing(folder: Path, jars: list[Jar]) -> list[Jar]:
    return [jar for jar in jars if not _is_whole(folder / jar.file_name, jar.size_bytes)]


def _is_whole(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w")
    except OSError as error:
        raise InfrastructureError(
            f"the cache folder {folder} can't be written ({error.strerror}): "
            "make it writable, or name another one in ORCHESTRATOR_CACHE"
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download(folder: Path, jars: list[Jar], progress: Progress) -> None:
    total, done = sum(jar.size_bytes for jar in jars), 0
    for abandoned in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    repository = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))
    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="kafka-jars")
    try:
        waiting = {pool.submit(_fetch, jar, repository, folder): jar for jar in jars}
        for future in as_completed(waiting):
            future.result()
            before, done = done, done + waiting[future].size_bytes
            if before * _REPORTS // total < done * _REPORTS // total:
                progress(f"downloading Kafka {KAFKA_VERSION}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(repository, ignore_errors=True)


def _fetch(jar: Jar, repository: Path, folder: Path) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            path = _resolve(jar, repository / str(attempt))
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            problem = f"{type(error).__name__}: {error}"
            continue
        found = _sha256(path)
        if found == jar.sha256:
            # Only whole, verified jars ever bear their final name.
            path.replace(folder / jar.file_name)
            return
        problem = f"its SHA-256 is {found}, not {jar.sha256}"
    raise InfrastructureError(
        f"Kafka's jar {jar} could not be downloaded from Maven Central ({problem}): check the network and HTTPS_PROXY, "
        f"or copy {folder} from a machine that has it"
    )


def _resolve(jar: Jar, repository: Path) -> Path:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=repository)
    path: Path = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def resolve_lock() -> str:
    """The text of ``jars.lock``, resolved anew from Maven Central (about half a minute)."""
    from jgo.maven import Dependency, MavenContext, PythonResolver

    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch))
        left_out = [context.project(*_LEFT_OUT)]
        inputs = [context.create_dependency(root, left_out) for root in _ROOTS]
        inputs.append(context.create_dependency(_LOGGING))
        inputs[-1].raw = True
        roots, transitive = PythonResolver().resolve(inputs)
        dependencies: list[Dependency] = roots + transitive
        with ThreadPoolExecutor(_PARALLEL) as pool:
            lines = sorted(pool.map(_lock_line, dependencies))
    return "\n".join([f"# Kafka {KAFKA_VERSION}: coordinate, SHA-256, bytes", *lines, ""])


def _lock_line(dependency: Any) -> str:
    path: Path = dependency.artifact.resolve()
    coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
    if path.name != f"{dependency.artifactId}-{dependency.version}.jar":
        raise Bug(f"{coordinate} is {path.name}: the lock knows plain jars only")
    return f"{coordinate} {_sha256(path)} {path.stat().st_size}"


if __name__ == "__main__":
    _LOCK.write_text(resolve_lock(), "utf-8")
