"""What is sold: the records of ``catalog``, by whoever writes them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, ValidationError

from orchestrator.content.formats import check_currency
from orchestrator.content.links import check_link
from orchestrator.contracts.form import example
from orchestrator.engine.catalogue import Product
from orchestrator.errors import BadRecord
from orchestrator.journeys.sentences import sentences

BAD_PRODUCT: Final = "bad_product"
"""The code of the dead letter of a product that cannot be used."""

_MOST_ATTRIBUTES: Final = 50
_MOST_ACCESSORIES: Final = 50
_VALUE_BYTES_ALLOWED: Final = 65_536
_AMOUNT_MOST: Final = 1e12
_INVISIBLE: Final = "must not have control characters"


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValueError(_INVISIBLE)
    return text


ProductId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_visible)]
Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_visible)]
Link = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(check_link)]
Amount = Annotated[StrictFloat, Field(ge=-_AMOUNT_MOST, le=_AMOUNT_MOST, allow_inf_nan=False)]
NotNegative = Annotated[StrictFloat, Field(ge=0, le=_AMOUNT_MOST, allow_inf_nan=False)]
Plain = Annotated[str, Field(max_length=2_000)] | StrictBool | StrictInt | StrictFloat


class CatalogProduct(BaseModel):
    """One thing that is sold. Its key is its id; a record without a value takes it out."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        json_schema_extra=example(
            id="P-106",
            name="House Roast Beans, 1 kg",
            price=26.0,
            currency="EUR",
            stock=140,
            image="https://shop.example.com/images/P-106.jpg",
            url="https://shop.example.com/p/P-106",
            category="Coffee",
            margin=9.1,
            repeat_days=30,
            belongs_with=["P-102"],
            popularity=41,
            attributes={"brand": "Alder"},
        ),
    )

    id: ProductId = Field(description="the product_id that events have")
    name: Text = Field(description="what people call it")
    price: NotNegative = Field(description="in the currency, such as 49.9")
    currency: Annotated[str, AfterValidator(check_currency)] = Field(description="its code, such as EUR")
    stock: Annotated[StrictInt, Field(ge=-(10**9), le=10**9)] | None = Field(
        None, description="how many there are; without it they are not counted; 0 or less is never recommended"
    )
    image: Link | None = Field(None, description="the link of a picture")
    url: Link | None = Field(None, description="the link of its page")
    category: Text | None = Field(None, description="one group that it belongs to")
    margin: Amount | None = Field(None, description="what is earned of one, in the currency")
    repeat_days: Annotated[StrictInt, Field(ge=1, le=3_650)] | None = Field(
        None, description="makes it a consumable: after how many days people buy it again"
    )
    belongs_with: tuple[ProductId, ...] = Field(
        (), strict=False, max_length=_MOST_ACCESSORIES, description="the ids of what goes with it, such as accessories"
    )
    popularity: NotNegative = Field(
        0, description="greater for what is wanted more, in any unit: the order as long as nothing is learnt"
    )
    attributes: dict[Text, Plain] = Field(
        {}, max_length=_MOST_ATTRIBUTES, description="what else conditions and templates may ask for"
    )

    def product(self) -> Product:
        """As the engine has it."""
        return Product(
            id=self.id,
            name=self.name,
            price=float(self.price),
            currency=self.currency,
            stock=self.stock,
            image=self.image,
            url=self.url,
            category=self.category,
            margin=None if self.margin is None else float(self.margin),
            repeat_days=self.repeat_days,
            belongs_with=self.belongs_with,
            popularity=float(self.popularity),
            attributes=dict(self.attributes),
        )


def encode(product: CatalogProduct) -> bytes:
    """The value of the product's record; what is a default is left out."""
    return orjson.dumps(product.model_dump(mode="json", exclude_defaults=True))


def read_product(key: bytes | None, value: bytes | None) -> tuple[str, Product | None]:
    """The id, and the product of a record; None for one that is taken out.

    Raises:
        BadRecord: with all that is wrong.
    """
    if not key:
        raise BadRecord(BAD_PRODUCT, "the record has no key: it is the product's id")
    try:
        id_ = key.decode()
    except UnicodeDecodeError:
        raise BadRecord(BAD_PRODUCT, "the key is no text in UTF-8: it is the product's id") from None
    if value is None:
        return id_, None
    if len(value) > _VALUE_BYTES_ALLOWED:
        raise BadRecord(BAD_PRODUCT, f"a product has at most {_VALUE_BYTES_ALLOWED} bytes, this one has {len(value)}")
    try:
        plain = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadRecord(BAD_PRODUCT, f"the value is no JSON: {error}") from None
    product = checked(plain)
    if product.id != id_:
        raise BadRecord(BAD_PRODUCT, f"the key is '{id_[:80]}', and the product's id is '{product.id}': write the same")
    return id_, product.product()


def checked(plain: Any) -> CatalogProduct:
    """The product of JSON values.

    Raises:
        BadRecord: with all that is wrong, in one sentence for each.
    """
    if not isinstance(plain, dict):
        raise BadRecord(BAD_PRODUCT, "a product is an object of fields, such as id, name, price and currency")
    try:
        return CatalogProduct.model_validate(plain)
    except ValidationError as error:
        raise BadRecord(BAD_PRODUCT, "; ".join(told(error))) from None


def told(error: ValidationError) -> list[str]:
    """What is wrong with a product, in sentences that begin with its field."""
    found: dict[str, str] = {}
    for location, message in sentences(error, CatalogProduct):
        field = str(location[0]) if location else ""
        placed = message if not field or f"'{field}'" in message else f"'{field}': {message}"
        found.setdefault(field or message, placed)
    return list(found.values())
