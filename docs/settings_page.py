"""Writes docs/settings.md from the model: ``python docs/settings_page.py docs/settings.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from orchestrator.channels.settings import SenderSettings, SmtpSettings, WebhookSettings
from orchestrator.settings import Settings

_HEAD = ["| setting | default | meaning |", "|---|---|---|"]
_SENDERS: dict[str, type[BaseModel]] = {
    "All senders": SenderSettings,
    'kind = "smtp"': SmtpSettings,
    'kind = "webhook"': WebhookSettings,
}


def page() -> str:
    """All settings with their defaults and what they mean."""
    lines = [
        "# Settings",
        "",
        "In `orchestrator.toml` under these names, or in the environment in upper case behind `ORCHESTRATOR_`.",
        "The environment wins over the file, a flag over both. Lists are written `a,b` there, tables `a=b,c=d`.",
        "",
        *_table(Settings, {"project"}),
        "",
        "## Senders",
        "",
        "In a table `[senders.NAME]` for each; `password` of `[senders.email]` is",
        "`ORCHESTRATOR_SENDERS__EMAIL__PASSWORD` in the environment, which is the place for secrets. `kind` is `smtp`,",
        "`webhook` or `console`. See [senders.md](senders.md).",
    ]
    common = {"kind", "name"}
    for title, model in _SENDERS.items():
        lines += ["", f"### {title}", "", *_table(model, common)]
        common |= set(SenderSettings.model_fields)
    return "\n".join(lines) + "\n"


def _table(model: type[BaseModel], without: set[str]) -> list[str]:
    return _HEAD + [
        _row(field.alias or name, field) for name, field in model.model_fields.items() if name not in without
    ]


def _row(name: str, field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, tuple):
        default = ",".join(default)
    shown = "" if default is None or default is PydanticUndefined else f"`{default}`"
    return f"| `{name}` | {shown} | {field.description} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
