"""docs/proof.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.graph.drawing import svg
from orchestrator.graph.graph import graph_of
from orchestrator.journeys.compile import compile_journey
from orchestrator.journeys.load import load
from orchestrator.shop.folder import shop_folder
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.cases import Expectation, Happening, TestCase, read_tests
from orchestrator.testing.play import play

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "proof.md").read_text("utf-8")


def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    (tmp_path / "example.yaml").write_text(example[1], "utf-8")
    (test,) = read_tests(tmp_path / "example.yaml")
    driver = JourneyTestDriver.of_project(shop_folder())
    driver.now = test.start
    play(test, driver)


def test_all_that_a_test_may_say_is_told() -> None:
    words = {
        field.alias or name
        for model in (TestCase, Happening, Expectation)
        for name, field in model.model_fields.items()
        if name not in ("purpose", "reason", "context", "journey", "customers")
    }
    assert {word for word in words if f"{word}" not in PAGE} == set()


def test_the_picture_is_that_of_the_journey() -> None:
    pack = load(shop_folder())
    graph = graph_of(compile_journey(pack, "payment-help"), pack.journeys["payment-help"].description)
    picture = re.sub(r"[0-9a-f]{12}", "", svg(graph))
    assert re.sub(r"[0-9a-f]{12}", "", (DOCS / "payment-help.svg").read_text("utf-8")) == picture
