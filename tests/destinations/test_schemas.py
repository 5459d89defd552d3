"""Who opens a file sees the live relations first; records as sent and the bookkeeping have schemas of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.cli import app
from commercetools_source.model.relations import all_relations
from tests.destinations.trees import snapshot

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox

STREAMS = "customers,orders,zones"


def ask(path: str, *queries: str) -> list[Any]:
    with duckdb.connect() as connection:
        if path.endswith(".sql"):
            connection.execute(Path(path).read_text(encoding="utf-8"))
        else:
            connection.execute(f"ATTACH '{path}' AS shop (READ_ONLY); USE shop")
        return [connection.execute(query).fetchall() for query in queries]


def run(*words: str) -> int:
    return app.run([*words, "-q"] if words[0] == "sync" else list(words))


@pytest.mark.parametrize(("place", "opened"), [("shop.duckdb", "shop.duckdb"), ("parquet:shop", "shop/latest.sql")])
def test_a_name_without_a_schema_stands_for_live_rows(shop: Sandbox, place: str, opened: str) -> None:
    assert run("sync", "--streams", STREAMS, "--materialize", "-d", place) == 0
    shop.clock.advance(3600)
    shop.delete("orders", shop.records("orders")[0]["id"])
    shop.clock.advance(3600)
    assert run("sync", "--streams", STREAMS, "-d", place) == 0
    count = len(shop.records("orders"))
    tables, live, stored, lines = ask(
        opened,
        "SHOW TABLES",
        "SELECT count(*) FROM orders",
        "SELECT count(*), count(_deleted_at) FROM raw.orders",
        "SELECT count(*) FROM order_line_items JOIN orders ON orders.id = orderId",
    )
    streams = STREAMS.split(",")
    expected = {name for name, relation in all_relations().items() if relation.stream in streams}
    assert {name for (name,) in tables} == expected
    assert (live, stored) == ([(count,)], [(count + 1, 1)])
    assert lines == [(sum(len(order["lineItems"]) for order in shop.records("orders")),)]


@pytest.mark.usefixtures("shop")
def test_a_folder_without_unfolded_relations_shows_those_of_the_records(tmp_path: Path) -> None:
    assert run("sync", "--streams", STREAMS, "-d", "parquet:shop") == 0
    tables, types = ask("shop/latest.sql", "SHOW TABLES", "DESCRIBE orders")
    assert [name for (name,) in tables] == STREAMS.split(",")
    assert run("sync", "--streams", STREAMS, "-d", "shop.duckdb") == 0
    (file_types,) = ask("shop.duckdb", "DESCRIBE orders")
    assert dict(row[:2] for row in types).items() <= dict(row[:2] for row in file_types).items()
    assert not (tmp_path / "shop" / "main").exists()


@pytest.mark.usefixtures("shop")
def test_our_own_tables_stand_behind_the_others() -> None:
    assert run("sync", "--streams", STREAMS, "-d", "shop.duckdb") == 0
    (tables,) = ask(
        "shop.duckdb", "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"
    )
    assert [f"{schema}.{name}" for schema, name in tables] == [
        *(f"raw.{name}" for name in STREAMS.split(",")),
        *("sync.relations", "sync.run_streams", "sync.runs", "sync.state"),
    ]


COMMANDS = (
    ["sync", "--streams", "zones"],
    ["backfill", "--streams", "orders", "--since", "2020-01-01", "--until", "2020-01-02"],
    ["plan", "--streams", "zones"],
    ["runs"],
    ["state", "show"],
    ["state", "reset", "zones"],
    ["sweep", "--streams", "zones"],
    ["verify", "--streams", "zones"],
    ["report"],
)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_file_of_the_old_layout_is_refused_and_not_changed(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE _commercetools_state (stream VARCHAR, state JSON, updated_at TIMESTAMP)")
        connection.execute("CREATE TABLE zones (id VARCHAR, _synced_at TIMESTAMP); CREATE SCHEMA model")
    before = snapshot(tmp_path)
    assert run(*command, "-d", "shop.duckdb") != 0
    assert "is in the layout of an earlier version" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("command", [["sync", "--streams", "zones"], ["state", "show"]], ids=" ".join)
def test_the_catalogue_of_a_lake_is_no_file_of_records(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE ducklake_metadata (key VARCHAR, value VARCHAR)")
    before = snapshot(tmp_path)
    assert run(*command, "-d", "shop.db") == 1
    assert "shop.db is the catalogue of a lake" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "name",
    [
        *("raw.duckdb", "Raw.shop.duckdb", "sync.duckdb", "MAIN.db", "temp.x.db", "system.db"),
        *("duckdb:raw", "duckdb:sub/Sync"),
    ],
)
def test_a_file_called_like_one_of_its_schemas_or_like_a_database_of_duckdb_is_wrong_usage(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sub").mkdir()
    before = snapshot(tmp_path)
    path = name.removeprefix("duckdb:")
    published = ["sync", "--streams", "zones", "-d", "shop.duckdb", "--publish", path]
    for command in (["sync", "--streams", "zones", "-d", name], published, ["demo", "--path", path]):
        assert run(*command) == 2, command
        (line,) = capsys.readouterr().err.splitlines()
        assert f"to DuckDB the file {path} is a database" in line
        assert "choose another name" in line
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("shop")
def test_an_attached_file_reads_its_own_rows_beside_tables_of_the_same_names(tmp_path: Path) -> None:
    assert run("sync", "--streams", STREAMS, "-d", "shop.duckdb") == 0
    (names,) = ask("shop.duckdb", "SHOW TABLES")
    counts = ask("shop.duckdb", *(f"SELECT count(*) FROM {name}" for (name,) in names))
    with duckdb.connect(tmp_path / "other.duckdb") as other:
        other.execute("CREATE SCHEMA raw; CREATE SCHEMA sync; CREATE MACRO sync.orders() AS 'SELECT 1'")
        for (name,) in names:
            other.execute(f"CREATE TABLE main.{name} (other INT); CREATE TABLE raw.{name} (other INT)")
        other.execute("ATTACH 'shop.duckdb' AS shop (READ_ONLY)")
        assert [other.execute(f"SELECT count(*) FROM shop.main.{name}").fetchall() for (name,) in names] == counts


def test_a_macro_of_an_attached_file_reads_no_rows_of_another_one(shop: Sandbox, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shop.create("zones", {"name": name, "locations": []})
        shop.clock.advance(3600)
        assert run("sync", "--streams", "zones", "--history", "zones", "-d", f"{name}.duckdb") == 0
    asked = "SELECT count(*) FROM two.history.zone_locations_at(now() + INTERVAL 1 YEAR)"
    with duckdb.connect(tmp_path / "one.duckdb") as connection:
        connection.execute("ATTACH 'two.duckdb' AS two (READ_ONLY)")
        with pytest.raises(duckdb.Error, match="say USE and the name of its own first"):
            connection.execute(asked).fetchall()
        connection.execute("USE two")
        assert connection.execute(asked).fetchall() == [
            (sum(len(zone["locations"]) for zone in shop.records("zones")),)
        ]
