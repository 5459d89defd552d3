"""What docs/own-fields.md says is true: its questions have answers, its table is what the columns are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.custom.columns import FieldSet, with_custom_columns
from commercetools_source.model.custom.definitions import ATTRIBUTE_TYPES, FIELD_TYPES, Definition, FieldType
from commercetools_source.model.custom.values import Reader, as_map
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "own-fields.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
ROWS = [
    [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| .*`.*\|$", PAGE, flags=re.MULTILINE)
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("docs") / "shop.duckdb"
    with Sandbox() as sandbox, Client(sandbox.settings()) as client:
        sync(client, DuckDB(path), streams=["product_types", "types", "products", "orders", "customers"])
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def test_the_questions_have_answers(shop: duckdb.DuckDBPyConnection) -> None:
    answers: list[list[Any]] = [shop.execute(question).fetchall() for question in QUESTIONS]
    best, tiers, count_unfit = answers
    assert len(best) == 10
    assert all(color and sold > 0 for _, color, _, sold in best)
    assert tiers
    assert {tier for tier, _ in tiers} <= {"bronze", "gold", "silver"}
    assert count_unfit == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_shows_the_columns_that_there_are(row: list[str]) -> None:
    attribute, field, names, types = row
    (kind,) = {ATTRIBUTE_TYPES[attribute.strip("`")], *(FIELD_TYPES[name] for name in re.findall(r"`(\w+)`", field))}
    definition = Definition("it", FieldType(kind, target="category" if kind == "reference" else ""))
    place = FieldSet("", as_map("fields"), "fields", (definition,))
    query = with_custom_columns("SELECT NULL::JSON AS fields", [place], Reader(), ["fields"])
    described = [(name, sql.replace(", ", ",")) for name, sql, *_ in duckdb.sql(f"DESCRIBE {query}").fetchall()[1:-1]]
    columns = [one.replace("<name>", "it") for one in re.findall(r"`(<name>\w*)`", names)]
    assert described == list(
        zip(columns, (one.replace(", ", ",") for one in re.findall(r"`(.*?)`", types)), strict=True)
    )


def test_every_type_is_in_the_table_or_below_it() -> None:
    shown = {row[0].strip("`") for row in ROWS} | {name for row in ROWS for name in re.findall(r"`(\w+)`", row[1])}
    assert {*ATTRIBUTE_TYPES, *FIELD_TYPES} - shown == {"set", "Set", "nested"}


def test_the_page_says_which_names_need_quotes() -> None:
    named = re.findall(r'`"(\w+)"`', PAGE)
    assert named
    for word in named:
        with pytest.raises(duckdb.ParserException):
            duckdb.sql(f'SELECT {word} FROM (SELECT 1 AS "{word}")')
        assert duckdb.sql(f'SELECT "{word}" FROM (SELECT 1 AS "{word}")').fetchall() == [(1,)]


def test_current_data_of_a_product_that_is_not_published_is_there(shop: duckdb.DuckDBPyConnection) -> None:
    (counts,) = shop.execute(
        """SELECT count(*) FILTER (WHERE masterData_published), count(*) FILTER (WHERE NOT masterData_published)
        FROM main.product_variants AS variant JOIN main.products ON products.id = variant.productId
        WHERE NOT variant.staged"""
    ).fetchall()
    assert all(counts)
