"""Writes docs/settings.md from the model: ``python docs/settings_page.py docs/settings.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import SecretStr

from orchestrator.settings import Settings


def page() -> str:
    """All settings with their defaults and what they mean."""
    lines = [
        "# Settings",
        "",
        "In `orchestrator.toml` under these names, or in the environment in upper case behind `ORCHESTRATOR_`.",
        "The environment wins over the file, a flag over both. Lists are written `a,b` there, tables `a=b,c=d`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        if name == "project":
            continue
        default = "" if field.default is None or isinstance(field.default, SecretStr) else f"`{field.default}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
