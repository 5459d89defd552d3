"""Parquet folders: exact types, files that read as one table, the newest version of each row, deletions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from commercetools_source.catalog.schema import Column
from commercetools_source.catalog.stream import Stream
from commercetools_source.destinations import Parquet
from commercetools_source.errors import DestinationError
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]

THINGS = Stream(name="things", path="/things", item="Thing", scopes=())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def destination(folder: Path, fields: Callable[[Stream], list[Column]]) -> Iterator[Parquet]:
    opened = Parquet(folder, fields)
    assert opened.open() == {}
    yield opened
    opened.close()


def parts(folder: Path) -> list[str]:
    """Return the files that count, and check what the manifest says of them."""
    names = []
    for file in read_manifest(folder).streams["things"].files:
        path = folder / "things" / file.name
        assert (path.stat().st_size, pq.read_metadata(path).num_rows) == (file.bytes, file.records)
        names.append(file.name)
    assert sorted(path.name for path in (folder / "things").glob("part-*")) == sorted(names)
    return names


def latest(folder: Path, columns: str = "id, version", table: str = "raw.things") -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute((folder / "latest.sql").read_text())
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY id").fetchall()


def test_values_keep_their_exact_types(destination: Parquet, folder: Path, load: Make) -> None:
    record = {
        "id": "1",
        "version": 2**53 + 1,
        "at": "2024-03-01T01:00:00.123+02:00",
        "day": "2024-02-29",
        "hour": "14:05:06.7",
        "amount": 0.1,
        "open": False,
        "lines": [{"money": 1.10}],
    }
    destination.write(load([record, {"id": "2"}]))
    first, second = ds.dataset(folder / "things").to_table().sort_by("id").to_pylist()
    at = datetime(2024, 2, 29, 23, 0, 0, 123000, tzinfo=timezone.utc)
    assert (first["version"], first["at"], first["day"]) == (2**53 + 1, at, date(2024, 2, 29))
    assert (first["hour"], first["amount"], first["open"]) == ("14:05:06.700000", 0.1, False)
    assert first["lines"] == '[{"money": 1.1}]'
    assert set(second.values()) == {"2", None, second["_synced_at"]}
    assert str(pq.read_schema(folder / "things" / "columns.parquet").field("at").type) == "timestamp[us, tz=UTC]"


def test_a_value_that_does_not_fit_is_kept_and_reported(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1", "version": "two"}]))
    assert latest(folder, "version, _unfit") == [(None, '{"version":"two"}')]
    assert destination.drift == {("things", "version"): 1}
    assert [found.about for found in destination.notices()] == ["things"]


def evolved(destination: Parquet, load: Make, delivery: Make) -> None:
    """Store three files, each with a column more than the one before, a deletion, and a full read that is under way."""
    destination.write(load([{"id": "1", "version": 1, "lines": [1]}, {"id": "2", "version": 1}]))
    destination.write(delivery([{"id": "1", "version": 2, "newest": {"a": 1}}], done=True))
    destination.write(delivery([{"id": "1", "version": 1, "another": 5}], done=True))
    assert destination.mark_deleted(THINGS, {"2": "2024-02-01T00:00:00.000Z", "9": "2024-02-01T00:00:00.000Z"}) == 1
    destination.write(delivery([{"id": "8", "version": 1}], replaces=True, first=True))


COLUMNS = ["id", "version", "newest", "another"]
ROWS = [("1", 1, None, "5"), ("1", 1, None, None), ("1", 2, '{"a": 1}', None), ("2", 1, None, None)]
DELETED = datetime(2024, 2, 1, tzinfo=timezone.utc)
DELETED_IN_VIEW = DELETED.replace(tzinfo=None)  # the type that the column has in a DuckDB file


def ordered(rows: Any) -> list[tuple[Any, ...]]:
    return sorted({tuple(None if value != value else value for value in row) for row in rows}, key=str)  # noqa: PLR0124 - NaN


def test_files_with_different_columns_are_one_table_for_every_reader(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    evolved(destination, load, delivery)
    assert destination.added == [("things", "newest"), ("things", "another")]
    home = folder / "things"
    scanned = pl.scan_parquet(home / "*.parquet", missing_columns="insert")
    assert ordered(scanned.select(COLUMNS).collect().rows()) == ordered(ROWS)
    assert ordered(pd.read_parquet(home)[COLUMNS].itertuples(index=False)) == ordered(ROWS)
    found = ds.dataset(home).to_table(columns=COLUMNS)
    assert ordered(tuple(row.values()) for row in found.to_pylist()) == ordered(ROWS)
    query = f"SELECT {', '.join(COLUMNS)} FROM read_parquet('{home}/*.parquet', union_by_name = true)"
    assert ordered(duckdb.sql(query).fetchall()) == ordered(ROWS)
    assert len(found) == 5  # the deletion repeats its row


def test_the_newest_version_of_each_row_is_the_same_for_every_reader(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    evolved(destination, load, delivery)
    order = ["version", "_synced_at", "_deleted_at"]
    wanted = [("1", 2, None), ("2", 1, DELETED)]
    assert latest(folder, "id, version, _deleted_at") == [("1", 2, None), ("2", 1, DELETED_IN_VIEW)]
    scanned = pl.scan_parquet(folder / "things" / "*.parquet", missing_columns="insert")
    newest = scanned.sort(order, descending=True, nulls_last=True).unique("id", keep="first", maintain_order=True)
    assert newest.select("id", "version", "_deleted_at").sort("id").collect().rows() == wanted
    frame = pd.read_parquet(folder / "things")
    frame = frame.sort_values(order, ascending=False, na_position="last").drop_duplicates("id").sort_values("id")
    assert list(zip(frame["id"], frame["version"], strict=True)) == [("1", 2), ("2", 1)]
    assert [None if pd.isna(value) else value for value in frame["_deleted_at"]] == [None, DELETED]


def test_views_give_nested_values_as_json(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1", "lines": [{"a": 7}]}]))
    assert latest(folder, "typeof(lines), lines->0->'a'") == [("JSON", "7")]


def test_a_stream_without_records_is_an_empty_table(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([]))
    assert (parts(folder), latest(folder)) == ([], [])
    assert len(pd.read_parquet(folder / "things")) == 0
    assert destination.mark_deleted(THINGS, {"1": "2024-02-01T00:00:00.000Z"}) == 0


def test_a_full_read_replaces_files_and_columns_when_it_is_complete(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "old": 1}]))
    destination.write(delivery([{"id": "2"}], replaces=True, first=True))
    assert latest(folder) == [("1", None)]
    destination.write(delivery([{"id": "3", "new": 1}], replaces=True, done=True))
    assert latest(folder, "id, new") == [("2", None), ("3", "1")]
    assert "old" not in pq.read_schema(folder / "things" / "columns.parquet").names
    assert len(parts(folder)) == 2


def test_a_column_keeps_its_type_even_if_the_schema_changes_its_mind(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "new": "2024-02-29"}]))
    destination.close()
    later = Parquet(folder, lambda _: [Column("id", "string", nullable=False), Column("new", "date", nullable=True)])
    later.open()
    later.write(delivery([{"id": "2", "new": "2024-03-01"}], done=True))
    later.close()
    assert latest(folder, "new") == [('"2024-02-29"',), ('"2024-03-01"',)]


def test_of_two_equal_versions_the_later_counts_even_if_the_clock_was_set_back(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "lines": ["first"]}]))
    destination.close()
    ahead = datetime(2100, 1, 1, tzinfo=timezone.utc).timestamp()
    os.utime(folder / "manifest.json", (ahead, ahead))
    destination.open()
    destination.write(delivery([{"id": "1", "lines": ["second"]}], done=True))
    destination.write(delivery([{"id": "1", "lines": ["third"]}], done=True))
    assert latest(folder, "lines, _synced_at > '2100-01-01'") == [('["third"]', True)]


def test_many_small_files_become_one_and_nothing_is_lost(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "0", "version": 1}]))
    for number in range(1, 40):
        record = {"id": str(number % 7), "version": number, f"field {number % 3}": number}
        destination.write(delivery([record], done=True))
        assert len(parts(folder)) <= 16
    assert latest(folder) == [(str(number), max(n for n in range(40) if n % 7 == number)) for number in range(7)]
    rows = ds.dataset(folder / "things").to_table().to_pylist()
    assert sorted(row["version"] for row in rows) == [1, *range(1, 40)]
    assert all(row[f"field {row['version'] % 3}"] == str(row["version"]) for row in rows if row["id"] != "0")


def test_deletions_are_marked_once_and_keep_the_values(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 3, "lines": [1]}, {"id": "2", "version": 1}]))
    times = {"1": "2024-02-01T00:00:00.000Z"}
    assert destination.mark_deleted(THINGS, times) == 1
    assert destination.mark_deleted(THINGS, {"1": "2024-05-01T00:00:00.000Z"}) == 0
    assert latest(folder, "version, lines, _deleted_at") == [(3, "[1]", DELETED_IN_VIEW), (1, None, None)]
    destination.write(delivery([{"id": "1", "version": 3}], done=True))  # it is there after all
    assert latest(folder, "_deleted_at") == [(None,), (None,)]
    assert destination.mark_deleted(THINGS, times) == 1


def test_deletions_are_marked_in_what_is_being_loaded_too(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    destination.write(delivery([{"id": "1", "version": 1}], replaces=True, first=True))
    assert destination.mark_deleted(THINGS, {"1": "2024-02-01T00:00:00.000Z"}) == 1
    destination.write(delivery([], replaces=True, done=True))
    assert latest(folder, "_deleted_at") == [(DELETED_IN_VIEW,)]


def test_a_row_group_is_bounded_by_bytes(destination: Parquet, folder: Path, load: Make) -> None:
    text = "x" * 1_000_000
    destination.write(load([{"id": str(number), "lines": [text]} for number in range(80)]))
    (name,) = parts(folder)
    found = pq.read_metadata(folder / "things" / name)
    assert found.num_row_groups == 3
    assert max(found.row_group(index).total_byte_size for index in range(3)) < 45_000_000
    assert {found.row_group(0).column(index).compression for index in range(found.num_columns)} == {"ZSTD"}


def test_a_record_that_cannot_be_stored_leaves_everything_as_it_was(
    destination: Parquet, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    before = sorted(path.name for path in folder.rglob("*"))
    with pytest.raises(DestinationError, match="has no id"):
        destination.write(delivery([{"id": "2", "surprise": 1}, {"version": 1}], done=True))
    assert sorted(path.name for path in folder.rglob("*")) == before
    destination.write(delivery([{"id": "2", "surprise": 1}], done=True))
    assert latest(folder, "surprise") == [(None,), ("1",)]


def test_a_lost_or_foreign_file_is_an_error_that_says_which(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    (folder / "things" / parts(folder)[0]).write_bytes(b"no Parquet")
    with pytest.raises(DestinationError, match=r"cannot mark deleted things in .*part-000001"):
        destination.mark_deleted(THINGS, {"1": "2024-02-01T00:00:00.000Z"})


def test_what_readers_see_is_mended_when_the_folder_is_opened(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    destination.close()
    columns = folder / "things" / "columns.parquet"
    columns.unlink()
    (folder / "latest.sql").unlink()
    destination.open()
    assert latest(folder) == [("1", 1)]
    destination.close()
    columns.write_bytes(b"no Parquet")
    destination.open()
    assert latest(folder) == [("1", 1)]
    assert json.loads((folder / "manifest.json").read_text())["streams"]["things"]["columns"]["lines"] == "JSON"


@pytest.mark.parametrize(
    "damaged",
    [
        lambda script: script.replace(b"CREATE", b"CREATE ", 1),
        lambda script: script[: len(script) // 2],
        lambda script: script[:-1],
        lambda script: script.replace(b"\n-- ", b"\nSELECT 1;\n-- "),
        lambda script: script + b"\n",
        # As another version would have written it, whose mark is another.
        lambda script: script[:-64] + b"0" * 64,
    ],
)
def test_a_script_of_views_that_is_not_as_it_was_written_is_written_anew(
    damaged: Callable[[bytes], bytes], destination: Parquet, folder: Path, load: Make
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    destination.close()
    path = folder / "latest.sql"
    script = path.read_bytes()
    written = path.stat().st_ino
    destination.open()
    destination.close()
    assert path.stat().st_ino == written  # by rename, so a new file would be another one
    path.write_bytes(damaged(script))
    destination.open()
    assert path.read_bytes() == script


def test_the_views_follow_a_folder_that_is_moved(
    destination: Parquet, folder: Path, load: Make, fields: Callable[[Stream], list[Column]]
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    destination.close()
    moved = folder.rename(folder.with_name("it's [moved] *?"))
    later = Parquet(moved, fields)
    later.open()
    later.close()
    assert latest(moved) == [("1", 1)]


def test_columns_of_a_type_from_another_version_are_not_guessed(destination: Parquet, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1"}]))
    destination.close()
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace('"DOUBLE"', '"HUGEINT"'))
    with pytest.raises(DestinationError, match=r"amount \(HUGEINT\); go back to the version that wrote them"):
        destination.open()


@pytest.mark.parametrize("package", ["duckdb", "pyarrow"])
def test_a_missing_package_is_named_before_anything_is_read(package: str, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from commercetools_source.destinations import open_destination\n"
        f"open_destination({'parquet:' + str(tmp_path / 'shop')!r}).open()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "run pip install '.[parquet]' in the folder of its source code" in answer.stderr
    assert not list(tmp_path.iterdir())
