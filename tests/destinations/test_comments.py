"""Comments in a DuckDB file: each table, view and column says what it is, and nothing is written twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations.duckdb.comments import transactions
from commercetools_source.destinations.duckdb.file import DuckDB
from commercetools_source.extract.delivery import Phase
from commercetools_source.model.descriptions import descriptions
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Any]

KINDS = {"tables": "table_name", "views": "view_name", "columns": "table_name || '.' || column_name"}


def comments(path: Path) -> dict[str, str | None]:
    """Return the comment of each table, view and column."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            f"{schema}.{name}": comment
            for kind, name in KINDS.items()
            for schema, name, comment in connection.execute(
                f"SELECT schema_name, {name}, comment FROM duckdb_{kind}() WHERE NOT internal"
            ).fetchall()
        }


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Sandbox, Client]]:
    with Sandbox() as sandbox, Client(sandbox.settings()) as client:
        yield sandbox, client


@pytest.mark.parametrize("materialize", [False, True])
def test_no_table_view_or_column_is_without_a_comment(
    shop: tuple[Sandbox, Client], tmp_path: Path, *, materialize: bool
) -> None:
    path = tmp_path / "shop.duckdb"
    streams = ["payments", "types", "zones"] if materialize else None
    destination = DuckDB(path, materialize=materialize, comments=True)
    assert sync(shop[1], destination, streams=streams, history=["payments"]).complete
    written = comments(path)
    assert [name for name, comment in written.items() if not comment] == []
    assert written["main.payments.key"] == descriptions(all_relations()["payments"])["key"]
    assert "payment_transactions has its items" in str(written["raw.payments.transactions"])
    assert str(written["main.payments"]).startswith("Live records of the stream payments")
    assert {name.partition(".")[0] for name in written} == {"main", "raw", "sync", "history"}


def test_what_changes_gets_its_comments_in_the_next_run_without_being_asked(path: Path, load: Make) -> None:
    zone = replace(load([{"id": "1", "name": "north"}]), stream=STREAMS["zones"], phase=Phase.MERGE_LAST)
    for destination, record in ((DuckDB(path, comments=True), {}), (DuckDB(path), {"height": {"m": 3}})):
        destination.open()
        destination.write(replace(zone, records=load([{"id": "1", "name": "north", **record}]).records))
        destination.close()
        assert [name for name, comment in comments(path).items() if not comment] == []
    assert "this version does not know" in str(comments(path)["raw.zones.height"])


def test_a_small_file_gets_comments_when_asked_and_a_large_one_always(path: Path, load: Make) -> None:
    for count, expected in ((10, False), (10_000, True)):
        destination = DuckDB(path)
        destination.open()
        destination.write(replace(load([{"id": str(number)} for number in range(count)]), stream=STREAMS["zones"]))
        destination.close()
        assert {bool(comment) for comment in comments(path).values()} == {expected}


def test_a_file_without_changes_is_not_commented_again(path: Path, load: Make) -> None:
    for _ in range(2):
        destination = DuckDB(path, comments=True)
        destination.open()
        destination.write(replace(load([{"id": "1"}]), stream=STREAMS["zones"]))
        destination.close()
    before = path.read_bytes()
    destination = DuckDB(path, comments=True)
    destination.open()
    destination.close()
    assert path.read_bytes() == before


def test_no_comments_are_written_where_none_are_wanted(path: Path, load: Make) -> None:
    destination = DuckDB(path, comments=False)
    destination.open()
    destination.write(replace(load([{"id": str(number)} for number in range(10_000)]), stream=STREAMS["zones"]))
    destination.close()
    assert not any(comments(path).values())


def test_the_comments_of_a_wide_table_take_several_transactions_and_those_of_small_ones_share_one() -> None:
    # DuckDB keeps a copy of the table for each comment until the transaction ends.
    wide, small = [f"COLUMN wide.c{number} IS 'x'" for number in range(100)], ["TABLE small IS 'x'"]
    written = list(transactions([(100, wide), (3, small), (3, small)], most=1000))
    assert [statements.count("COMMENT ON") for statements in written] == [10] * 10 + [2]
    assert "; ".join(written) == "; ".join(f"COMMENT ON {text}" for text in [*wide, *small, *small])
