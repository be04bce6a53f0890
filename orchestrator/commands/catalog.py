"""``orchestrator catalog``: what is sold, from a file to the topic, and as the topic has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.contracts.catalog import CatalogProduct
    from orchestrator.engine.catalogue import Catalogue, Product
    from orchestrator.settings import Settings
    from orchestrator.streams.loading import Loaded

app = typer.Typer(no_args_is_help=True, help="What is sold: load it from a file, look at it.")

_FILE = "A .csv with the names of the fields in its first line, or a .jsonl with one product a line."
_REPLACE = "Take out what is not in the file."
_CATEGORY = "Only what is in this category."
_JSON = "As JSON, one product a line."


@app.command()
def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    replace: Annotated[bool, typer.Option("--replace", help=_REPLACE)] = False,
) -> None:
    """Load products from a file, all at once or none.

    The fields are id, name, price, currency, and if you have them stock, image, url, category, margin, repeat_days
    (makes it a consumable), belongs_with (ids with ';' between them), popularity, and attributes.NAME for anything
    else. Exit code 2, and nothing loaded, if anything in the file is wrong. Workers see the change within a second.

    \b
    Examples:
      orchestrator catalog load catalog.csv
      orchestrator catalog load catalog.jsonl --replace
    """
    from orchestrator.contracts.product_file import read_products

    products = read_products(file)
    settings = settings_of(context)
    done = run(_load(settings, products, replace))
    taken_out = f", {done.taken_out} taken out" if replace else ""
    typer.echo(f"{done.new} new, {done.changed} changed, {done.same} as they were{taken_out}", err=True)


@app.command()
def show(
    context: typer.Context,
    product: Annotated[str, typer.Argument(metavar="ID", help="The product's id; ids are exact.")],
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Show one product as workers see it.

    \b
    Example:
      orchestrator catalog show P-106
    """
    from orchestrator.errors import OrchestratorError
    from orchestrator.nearest import hint

    catalogue = _catalogue(context)
    found = catalogue.get(product)
    if found is None:
        remedy = hint(product, catalogue.products) if catalogue else "load some with 'orchestrator catalog load FILE'"
        raise OrchestratorError(f"there is no product '{product}': {remedy}")
    if as_json:
        typer.echo(_json(found))
        return
    for name, value in found.view.items():
        typer.echo(f"{name + ':':14} {_shown(value)}")


@app.command(name="list")
def list_(
    context: typer.Context,
    category: Annotated[str | None, typer.Option(metavar="NAME", help=_CATEGORY, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """List the products, in order of their ids.

    \b
    Examples:
      orchestrator catalog list
      orchestrator catalog list --category Coffee --json
    """
    from orchestrator.commands.topics import print_table

    products = sorted(_catalogue(context).products.values(), key=lambda product: product.id)
    chosen = [product for product in products if category is None or product.category == category]
    if as_json:
        for product in chosen:
            typer.echo(_json(product))
    else:
        print_table([("ID", "NAME", "PRICE", "STOCK", "CATEGORY"), *map(_cells, chosen)])


async def _load(settings: Settings, products: list[CatalogProduct], replace: bool) -> Loaded:
    from orchestrator.kafka.client import client_options
    from orchestrator.kafka.topics import check_catalog
    from orchestrator.streams.loading import load as load_products

    bootstrap = bootstrap_of(settings)
    await check_catalog(settings, bootstrap)
    return await load_products(client_options(settings, bootstrap), settings, products, replace=replace)


def _catalogue(context: typer.Context) -> Catalogue:
    return run(_read(settings_of(context)))


async def _read(settings: Settings) -> Catalogue:
    from aiokafka.errors import KafkaError

    from orchestrator.errors import InfrastructureError
    from orchestrator.kafka.client import client_options
    from orchestrator.kafka.topics import check_catalog
    from orchestrator.streams.loading import read_catalogue

    bootstrap = bootstrap_of(settings)
    await check_catalog(settings, bootstrap)
    try:
        return await read_catalogue(client_options(settings, bootstrap), settings)
    except KafkaError as error:
        raise InfrastructureError(f"the catalogue cannot be read: {error}") from error


def _json(product: Product) -> str:
    import orjson

    return orjson.dumps(product.view).decode()


def _cells(product: Product) -> tuple[str, ...]:
    stock = "" if product.stock is None else str(product.stock)
    return product.id, product.name, f"{product.price:g} {product.currency}", stock, product.category or ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
