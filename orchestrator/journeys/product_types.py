"""The types of products, as conditions and templates see them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from orchestrator.cel.value_types import ANY_FIELDS, BOOL, DOUBLE, INT, TEXT, Fields, ListOf, Type

_FIELDS: Final[dict[str, Type]] = {
    **dict.fromkeys(("id", "name", "currency", "image", "url", "category"), TEXT),
    **dict.fromkeys(("price", "margin", "popularity"), DOUBLE),
    **dict.fromkeys(("stock", "repeat_days"), INT),
    **dict.fromkeys(("in_stock", "consumable"), BOOL),
    "belongs_with": ListOf(TEXT),
    "attributes": ANY_FIELDS,
}
_REMEDY: Final = "others stand in its attributes"

PRODUCT: Final = Fields(MappingProxyType(_FIELDS), whose="a product", remedy=_REMEDY)
CATALOG: Final = Fields(rest=PRODUCT, whose="the catalogue")
"""Products by id."""
RECOMMENDED: Final = ListOf(
    Fields(MappingProxyType({**_FIELDS, "reason": TEXT}), whose="a recommended product", remedy=_REMEDY)
)
