"""What a mail is in five languages, and what each format is in them: compared with what was read by eye once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from orchestrator.content.action import compile_action
from orchestrator.engine.policy import DEFAULT_POLICY
from orchestrator.events.view import View
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.load import default_channels
from tests.content.saying import NOW, text

HERE = Path(__file__).parent
GOLD: Final[dict[str, dict[str, Any]]] = json.loads((HERE / "gold.json").read_text("utf-8"))
"""By language: the customer, what the mail is for them, and what each of FORMATS is for them."""

FORMATS: Final = {
    "money": "{{ 1234567.5 | money('EUR') }}",
    "money without decimals": "{{ 1234.5 | money('JPY') }}",
    "number": "{{ -1234567.891 | number }}",
    "number with decimals": "{{ 2 | number(2) }}",
    "percent": "{{ 0.256 | percent }}",
    "percent with decimals": "{{ 0.256 | percent(1) }}",
    "date": "{{ event.timestamp | date }}",
    "date in full": "{{ event.timestamp | date('full') }}",
    "date of a birthday": "{{ '1990-03-05' | date(skeleton='MMMMd') }}",
    "time": "{{ event.timestamp | time }}",
    "datetime": "{{ event.timestamp | datetime }}",
    "ago": "{{ event.timestamp | relative }}",
    "ahead": "{{ event.timestamp | plus('4 days') | relative }}",
}
PARTIALS: Final = {
    "table": (
        "{% macro rows(products, currency) %}<ul>{% for p in products %}"
        "<li>{{ p.quantity }} × {{ p.name }}, {{ p.price | money(currency) }}</li>{% endfor %}</ul>{% endmacro %}"
    ),
    "footer": "<p>Holt &amp; Harrow {{ customer.id }}</p>",
}
ORDER: Final = View(
    {
        "name": "Order Completed",
        "properties": {
            "order_id": "A-17",
            "currency": "EUR",
            "total": 1249.5,
            "discount": 0.125,
            "products": [
                {"name": "Mug <blue>", "price": 8, "quantity": 1200},
                {"name": "Löffel & Gabel", "price": 49.5, "quantity": 1},
            ],
        },
    },
    {"timestamp": 1_700_000_000_000},
)


def mail(traits: dict[str, Any]) -> dict[str, Any]:
    definition = ActionDefinition.model_validate(yaml.safe_load((HERE / "order_mail.yaml").read_text("utf-8")))
    content = compile_action(definition.by_channel["email"], default_channels()["email"], PARTIALS)
    return content.render(ORDER, View({"id": "u1", "traits": traits}, {}), View({}, {}), DEFAULT_POLICY, NOW).fields


@pytest.mark.parametrize("language", GOLD)
def test_the_mail_in_each_language(language: str) -> None:
    assert mail(GOLD[language]["traits"]) == GOLD[language]["mail"]


@pytest.mark.parametrize("language", GOLD)
def test_each_format_in_each_language(language: str) -> None:
    traits = GOLD[language]["traits"]

    assert {name: text(template, **traits) for name, template in FORMATS.items()} == GOLD[language]["formats"]
