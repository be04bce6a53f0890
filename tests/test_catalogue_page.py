"""docs/catalogue.md: the example is real, and names each field that there is."""

from __future__ import annotations

from pathlib import Path

from orchestrator.contracts.catalog import CatalogProduct
from orchestrator.journeys.load import load
from orchestrator.journeys.recommendations import RecommendationsDefinition
from orchestrator.testing import JourneyTestDriver
from tests.test_docs import DOCS, files_of

PAGE = DOCS / "catalogue.md"


def test_the_example_does_what_its_page_says(tmp_path: Path) -> None:
    for name, text in files_of(PAGE).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    driver = JourneyTestDriver.of_pack(load(tmp_path))
    beans = {"id": "P-106", "name": "Beans", "price": 26, "currency": "EUR", "belongs_with": ["P-102"]}
    driver.sell(beans, {"id": "P-102", "name": "Grinder", "price": 89, "currency": "EUR"})

    driver.identify("ada", {"phone": "+4930123456"})
    (message,) = driver.track("ada", "Product Viewed", {"product_id": "P-106"})

    assert message["content"]["text"] == "Beans, €26.00. Grinder belongs with Beans."
    assert driver.track("ada", "Product Viewed", {"product_id": "P-999"}) == []


def test_each_field_of_a_product_and_of_the_policy_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    names = [*CatalogProduct.model_fields, *RecommendationsDefinition.model_fields]
    assert [name for name in names if f"`{name}`" not in text and f"{name}:" not in text] == []
