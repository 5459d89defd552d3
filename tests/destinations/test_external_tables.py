"""`schema --sql`: external tables and views for warehouses, parsed for each dialect and executed for DuckDB."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.schema import SQL_TYPES, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.destinations.manifest import Entry, File
from commercetools_source.destinations.parquet.dialects import DIALECTS
from commercetools_source.destinations.parquet.external import statements, unreadable
from commercetools_source.errors import DestinationError
from commercetools_source.sandbox import Sandbox
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = {"_synced_at": "TIMESTAMP", "_deleted_at": "TIMESTAMP", "_unfit": "JSON"}
STREAMS_READ = ("orders", "zones", "customers")
PART = "part-000001-5f3a9c01.parquet"
BUCKET = {name: f"{next(filter(None, row.schemes))}://bucket/shop" for name, row in DIALECTS.items()}
PAGE = (Path(__file__).parents[2] / "docs" / "parquet.md").read_text(encoding="utf-8")


def entries(*files: str) -> dict[str, Entry]:
    """Return every stream of the catalog, with columns of every type that a stream has."""
    return {
        name: Entry(
            stream.key,
            [File(file, 1, 1) for file in files],
            columns={**{field.name: SQL_TYPES[field.kind] for field in columns(stream)}, **OWN},
        )
        for name, stream in STREAMS.items()
    }


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/zones", "/customers")) as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield sandbox


def sync() -> None:
    assert run(["sync", "-d", "parquet:shop", "--streams", ",".join(STREAMS_READ), "--quiet"]) == 0


def parsed(dialect: str, text: str) -> list[Any]:
    """Return the syntax trees of the statements, each parsed by itself, as Athena runs them."""
    sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is not installed: it is in the dependency group `test`")
    return [sqlglot.parse_one(statement, read=dialect) for statement in text.strip().removesuffix(";").split(";\n")]


def name_of(tree: Any) -> str:
    return str(next(node.name for node in tree.this.walk() if node.key == "table"))


def printed(capsys: pytest.CaptureFixture[str], dialect: str) -> str:
    capsys.readouterr()
    assert run(["schema", "--sql", dialect, "-d", "parquet:shop"]) == 0
    return capsys.readouterr().out


def test_duckdb_sees_the_live_rows_of_the_folders_own_views(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sync()
    shop.clock.advance(3600)
    first, second, *_ = shop.records("orders")
    shop.delete("orders", first["id"])
    shop.update("orders", second["id"], {"orderState": "Cancelled"})
    shop.clock.advance(3600)
    sync()
    assert len(json.loads(Path("shop/manifest.json").read_text())["streams"]["orders"]["files"]) > 1
    unlisted = Path("shop/orders/part-000099-00000000.parquet")  # as a full read under way has in a bucket
    unlisted.write_bytes(b"not whole yet")
    with duckdb.connect() as tables, duckdb.connect() as views:
        tables.execute(printed(capsys, "duckdb"))
        seen = {stream: tables.execute(f"FROM {stream} ORDER BY ALL").fetchall() for stream in STREAMS_READ}
        unlisted.unlink()
        views.execute(Path("shop/latest.sql").read_text())
        for stream, rows in seen.items():
            assert rows == views.execute(f"FROM raw.{stream} WHERE _deleted_at IS NULL ORDER BY ALL").fetchall()
            assert len(rows) == len(shop.records(stream)) > 0
            described = tables.execute(f"DESCRIBE {stream}").fetchall()
            assert described == views.execute(f"DESCRIBE raw.{stream}").fetchall()
        state = tables.execute("SELECT orderState FROM orders WHERE id = ?", [second["id"]]).fetchall()
        assert state == [("Cancelled",)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_is_one_of_its_dialect(dialect: str) -> None:
    streams = entries(PART, PART.replace("1-", "2-"))
    trees = parsed(dialect, statements(DIALECTS[dialect], BUCKET[dialect], streams))
    assert {tree.key for tree in trees} <= {"create", "drop"}  # what sqlglot does not understand is a "command"
    created = [name_of(tree) for tree in trees if tree.key == "create" and tree.args["kind"] != "STAGE"]
    assert created == [name for stream in sorted(STREAMS) for name in (f"{stream}_files", stream)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_without_files_and_a_url_with_quotes_are_statements_too(dialect: str) -> None:
    text = statements(DIALECTS[dialect], f"{BUCKET[dialect]}/o'clock", {"zones": entries()["zones"]})
    trees = parsed(dialect, text)
    assert {tree.key for tree in trees} <= {"create", "drop"}
    literals = [literal.this for tree in trees for literal in tree.walk() if literal.key == "literal"]
    assert any("/o'clock" in literal for literal in literals)


ODD_NAMES = (
    'a"b',
    "c`d",
    "e'f",
    "back\\slash",
    "größe",
    "日本",
    "select",
    "order",
    "sp ace",
    "{name}",
    "a;b",
    "--c",
    "*",
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_column_of_any_name_is_the_column_that_is_selected(dialect: str) -> None:
    for name in ODD_NAMES:
        entry = Entry(("id",), columns={"id": "VARCHAR", "version": "BIGINT", name: "VARCHAR", **OWN})
        *_, view = parsed(dialect, statements(DIALECTS[dialect], BUCKET[dialect], {"zones": entry}))
        selected = [column.alias for column in view.expression.expressions]
        assert selected == ["id", "version", name, *OWN]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_listed_file_is_named_and_no_other(dialect: str) -> None:
    text = statements(DIALECTS[dialect], BUCKET[dialect], {"zones": entries(PART)["zones"]})
    assert set(re.findall(r"part-\d+-\w+", text)) == {PART.removesuffix(".parquet")}
    assert "*.parquet" not in text


def test_a_column_of_a_later_version_is_refused_where_types_are_listed() -> None:
    strange = {"zones": Entry(("id",), columns={"id": "VARCHAR", "shape": "GEOMETRY", **OWN})}
    with pytest.raises(DestinationError, match="column shape of zones is GEOMETRY"):
        statements(DIALECTS["athena"], "s3://bucket/shop", strange)
    assert "`shape`" in statements(DIALECTS["bigquery"], "gs://bucket/shop", strange)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_warehouse_that_cannot_read_the_files_there_is_told_of(dialect: str) -> None:
    assert unreadable(DIALECTS[dialect], BUCKET[dialect]) == ""
    assert ("copy them there" in unreadable(DIALECTS[dialect], "/home/shop")) == (dialect != "duckdb")


@pytest.mark.usefixtures("shop")
def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    sync()
    (command,) = re.findall(r"^    commercetools-source (schema --sql .*) > shop.sql$", PAGE, re.MULTILINE)
    assert "parquet:shop" in command
    capsys.readouterr()
    assert run(command.split()) == 0
    out, err = capsys.readouterr()
    assert out.count("CREATE OR REPLACE EXTERNAL TABLE") == 3
    assert "BigQuery reads these files from gs://" in err
    for name in DIALECTS:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--sql", "oracle"], "--sql is 'oracle'; it must be one of bigquery"),
        (["zones", "--sql", "duckdb"], "leave out names"),
        (["-d", "parquet:shop"], "--destination is for --sql"),
        (["--sql", "duckdb", "-d", "parquet:nowhere"], "does not exist"),
        (
            ["--sql", "duckdb", "-d", "jsonl:lines"],
            "--sql is for a Parquet folder (parquet:FOLDER); lines has no such files",
        ),
        (["--sql", "duckdb", "-d", "parquet:empty"], "holds no stream yet"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    words: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "lines"):
        Path(folder).mkdir()
    assert run(["schema", *words]) != 0
    assert reason in capsys.readouterr().err
