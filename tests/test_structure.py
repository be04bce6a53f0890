"""The shape of the package: who may import whom, no cycles, no swollen files, no drawers for odds and ends.

Everything is read with ``ast``, nothing is imported. Each check is a function of a folder and returns what is wrong, so
that it can be held to small bad trees too.
"""

import ast
import re
import tomllib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "orchestrator"

LONGEST_CHAIN = 20
LONG_LINES = 400
LONGEST_LINES = 700

SHELL = frozenset(
    {
        *("api", "channels", "cli", "commands", "console", "demo", "health", "kafka", "proof", "replay", "streams"),
        "testing",
    }
)
IMPURE = frozenset(
    {
        *("aiokafka", "asyncio", "concurrent", "faust", "mode", "multiprocessing", "random", "rocksdict", "secrets"),
        *("socket", "subprocess", "threading", "time", "uvloop"),
    }
)
IMPURE_CALLS = frozenset(
    {
        *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid1", "uuid4"),
        *("__import__", "import_module", "input", "open", "print"),
    }
)


@dataclass(frozen=True)
class Layer:
    """What a sub-package may not reach, neither itself nor through another module of the package."""

    rooms: frozenset[str]
    libraries: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()


LAYERS = {
    "engine": Layer(SHELL, IMPURE, IMPURE_CALLS),
    "events": Layer(SHELL),
    "cel": Layer(SHELL | {"journeys", "content", "graph"}),
    "graph": Layer(SHELL),
    "journeys": Layer(frozenset({"kafka", "streams"})),
    "content": Layer(frozenset({"kafka", "streams"})),
    "channels": Layer(SHELL - {"channels", "health", "kafka", "streams"} | {"engine", "content"}),
    **dict.fromkeys(
        ("channels.dispatch", "channels.progress", "channels.reports"),
        Layer(SHELL - {"channels"}, IMPURE, IMPURE_CALLS),
    ),
}
"""By sub-package, or by module of one."""

DRAWER = re.compile(r"(^|_)(common|helpers?|managers?|misc|utils?|utilities)$")


@dataclass(frozen=True)
class Import:
    """One import: of a module of the package (by its full name) or of a library (by its top-level name)."""

    target: str
    line: int
    at_import: bool
    """It runs when the module is imported: it stands in no function and under no TYPE_CHECKING."""


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]


def read_package(package: Path) -> dict[str, Module]:
    """The modules below a package's folder, by full name."""
    paths = {_module_name(package, path): path for path in sorted(package.rglob("*.py"))}
    modules = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_bytes(), str(path))
        parent = name if path.name == "__init__.py" else name.rpartition(".")[0]
        imports = tuple(_imports(tree.body, parent, frozenset(paths), at_import=True))
        modules[name] = Module(name, path, tree, imports)
    return modules


