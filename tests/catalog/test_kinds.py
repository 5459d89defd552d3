"""Each kind's row: the SQL takes exactly what was written out of JSON text, and nothing near it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

kinds = pytest.mark.parametrize("kind", KINDS)
INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def read(connection: duckdb.DuckDBPyConnection, kind: Kind, value: Any) -> Any:
    form = KINDS[kind]
    query = f"SELECT {form.sql.replace('{0}', 'v')} FROM (SELECT from_json(?, ?) AS v)"
    row = connection.execute(query, [json.dumps(value), json.dumps(form.read)]).fetchone()
    assert row is not None
    return row[0]


def money(cents: int, digits: int, precise: int | None = None) -> dict[str, Any]:
    shared = {"centAmount": cents, "currencyCode": "EUR", "fractionDigits": digits}
    if precise is None:
        return {"type": "centPrecision", **shared}
    return {"type": "highPrecision", **shared, "preciseAmount": precise}


@kinds
def test_a_row_names_the_types_that_duckdb_and_arrow_have(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    form = KINDS[kind]
    found = connection.sql(
        f"SELECT {form.sql.replace('{0}', 'v')} FROM (SELECT from_json('null', '{json.dumps(form.read)}') AS v)"
    )
    assert str(found.types[0]) == form.duckdb.replace(", ", ",") or form.duckdb.startswith("MAP")
    same = connection.sql(f"SELECT CAST(NULL AS {form.duckdb}) AS v")
    assert found.types == same.types
    assert str(same.to_arrow_table().schema.types[0]).replace("l: ", "") == form.arrow


@given(cents=INT64, digits=st.integers(0, 4))
def test_cents_give_the_exact_amount_of_every_currency(
    connection: duckdb.DuckDBPyConnection, cents: int, digits: int
) -> None:
    assert read(connection, "cents", money(cents, digits)) == Decimal(cents).scaleb(-digits)


@given(precise=INT64, digits=st.integers(0, 20), cents=INT64)
def test_a_high_precision_amount_is_exact_or_null_from_10_to_the_18_on(
    connection: duckdb.DuckDBPyConnection, precise: int, digits: int, cents: int
) -> None:
    amount = Decimal(precise).scaleb(-digits)
    expected = amount if abs(amount) < 10**18 else None
    assert read(connection, "precise", money(cents, digits, precise)) == expected
    assert read(connection, "precise", money(precise, min(digits, 4))) == (
        whole if abs(whole := Decimal(precise).scaleb(-min(digits, 4))) < 10**18 else None
    )
