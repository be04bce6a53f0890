"""Products in files: all of one or nothing, and each mistake with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.contracts.product_file import MOST_PROBLEMS, read_products
from orchestrator.errors import DefinitionError

HEAD = "id,name,price,currency,stock,belongs_with,repeat_days,attributes.brand\n"


def problems(path: Path) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read_products(path)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def written(folder: Path, text: str, name: str = "catalog.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_csv_has_a_product_a_line(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + '"beans","House Roast, 1 kg",26,EUR,140,grinder; mug,30,Alder\nmug,Mug,9.5,EUR,,,,\n'
    )
    beans, mug = read_products(path)
    assert (beans.name, beans.price, beans.stock, beans.belongs_with) == (
        "House Roast, 1 kg",
        26.0,
        140,
        ("grinder", "mug"),
    )
    assert (beans.repeat_days, beans.attributes) == (30, {"brand": "Alder"})
    assert (mug.stock, mug.repeat_days, mug.attributes) == (None, None, {})


def test_a_csv_of_a_spreadsheet_has_semicolons_and_a_mark_at_its_beginning(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffid;name;price;currency\nmug;Mug;9.5;EUR\n")
    assert [product.id for product in read_products(path)] == ["mug"]


def test_a_jsonl_has_a_product_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, '{"id": "mug", "name": "Mug", "price": 9, "currency": "EUR", "stock": 3}\n\n', "c.jsonl")
    assert [(product.id, product.stock) for product in read_products(path)] == [("mug", 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "mug,Mug,9;50,EUR,,,,", ["2: 'price': '9;50' is no number: write it with a dot, such as 12.5"]),
        (HEAD + "mug,Mug,9,EUR,many,,,", ["2: 'stock': 'many' is no whole number: write digits alone, such as 12"]),
        (HEAD + "mug,Mug,-9,EUR,,,,", ["2: 'price' must be at least 0, not the number -9.0"]),
        (HEAD + "mug,Mug,nan,EUR,,,,", ["2: 'price'"]),
        (HEAD + "mug,Mug,9,Euro,,,,", ["2: 'currency': 'Euro' is no currency: write its code, such as EUR"]),
        (HEAD + "mug,,9,EUR,,,,", ["2: 'name' is missing"]),
        (HEAD + "mug,Mug,9", ["2: has 3 cells, and the first line 8: put texts with a comma in quotes"]),
        (HEAD + "a,A,1,EUR,,,,\na,A,1,EUR,,,,", ["3: 'id': the product 'a' is in line 2 already"]),
        (HEAD + "a,A,1,EUR,,,0,", ["2: 'repeat_days' must be at least 1, not the number 0"]),
        (
            "id,name,prise,currency\n",
            ["1: column 3: there is no field 'prise': did you mean 'price'?", "1: the column"],
        ),
        ("id,name,currency\n", ["1: the column 'price' is missing"]),
        ("id,id,name,price,currency\n", ["1: the column 'id' is there twice"]),
        (HEAD, ["0: has no products"]),
        ("", ["0: has no products"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column_and_what_is_allowed(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    found = problems(written(tmp_path, text))
    assert len(found) == len(expected)
    assert all(told.startswith(begins) for told, begins in zip(found, expected, strict=True)), found


def test_the_line_of_a_mistake_counts_lines_within_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + 'a,"two\nlines",1,EUR,,,,\nb,B,x,EUR,,,,\n')
    assert problems(path) == [
        "2: 'name': must not have control characters",
        "4: 'price': 'x' is no number: write it with a dot, such as 12.5",
    ]


def test_a_mistake_in_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, '{"id": 1}\n[]\n{\n', "c.jsonl")
    assert [told[:26] for told in problems(path)] == [
        "1: 'id' must be a text, no",
        "1: 'name' is missing",
        "1: 'price' is missing",
        "1: 'currency' is missing",
        "2: a product is an object ",
        "3: is no JSON: unexpected ",
    ]


def test_of_very_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "mug,Mug,x,EUR,,,,\n" * 500)
    assert len(problems(path)) == MOST_PROBLEMS + 1


def test_what_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_bytes(HEAD.encode() + "mug,Müg,9,EUR,,,,\n".encode("latin-1"))
    assert problems(path) == ["2: is not in UTF-8: save it as UTF-8"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path / "catalog.csv") == ["0: cannot be read: No such file or directory"]


def test_a_cell_that_cannot_be_read_hides_no_other_mistake_of_its_line(tmp_path: Path) -> None:
    rows = "id,name,price,currency,stock\nP-1,Mug,-5,EURO,abc\n"
    assert problems(written(tmp_path, rows)) == [
        "2: 'stock': 'abc' is no whole number: write digits alone, such as 12",
        "2: 'price' must be at least 0, not the number -5.0",
        "2: 'currency': 'EURO' is no currency: write its code, such as EUR",
    ]


def test_a_price_that_is_no_number_is_told_as_one(tmp_path: Path) -> None:
    rows = '{"id":"P-1","name":"Mug","price":"cheap","currency":"EUR"}\n'
    (problem,) = problems(written(tmp_path, rows, "catalog.jsonl"))
    assert problem == "1: 'price' must be a number, not 'cheap'"
