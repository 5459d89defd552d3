"""A column kind is one row: a kind that is added to a copy of the package works in every form of a column."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import commercetools_source

ROW = """\
    "uuid": Form(
        "UUID",
        "string",
        {"type": "string", "format": "uuid"},
        "VARCHAR",
        "TRY_CAST({0} AS UUID)",
        __import__("typing").Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{36}$")],
    ),
"""
BEHIND = '    "time": Form('

USE = """\
from pathlib import Path
import duckdb, msgspec
from commercetools_source.catalog.schema import columns, json_schema
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB, Parquet
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.model.relations import all_relations

ZONES = STREAMS["zones"]
ID = "8c5f2b9e-0a1b-4c2d-9e3f-001122334455"
assert {column.name: column.kind for column in columns(ZONES)}["key"] == "uuid"
assert json_schema(ZONES)["properties"]["key"] == {"type": ["null", "string"], "format": "uuid"}
assert {field.name: field.kind for field in all_relations()["zones"].columns}["key"] == "uuid"
assert {field.name: field.kind for field in all_relations()["zone_locations"].columns}["state"] == "uuid"
locations = [{"country": "DE", "state": ID}, {"country": "FR", "state": "x"}]
records = [
    {"id": "1", "version": 1, "key": ID, "locations": locations},
    {"id": "2", "version": 1, "key": "nonsense"},
    {"id": "3", "version": 1},
]
raws = [msgspec.Raw(msgspec.json.encode(record)) for record in records]
delivery = Delivery(ZONES, raws, 500, StreamState(cursor="2026-01-01T00:00:00.000Z"), Phase.FULL_ONLY)
for destination in (
    DuckDB(Path("shop.duckdb")),
    DuckDB(Path("tables.duckdb"), materialize=True),
    Parquet(Path("shop"), materialize=True),
):
    destination.open()
    destination.write(delivery)
    destination.close()
    with duckdb.connect(destination.name if destination.name.endswith(".duckdb") else ":memory:") as connection:
        if not destination.name.endswith(".duckdb"):
            connection.execute(open("shop/latest.sql").read())
        rows = connection.execute("SELECT key, _unfit FROM raw.zones ORDER BY id").fetchall()
        assert [str(key) for key, _ in rows] == [ID, "None", "None"], rows
        assert rows[1][1] == '{"key":"nonsense"}', rows
        states = connection.execute("SELECT state FROM main.zone_locations ORDER BY country").fetchall()
        assert [str(state) for state, in states] == [ID, "None"], states
"""


def test_a_kind_that_is_one_row_more_works_everywhere(tmp_path: Path) -> None:
    package = tmp_path / "commercetools_source"
    shutil.copytree(Path(commercetools_source.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    kinds = package / "catalog" / "kinds.py"
    text = kinds.read_text(encoding="utf-8")
    assert text.count(BEHIND) == 1
    kinds.write_text(text.replace(BEHIND, ROW + BEHIND), encoding="utf-8")
    contract = package / "catalog" / "contract.json"
    types = contract.read_text(encoding="utf-8")
    for pair in ('"key":"string"', '"state":"string"'):
        assert pair in types, pair
        types = types.replace(pair, pair.replace("string", "uuid"))
    contract.write_text(types, encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
