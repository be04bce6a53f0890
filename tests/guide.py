"""A guide as a reader follows it: its files are written, its commands run, its outputs looked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r"^(?:<!-- ([a-z ]+) -->\n)?```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE: Final = re.compile(r"# (\S+)\n")
_INTO: Final = re.compile(r"^cd (\S+)$", re.MULTILINE)
TIMEOUT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code; ``mark`` is what a comment before it says of it, ``language`` what it is written in."""

    mark: str
    language: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """All blocks, in their order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text("utf-8"))]


class Reader:
    """Somebody who follows a guide in a folder of their own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.said = ""
        self._variables = variables
        self._bin = folder / ".bin"
        self._bin.mkdir()
        command = self._bin / "orchestrator"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orchestrator "$@"\n', "utf-8")
        command.chmod(0o755)

    def follow(self, block: Block) -> None:
        """Does what a block says; a block of text must be in what the last command said, line by line."""
        if block.language == "sh":
            self._run(block)
        elif block.language == "text":
            self._find(block.text)
        else:
            self._write(block.text)

    def _run(self, block: Block) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
        path = os.pathsep.join([str(self._bin), clean.get("PATH", "")])
        done = subprocess.run(
            ["bash", "-ec", block.text],
            cwd=self.folder,
            env={**clean, **self._variables, "PATH": path, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        self.said = done.stdout
        assert (done.returncode != 0) == (block.mark == "fails"), f"{block.text}\n{self.said}"
        for folder in _INTO.findall(block.text):
            self.folder /= folder

    def _find(self, text: str) -> None:
        at = 0
        for line in text.splitlines():
            found = self.said.find(line.strip(), at)
            assert found >= 0, f"'{line}' is not in what was said, or not there:\n{self.said}"
            at = found

    def _write(self, text: str) -> None:
        named = _FILE.match(text)
        assert named is not None, f"a block without the name of its file: {text[:60]}"
        path = self.folder / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")  # the name is a comment, and a reader pastes it along
