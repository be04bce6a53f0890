"""Makes a picture of what a command printed: ``orchestrator demo | python docs/picture.py docs/demo.svg``."""

from __future__ import annotations

import io
import sys

from rich.console import Console
from rich.text import Text

_WIDTH = 118


def main() -> None:
    """Reads standard input and writes an SVG to the given path."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    console.print("[bold green]$[/] make demo")
    for line in sys.stdin.read().splitlines():
        console.print(Text(line, overflow="ellipsis", no_wrap=True))
    console.save_svg(sys.argv[1], title="orchestrator")


if __name__ == "__main__":
    main()