def _module_name(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(body: list[ast.stmt], parent: str, known: frozenset[str], *, at_import: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(_resolve(alias.name, parent, known), node.lineno, at_import)
        elif isinstance(node, ast.ImportFrom):
            source = _source(node, parent)
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                target = submodule if submodule in known else source
                yield Import(_resolve(target, parent, known), node.lineno, at_import)
        else:
            deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(node)
            for block in _blocks(node):
                runs = at_import and not (deferred and block is not getattr(node, "orelse", None))
                yield from _imports(block, parent, known, at_import=runs)


def _source(node: ast.ImportFrom, parent: str) -> str:
    if not node.level:
        return node.module or ""
    parts = parent.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _resolve(name: str, parent: str, known: frozenset[str]) -> str:
    if name.partition(".")[0] != parent.partition(".")[0]:
        return name.partition(".")[0]
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def layer_breaks(package: Path) -> list[str]:
    """Each way from a layer to something that it may not reach."""
    modules = read_package(package)
    breaks = []
    for room, layer in LAYERS.items():
        inside = [name for name in modules if room in (_room(name), name.partition(".")[2])]
        breaks += [problem for name in inside for problem in _impure_calls(modules[name], layer)]
        breaks += _forbidden_ways(modules, inside, layer)
    return breaks


def _room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def _forbidden_ways(modules: dict[str, Module], start: list[str], layer: Layer) -> Iterator[str]:
    way = {name: name for name in start}
    waiting = list(start)
    while waiting:
        module = modules[waiting.pop(0)]
        for imported in module.imports:
            place = f"{way[module.name]}:{imported.line} -> {imported.target}"
            if imported.target not in modules:
                if imported.target in layer.libraries:
                    yield place
            elif _room(imported.target) in layer.rooms:
                yield place
            elif imported.target not in way:
                way[imported.target] = place
                waiting.append(imported.target)


def _impure_calls(module: Module, layer: Layer) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            names = ast.unparse(node.func).split(".")
            if layer.calls & {names[-1], ".".join(names[-2:])}:
                yield f"{module.name}:{node.lineno} calls {'.'.join(names)}"


def import_chain(package: Path) -> list[str]:
    """The longest chain of imports, from the module that imports to the one that imports nothing.

    Raises:
        CycleError: modules import each other in a circle; its second argument is the circle.
    """
    modules = read_package(package)
    graph = {
        name: {each.target for each in module.imports if each.at_import and each.target in modules} - {name}
        for name, module in modules.items()
    }
    chains: dict[str, list[str]] = {}
    for name in TopologicalSorter(graph).static_order():
        chains[name] = [name, *max((chains[target] for target in sorted(graph[name])), key=len, default=[])]
    return max(chains.values(), key=len)


def long_files(folder: Path, limit: int) -> list[str]:
    """The Python files of more lines than that."""
    sizes = {path: len(path.read_bytes().splitlines()) for path in sorted(folder.rglob("*.py"))}
    return [f"{path.relative_to(folder)}: {lines} lines" for path, lines in sizes.items() if lines > limit]


def drawers(package: Path) -> list[str]:
    """Modules and sub-packages whose name says nothing about what is in them."""
    return [name for name in read_package(package) if any(DRAWER.search(part) for part in name.split("."))]


def unlocked(project: Path) -> list[str]:
    """What pyproject.toml asks for and requirements.lock doesn't hold in a fitting version."""
    table = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    asked = [
        *table["project"]["dependencies"],
        *(text for group in table["dependency-groups"].values() for text in group),
    ]
    lock = (project / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^(\S+?)==(\S+)", lock, re.MULTILINE))
    missing = []
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version):
            missing.append(f"{requirement}: locked is {version}")
    return missing


def test_arrows_point_inward() -> None:
    assert layer_breaks(PACKAGE) == []


def test_imports_form_no_cycle_and_no_long_chain() -> None:
    chain = import_chain(PACKAGE)

    assert len(chain) <= LONGEST_CHAIN, " -> ".join(chain)


@pytest.mark.filterwarnings("default:.* lines, the limit is")
@pytest.mark.parametrize("folder", ["orchestrator", "tests", "benchmarks"])
def test_files_are_short(folder: str) -> None:
    for file in long_files(ROOT / folder, LONG_LINES):
        warnings.warn(f"{folder}/{file}, the limit is {LONGEST_LINES}", stacklevel=1)

    assert long_files(ROOT / folder, LONGEST_LINES) == []


def test_every_module_is_named_by_what_it_holds() -> None:
    assert drawers(PACKAGE) == []


def test_the_lock_holds_all_that_is_asked_for() -> None:
    assert unlocked(ROOT) == []


Shop = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Writes a package ``shop`` of modules, given by path and text."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in {"__init__.py": "", **files}.items():
            path = tmp_path / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path / "shop"

    return write


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        pytest.param({"engine/step.py": "import shop.streams", "streams/__init__.py": ""}, "shop.streams", id="import"),
        pytest.param({"engine/step.py": "from shop import cli", "cli.py": ""}, "shop.cli", id="from package"),
        pytest.param(
            {"engine/step.py": "from ..kafka.broker import Broker", "kafka/broker.py": ""},
            "shop.kafka.broker",
            id="relative",
        ),
        pytest.param({"engine/step.py": "from .. import demo", "demo.py": ""}, "shop.demo", id="relative package"),
        pytest.param({"engine/step.py": "def f():\n    import shop.api", "api.py": ""}, "shop.api", id="in function"),
        pytest.param(
            {"engine/step.py": "if TYPE_CHECKING:\n    from shop.testing import Driver", "testing.py": ""},
            "shop.testing",
            id="for types",
        ),
        pytest.param({"engine/step.py": "try:\n    import faust\nexcept ImportError:\n    pass"}, "faust", id="in try"),
        pytest.param(
            {"engine/step.py": "try:\n    pass\nexcept OSError:\n    import random"}, "random", id="in except"
        ),
        pytest.param({"engine/step.py": "match 1:\n    case 1:\n        import time"}, "time", id="in match"),
        pytest.param({"engine/step.py": "class A:\n    from asyncio.tasks import sleep"}, "asyncio", id="in class"),
        pytest.param(
            {"engine/step.py": "from shop.clock import now", "clock.py": "import time"},
            "time",
            id="through another module",
        ),
        pytest.param(
            {
                "engine/step.py": "import shop.a",
                "a.py": "import shop.b",
                "b.py": "import shop.streams",
                "streams.py": "",
            },
            "shop.streams",
            id="through two modules",
        ),
        pytest.param({"engine/step.py": "at = datetime.datetime.now(UTC)"}, "datetime.now", id="clock"),
        pytest.param({"engine/step.py": "def f(): return uuid4()"}, "uuid4", id="chance"),
        pytest.param({"engine/step.py": "Path('x').open()"}, ".open", id="file"),
        pytest.param({"events/read.py": "import shop.kafka", "kafka/__init__.py": ""}, "shop.kafka", id="events"),
        pytest.param(
            {"journeys/load.py": "import shop.streams.app", "streams/app.py": ""}, "shop.streams.app", id="journeys"
        ),
        pytest.param(
            {"content.py": "import shop.kafka.broker", "kafka/broker.py": ""}, "shop.kafka.broker", id="content"
        ),
    ],
)
def test_an_outward_arrow_is_seen(shop: Shop, files: dict[str, str], broken: str) -> None:
    breaks = layer_breaks(shop(files))

    assert len(breaks) == 1
    assert breaks[0].endswith(broken)


