"""Builds a wheel whose engine is compiled by mypyc: the same code, twice as fast, for one platform.

A hook of hatchling's, taken only where ``HATCH_BUILD_HOOK_ENABLE_CUSTOM`` is set: ``make compiled`` sets it. It needs a
C compiler and Python's headers. The Python files stay in the wheel beside what is compiled of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILED: Final = (
    "engine/*.py",
    "events/engagement.py",
    "events/event.py",
    "events/intake.py",
    "events/payload.py",
    "events/view.py",
    "kafka/names.py",
    "moments.py",
    "streams/homes.py",
    "streams/work.py",
)
"""What an event goes through, below ``orchestrator/``."""

LEFT_OUT: Final = frozenset(
    {
        # mypyc has no protocols.
        "condition",
        "arms",
        # Their fields have types that are imported for the type checker alone; mypyc wants them at hand.
        "action",
        "audience",
        "content",
        "journey",
        "models",
        "occasions",
        "partners",
        "policy",
        "sight",
        "steps",
        "treatment",
        "visit",
        "__init__",
    }
)
"""Modules of the engine that stay as they are."""

_SLOTS: Final = re.compile(r"^@dataclass\((.*\bslots=True\b.*)\)$", re.MULTILINE)
_SETUP: Final = """
import sys
from mypyc.build import mypycify
from setuptools import setup

modules = mypycify(sys.argv[1:], group_name="orchestrator", opt_level="3", debug_level="0")
setup(name="orchestrator", ext_modules=modules, packages=[], script_args=["--quiet", "build_ext", "--inplace"])
"""


def modules(root: Path) -> list[str]:
    """The files that are compiled, relative to the root."""
    found = [path for pattern in COMPILED for path in sorted((root / "orchestrator").glob(pattern))]
    return [str(path.relative_to(root)) for path in found if path.stem not in LEFT_OUT]


def compile_in(folder: Path, root: Path) -> list[Path]:
    """Compiles a copy of the project in a folder; the extensions, relative to it.

    Raises:
        CalledProcessError: mypyc or the C compiler refused something, and has said what.
    """
    shutil.copytree(
        root / "orchestrator", folder / "orchestrator", ignore=shutil.ignore_patterns("__pycache__", "*.so")
    )
    shutil.copy(root / "pyproject.toml", folder / "mypy.toml")
    for module in modules(root):
        # A compiled class has slots anyway, and 'slots=True' would make another class beside it.
        file = folder / module
        file.write_text(_SLOTS.sub(_without_slots, file.read_text()))
    script = folder / "build_modules.py"
    script.write_text(_SETUP)
    command = [sys.executable, str(script), "--config-file=mypy.toml", *modules(root)]
    subprocess.run(command, cwd=folder, check=True)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    return [path.relative_to(folder) for path in folder.rglob(f"*{suffix}") if "build" not in path.parts]


def _without_slots(decorator: re.Match[str]) -> str:
    arguments = [each for each in decorator.group(1).split(", ") if each != "slots=True"]
    return f"@dataclass({', '.join(arguments)})"


class CompiledHook(BuildHookInterface[Any]):
    """Adds the extensions to the wheel and names its platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs the wheel."""
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        extensions = compile_in(folder, Path(self.root))
        build_data["force_include"] |= {str(folder / path): str(path) for path in extensions}
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is packed."""
        self._folder.cleanup()
