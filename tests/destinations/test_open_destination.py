from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from commercetools_source.destinations import DuckDB, Jsonl, Parquet, open_destination
from commercetools_source.errors import ConfigError


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("duckdb", DuckDB, "commercetools.duckdb"),
        ("duckdb:data/shop.x", DuckDB, "data/shop.x"),
        ("shop.duckdb", DuckDB, "shop.duckdb"),
        ("/data/shop.db", DuckDB, "/data/shop.db"),
        ("C:\\data\\shop.db", DuckDB, "C:\\data\\shop.db"),
        ("parquet", Parquet, "commercetools-parquet"),
        ("parquet:data/shop.db", Parquet, "data/shop.db"),
        ("jsonl", Jsonl, "commercetools-jsonl"),
        ("jsonl:data.db", Jsonl, "data.db"),
        ("jsonl:~/shop", Jsonl, str(Path("~/shop").expanduser())),
    ],
)
def test_a_spec_names_its_destination(spec: str, kind: type, name: str) -> None:
    destination = open_destination(spec)
    assert type(destination) is kind
    assert destination.name == name
    assert not Path(name).exists()


@pytest.mark.parametrize(
    "spec", ["", "avro:data", "shop", "md:shop", "s3://bucket/shop.db", "DuckDB", "duckdb:", "jsonl: ", "parquet:"]
)
def test_any_other_spec_is_answered_with_the_legal_ones(spec: str) -> None:
    with pytest.raises(
        ConfigError,
        match=r"legal are duckdb, duckdb:FILE, FILE.duckdb, FILE.db, parquet, parquet:FOLDER, jsonl or jsonl:FOLDER",
    ):
        open_destination(spec)


def test_tables_and_views_of_relations_are_refused_where_there_can_be_none() -> None:
    assert isinstance(open_destination("shop.duckdb", materialize=False), DuckDB)
    assert isinstance(open_destination("parquet", materialize=True), Parquet)
    for spec, materialize, what in [
        ("jsonl:shop", True, "tables"),
        ("jsonl", False, "views"),
        ("parquet", False, "views"),
    ]:
        with pytest.raises(ConfigError, match=f"'{spec}' keeps no {what} of relations; leave out --(no-)?materialize"):
            open_destination(spec, materialize=materialize)


def test_a_missing_extra_is_named_before_anything_is_read(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None\n"
        "from commercetools_source.destinations import open_destination\n"
        f"open_destination({str(tmp_path / 'shop.db')!r}).open()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DestinationError: cannot write" in answer.stderr
    assert 'pip install "commercetools-source[duckdb]"' in answer.stderr
    assert not list(tmp_path.iterdir())