def test_inward_arrows_and_pure_calls_are_left_alone(shop: Shop) -> None:
    files = {
        "streams/app.py": "import asyncio, time\nfrom shop.engine import step\nprint(time.time())",
        "engine/__init__.py": "",
        "engine/step.py": "from datetime import datetime\nfrom shop.events import read\ndatetime.fromtimestamp(0)",
        "events/__init__.py": "",
        "events/read.py": "import orjson",
        "journeys/load.py": "import time",
    }

    assert layer_breaks(shop(files)) == []


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.py": "import shop.b", "b.py": "import shop.a"}, id="two modules"),
        pytest.param(
            {"a.py": "from shop import b", "b.py": "from . import c", "c.py": "from .a import x"}, id="three modules"
        ),
        pytest.param(
            {"a/__init__.py": "from shop.a.b import x", "a/b.py": "from shop.a import y"}, id="through a package"
        ),
        pytest.param(
            {"a.py": "if TYPE_CHECKING:\n    pass\nelse:\n    import shop.b", "b.py": "import shop.a"}, id="in else"
        ),
    ],
)
def test_a_cycle_is_seen(shop: Shop, files: dict[str, str]) -> None:
    with pytest.raises(CycleError):
        import_chain(shop(files))


def test_an_import_that_runs_later_closes_no_cycle(shop: Shop) -> None:
    files = {
        "a.py": "import shop.b",
        "b.py": "if TYPE_CHECKING:\n    from shop.a import A\ndef f():\n    from shop.a import g",
    }

    assert import_chain(shop(files)) == ["shop.a", "shop.b"]


def test_the_longest_chain_is_found(shop: Shop) -> None:
    files = {"a.py": "import shop.b, shop.d", "b.py": "import shop.c", "c.py": "import shop.d", "d.py": "import json"}

    assert import_chain(shop(files)) == ["shop.a", "shop.b", "shop.c", "shop.d"]


def test_a_long_file_is_seen(shop: Shop) -> None:
    package = shop({"a.py": "x = 1\n" * 10, "b/c.py": "x = 1\n" * 11})

    assert long_files(package, 10) == ["b/c.py: 11 lines"]


@pytest.mark.parametrize(
    "name", ["utils.py", "manager.py", "helpers.py", "date_utils.py", "utils/dates.py", "streams/common.py"]
)
def test_a_drawer_is_seen(shop: Shop, name: str) -> None:
    assert len(drawers(shop({name: "", "managed.py": "", "utility_bill.py": ""}))) == 1


@pytest.mark.parametrize(
    ("asked", "missing"),
    [("orjson>=3,<4", []), ("Or.Json", ["Or.Json: locked is None"]), ("orjson>=4", ["orjson>=4: locked is 3.13.0"])],
)
def test_a_stale_lock_is_seen(tmp_path: Path, asked: str, missing: list[str]) -> None:
    (tmp_path / "requirements.lock").write_text("orjson==3.13.0 \\\n    --hash=sha256:0\n", "utf-8")
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\ndependencies = ["{asked}"]\n[dependency-groups]\ndev = []\n', "utf-8"
    )

    assert unlocked(tmp_path) == missing
