"""Where the example shop's files are."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import UsageError


def shop_folder() -> Path:
    """The folder of the example shop: inside an installed package, or ``examples/shop`` of a checkout.

    Raises:
        UsageError: when neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "_shop", package.parent / "examples" / "shop")
    for place in places:
        if (place / "data" / "ecom.csv.gz").is_file():
            return place
    raise UsageError("the example shop's data is missing: install the package again, or run from a full checkout")
