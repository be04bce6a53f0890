"""The last part of docs/first-journey.md, on a real Kafka."""

from __future__ import annotations

from pathlib import Path

from tests.commands.conftest import Run, Start, make_project
from tests.guide import Reader, blocks_of

LOOKS = tuple(f"orchestrator {name}" for name in ("validate", "preview", "graph", "test", "simulate"))
"""What changes nothing, and runs without Kafka in another test."""
GUIDE = Path(__file__).resolve().parents[2] / "docs/first-journey.md"


def test_the_journey_runs(tmp_path: Path, bootstrap: str, start: Start, run: Run) -> None:
    blocks = blocks_of(GUIDE)
    begins = next(number for number, block in enumerate(blocks) if block.mark == "background")
    reader = Reader(tmp_path)
    for block in blocks[:begins]:
        only_looks = block.language == "text" or block.text.startswith(LOOKS) or block.mark == "not run"
        if not only_looks:
            reader.follow(block)
    settings = make_project(tmp_path / "settings", bootstrap, "wall") / "orchestrator.toml"
    settings.replace(reader.folder / "orchestrator.toml")
    assert run(reader.folder, "topics", "apply").returncode == 0  # on a cluster of one's own they are not made alone
    worker = start(reader.folder, "worker")
    worker.await_output("ready: partitions")
    for block in blocks[begins + 1 :]:
        reader.follow(block)

    assert worker.stop() == 0
