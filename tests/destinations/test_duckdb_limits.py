"""A DuckDB file at its limits: memory, disk, large records, thousands of fields."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.arrow.decode import MOST_COLUMNS, OWN
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB
from commercetools_source.destinations.duckdb_engine import first_line
from commercetools_source.errors import DestinationError, RecordError
from commercetools_source.extract.run_record import RunRecord
from destinations.deliveries import CURSOR, FIELDS
from destinations.duckdb_files import rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


Make = "Callable[..., Delivery]"
Fields = "Callable[[Stream], list[Column]]"


def test_tables_of_relations_are_filled_with_more_memory_than_loading_needs(path: Path, load: Make) -> None:
    limits = []
    # What DuckDB may use it does use, so the most is for streams that need it.
    for materialize, count in ((False, 1), (True, 1), (True, 25_001)):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load([{"id": str(number)} for number in range(count)]), stream=STREAMS["zones"]))
        row = destination._session.opened.database.connection.execute(
            "SELECT current_setting('memory_limit')"
        ).fetchone()
        limits.append(row and row[0])
        destination.close()
    assert limits == ["143.0 MiB", "381.4 MiB", "953.6 MiB"]


def test_a_table_that_needs_more_memory_than_loading_has_gets_it(path: Path, fields: Fields, load: Make) -> None:
    destination = DuckDB(path, fields, memory=("1MB", "300MB"))
    destination.open()
    destination.write(load([{"id": str(number), "lines": ["x" * 1000]} for number in range(2000)]))
    row = destination._session.opened.database.connection.execute("SELECT current_setting('memory_limit')").fetchone()
    destination.close()
    assert rows(path, "SELECT count(DISTINCT id) FROM raw.things") == [(2000,)]
    assert row == ("286.1 MiB",)


def test_a_table_that_needs_more_memory_than_there_is_fails_and_leaves_nothing(
    path: Path, fields: Fields, load: Make
) -> None:
    destination = DuckDB(path, fields, memory=("1MB", "1MB"))
    destination.open()
    with pytest.raises(RecordError, match="emory"):  # which ends this stream only
        destination.write(load([{"id": str(number), "lines": ["x" * 1000]} for number in range(2000)]))
    destination.close()
    assert "things" not in DuckDB(path, fields).open()


@pytest.mark.parametrize(
    "act",
    [
        lambda destination, read: destination.mark_deleted(read.stream, {"1": "2026-01-01T00:00:00.000Z"}),
        lambda destination, read: destination.remove(read.stream, {"1": "2026-01-01T00:00:00.000Z"}),
        lambda destination, read: destination.reset(read.stream),
        lambda destination, _: destination.write_run(
            RunRecord(run="1", command="sync", status="begun", started=CURSOR)
        ),
        lambda destination, read: destination.write(
            replace(read, records=[*read.records, msgspec.Raw(b'{"id": "2"}')])
        ),
    ],
    ids=["mark_deleted", "remove", "reset", "write_run", "write"],
)
def test_whatever_a_full_disk_stops_the_error_says_that_what_was_stored_is_kept(
    path: Path, fields: Fields, load: Make, act: Callable[[DuckDB, Any], Any]
) -> None:
    resource = pytest.importorskip("resource")
    read = load([{"id": "1", "version": 1}])
    destination = DuckDB(path, fields)
    destination.open()
    destination.write(read)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        with pytest.raises(DestinationError, match="what was stored before is kept, and the next run goes on"):
            act(destination, read)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        destination.close()
    assert rows(path, "SELECT id FROM raw.things WHERE _deleted_at IS NULL") == [("1",)]


def test_a_copy_that_cannot_be_made_leaves_nothing_and_says_what_to_do(path: Path, fields: Fields, load: Make) -> None:
    resource = pytest.importorskip("resource")
    destination = DuckDB(path, fields)
    destination.open()
    destination.write(load([{"id": str(number), "lines": [str(number) * 1000]} for number in range(300)]))
    destination.close()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    copy = path.with_name(f"{path.name}.commercetools-copy")
    for blocked in (False, True):
        destination.open()
        if blocked:  # by a folder of somebody else
            copy.mkdir()
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, hard))
        with pytest.raises(DestinationError, match="may still lie in blocks that are free: make room"):
            destination.scrub()
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        destination.close()
        assert {one.name for one in path.parent.iterdir()} == {path.name, *([copy.name] if blocked else [])}
    assert rows(path, "SELECT count(*) FROM raw.things") == [(300,)]


def test_a_commit_that_lacks_memory_is_repeated_with_more(path: Path, fields: Fields, load: Make) -> None:
    destination = DuckDB(path, fields, memory=("20MB", "30MB", "900MB"))
    destination.open()
    destination.write(load([{"id": str(number), "lines": ["x" * 76_000]} for number in range(800)]))
    destination.close()
    assert rows(path, "SELECT count(DISTINCT id), min(strlen(lines)) FROM raw.things") == [(800, 76_004)]


@pytest.mark.few(1)
@pytest.mark.parametrize(("size", "count"), [(76_000, 1500), (300, 40_000), (1_200_000, 120), (16_000_000, 6)])
def test_large_records_are_loaded_merged_and_unfolded_without_a_lost_row(
    path: Path, delivery: Make, size: int, count: int
) -> None:
    def orders(version: int, numbers: range) -> list[dict[str, Any]]:
        item = {"id": "i", "variant": {"id": 1, "sku": "x" * size}, "quantity": 1}
        return [{"id": str(number), "version": version, "lineItems": [item]} for number in numbers]

    destination = DuckDB(path)
    destination.open()
    step = max(1, 32_000_000 // size)
    for start in range(0, count, step):
        numbers = range(start, min(count, start + step))
        last = numbers.stop == count
        part = delivery(orders(1, numbers), replaces=True, first=start == 0, done=last)
        destination.write(replace(part, stream=STREAMS["orders"], size=size * len(numbers)))
    changed = delivery(orders(2, range(3)))
    destination.write(replace(changed, stream=STREAMS["orders"], size=size * 3))
    destination.close()
    assert rows(path, "SELECT count(*), sum(version) FROM raw.orders") == [(count, count + 3)]
    assert rows(path, "SELECT count(*) FROM main.order_line_items") == [(count,)]


def test_thousands_of_unknown_fields_stay_together_and_are_told_in_one_sentence(
    destination: DuckDB, path: Path, load: Make
) -> None:
    records = [{"id": str(number), **{f"f{number}_{index}": index for index in range(1500)}} for number in range(2)]
    destination.write(load(records))
    notices = [notice.reason for notice in destination.notices() if "columns of a table" in notice.reason]
    destination.close()
    assert len(rows(path, "DESCRIBE raw.things")) == MOST_COLUMNS + len(OWN)
    beyond = 2 * 1500 + len(FIELDS) - MOST_COLUMNS
    assert notices == [
        f"values of fields beyond the 500 columns of a table that get no column of their own: {beyond}; _unfit has them"
    ]
    ((last,),) = rows(path, "SELECT _unfit ->> 'f1_1499' FROM raw.things WHERE id = '1'")
    assert last == "1499"


@pytest.mark.parametrize("failing", ["glob", "_open"])
def test_what_a_file_system_in_python_raises_is_told_in_its_own_words(failing: str) -> None:
    fsspec = pytest.importorskip("fsspec")

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError("the store refuses it")

    kept = {"glob": lambda _, path: [path], "modified": lambda *_: None}
    store = type("Refusing", (fsspec.AbstractFileSystem,), {"protocol": "refusing", **kept, failing: fail})
    with duckdb.connect() as connection:
        connection.register_filesystem(store())
        with pytest.raises(duckdb.Error) as caught:
            connection.execute("FROM read_csv('refusing://file')")
    assert first_line(caught.value) == "OSError: the store refuses it"
