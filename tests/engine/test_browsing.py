"""What is kept of the products that a customer had to do with, what conditions and templates see, what is learnt."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.browsing import PRODUCTS_KEPT
from orchestrator.errors import DefinitionError
from orchestrator.testing import JourneyTestDriver

CHANNELS = "channels: {note: {address: id, consent: none, content: {text: {}}}}"
POLICY = "recommendations: {}"
GUIDE = """
journey: guide
entry: {on: Page Viewed}
steps: [{act: guide}]
"""


def driver(*definitions: str) -> JourneyTestDriver:
    made = JourneyTestDriver.of_text("\n---\n".join((CHANNELS, *definitions)))
    made.sell(
        *(
            {"id": id_, "name": id_.title(), "price": price, "currency": "EUR", **more}
            for id_, price, more in (
                ("beans", 26, {"category": "coffee", "repeat_days": 30, "belongs_with": ["filters"]}),
                ("filters", 6.9, {"category": "coffee"}),
                ("lamp", 96, {"category": "light", "stock": 0}),
                ("mug", 12.5, {"category": "coffee", "margin": 4}),
            )
        )
    )
    return made


def action(text: str) -> str:
    return f'action: guide\nchannel: note\ncontent: {{text: "{text}"}}'


def said(made: JourneyTestDriver, **page: Any) -> str:
    made.track("ada", "Page Viewed", page)
    return str(made.actions[-1]["content"]["text"])


def test_a_template_shows_a_product_of_the_catalogue() -> None:
    made = driver(
        GUIDE, action("{% set p = catalog[event.properties.id] %}{{ p.name }} {{ p.price | money(p.currency) }}")
    )
    assert said(made, id="mug") == "Mug €12.50"


def test_an_unknown_product_is_refused_by_its_name() -> None:
    made = driver(GUIDE, action("{{ catalog[event.properties.id].name }}"))
    made.track("ada", "Page Viewed", {"id": "cup"})
    assert made.actions == []
    assert made.decisions[-1]["reasons"][0]["detail"] == "text: unknown product 'cup'"


def test_a_template_may_say_something_else_of_an_unknown_product() -> None:
    made = driver(GUIDE, action("{{ catalog[event.properties.id].name | default('our guide') }}"))
    assert said(made, id="cup") == "our guide"


BRANCH = """
journey: guide
entry: {on: Page Viewed, if: "catalog[event.properties.id].in_stock"}
steps: [{act: guide, if: "catalog[event.properties.id].margin > 3.0"}]
"""


def test_a_condition_reads_the_catalogue() -> None:
    made = driver(BRANCH, action("x"))
    assert said(made, id="mug") == "x"


def test_a_condition_on_an_unknown_product_does_not_hold_and_says_why() -> None:
    made = driver(BRANCH.replace('if: "catalog[event.properties.id].in_stock"', "reentry: after_exit"), action("x"))
    made.track("ada", "Page Viewed", {"id": "cup"})
    assert made.actions == []
    assert "unknown product 'cup'" in made.decisions[-1]["reasons"][0]["detail"]


def test_a_condition_on_a_field_that_is_not_known_does_not_hold_and_says_why() -> None:
    made = driver(BRANCH, action("x"))
    made.track("ada", "Page Viewed", {"id": "beans"})
    assert "has no 'margin'" in made.decisions[-1]["reasons"][0]["detail"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("catalog[event.properties.id].pric > 1.0", "did you mean 'price'"),
        ("catalog[event.properties.id].name > 1", "cannot be compared"),
        ("customer.recommended.exists(p, p.nam == 'x')", "did you mean 'name'"),
    ],
)
def test_a_slip_in_a_field_of_a_product_is_found_before_anything_runs(condition: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        driver(BRANCH.replace("catalog[event.properties.id].in_stock", condition), action("x"))


def test_a_slip_in_a_template_is_found_before_anything_runs() -> None:
    with pytest.raises(DefinitionError, match="did you mean 'price'"):
        driver(POLICY, GUIDE, action("{% for p in recommend(3) %}{{ p.pric }}{% endfor %}"))


RECOMMENDED = action("{% for p in recommend(2) %}{{ p.name }}: {{ p.reason }}. {% endfor %}")


def test_a_template_recommends_by_what_the_customer_bought() -> None:
    made = driver(POLICY, GUIDE, RECOMMENDED)
    made.track("ada", "Order Completed", {"products": [{"product_id": "beans"}]})
    assert said(made) == "Filters: belongs with Beans. Mug: popular in coffee."


def test_a_known_customer_reads_something_else_than_a_visitor() -> None:
    made = driver(
        POLICY,
        GUIDE,
        action("{% if customer.known %}For you: {% else %}Popular: {% endif %}{{ recommend(1)[0].name }}"),
    )
    made.track("ada", "Order Completed", {"products": [{"product_id": "beans"}]})
    assert said(made) == "For you: Filters"
    made.track(None, "Page Viewed", anonymous="somebody")
    assert made.actions[-1]["content"]["text"] == "Popular: Beans"


def test_a_condition_asks_whether_there_is_something_to_recommend() -> None:
    made = driver(
        POLICY, GUIDE.replace("{act: guide}", '{act: guide, if: "size(customer.recommended) > 0"}'), action("x")
    )
    assert said(made) == "x"


def test_without_the_policy_a_template_that_recommends_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"to policy\.yaml"):
        driver(GUIDE, RECOMMENDED)


def test_a_purchase_tells_what_is_to_be_learnt() -> None:
    made = driver(POLICY, GUIDE, action("x"))
    made.track("ada", "Product Viewed", {"product_id": "mug"})
    made.track("ada", "Product Viewed", {"product_id": "beans"})
    made.advance("1 day")
    made.track("ada", "Order Completed", {"products": [{"product_id": "beans"}, {"product_id": "filters"}]})
    (line,) = [line for line in made.trace if line["kind"] == "purchase"]
    assert (line["bought"], line["viewed"]) == (["beans", "filters"], ["mug"])


def test_without_the_policy_nothing_is_kept_and_nothing_told() -> None:
    made = driver(GUIDE, action("x"))
    made.track("ada", "Order Completed", {"products": [{"product_id": "beans"}]})
    assert "products" not in (made.customer("ada") or {})
    assert [line for line in made.trace if line["kind"] == "purchase"] == []


def test_what_is_kept_is_bounded_and_purchases_outlive_views() -> None:
    made = driver(POLICY, GUIDE, action("x"))
    made.track("ada", "Order Completed", {"product_id": "beans"})
    for number in range(PRODUCTS_KEPT + 20):
        made.advance("1 minute")
        made.track("ada", "Product Viewed", {"product_id": f"p{number}"})
    kept = (made.customer("ada") or {})["products"]
    assert len(kept) == PRODUCTS_KEPT
    assert "beans" in kept
    assert "p0" not in kept


def test_what_a_visitor_looked_at_goes_along_when_they_log_in() -> None:
    made = driver(POLICY, GUIDE, RECOMMENDED)
    made.track(None, "Product Viewed", {"product_id": "mug"}, anonymous="web")
    made.identify("ada", anonymous="web")
    assert list((made.customer("ada") or {})["products"]) == ["mug"]


VALUED = """
action: guide
channel: note
value: catalog[event.properties.id].margin
eligibility: catalog[event.properties.id].in_stock
content: {text: "x"}
"""


def test_the_rules_of_an_action_read_the_catalogue() -> None:
    made = driver(GUIDE, VALUED)
    made.track("ada", "Page Viewed", {"id": "lamp"})
    assert made.actions == []
    assert "catalog[event.properties.id].in_stock" in made.decisions[-1]["reasons"][0]["detail"]
    assert said(made, id="mug") == "x"
