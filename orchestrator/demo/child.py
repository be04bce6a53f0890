"""``python -m orchestrator.demo.child PARENT ARGUMENTS``: the command line, in a process that ends with its parent."""

from __future__ import annotations

import sys

from orchestrator.cli import main
from orchestrator.kafka.launch import die_with

if __name__ == "__main__":
    die_with(int(sys.argv.pop(1)))
    main()
