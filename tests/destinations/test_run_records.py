"""The records of runs in their files: bounded, whole after a kill, and never in the place of somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import msgspec
import pytest

from commercetools_source.destinations.duckdb.attachment import DatabaseFile
from commercetools_source.destinations.duckdb.database import Database
from commercetools_source.destinations.duckdb.file import DuckDB
from commercetools_source.destinations.duckdb.runs import RUN_STREAMS, RUNS, read_runs, write_run
from commercetools_source.destinations.run_file import RUN_FILE, append_run
from commercetools_source.destinations.run_file import read_runs as read_file
from commercetools_source.errors import DestinationError
from commercetools_source.extract.run_record import RunRecord, StreamRecord

if TYPE_CHECKING:
    from pathlib import Path

STREAM = StreamRecord(
    stream="orders",
    started=None,
    ended=None,
    mode="full",
    records=1,
    new=1,
    changed=0,
    deleted=0,
    left_out=0,
    unfit=None,
    pages=1,
    bytes=9,
    error=None,
)


def record(number: int) -> RunRecord:
    started = f"2030-01-01T00:00:{number:02}.000Z"
    return RunRecord(run=f"r{number}", command="sync", status="complete", started=started, streams=(STREAM,))


def test_a_database_keeps_the_newest_runs_and_their_streams(tmp_path: Path) -> None:
    database = Database(DatabaseFile(tmp_path / "shop.duckdb"), lambda: None)
    for number in range(9):
        with database.transaction():
            write_run(database, record(number), newest=5)
    assert read_runs(database, 99) == [record(number) for number in (8, 7, 6, 5, 4)]
    assert database.execute(f"SELECT count(*) FROM {RUN_STREAMS}") == [(5,)]
    database.close("100MB")


def test_a_database_of_another_version_gets_the_columns_that_it_lacks(tmp_path: Path) -> None:
    database = Database(DatabaseFile(tmp_path / "shop.duckdb"), lambda: None)
    database.catalogue.prepare_bookkeeping("runs", {"run": "VARCHAR", "later": "VARCHAR"})
    assert read_runs(database, 99) == []
    with database.transaction():
        write_run(database, record(1))
    assert read_runs(database, 99) == [record(1)]
    database.close("100MB")


@pytest.mark.parametrize("form", ["VIEW", "TABLE"])
@pytest.mark.parametrize("name", [RUNS, RUN_STREAMS])
def test_a_table_or_view_of_somebody_else_is_left_alone(tmp_path: Path, name: str, form: str) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(f"CREATE SCHEMA sync; CREATE {form} {name} AS SELECT 1 AS one")
    destination = DuckDB(tmp_path / "shop.duckdb")
    destination.open()
    with pytest.raises(DestinationError, match=f"{name}.*did not make; rename it"):
        destination.write_run(record(1))
    assert destination.runs(9) == []
    destination.close()
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        assert connection.execute(f"FROM {name}").fetchall() == [(1,)]


def test_a_file_that_grows_too_long_keeps_the_newest_runs(tmp_path: Path) -> None:
    size = len(msgspec.json.encode(record(1))) + 1
    for number in range(9):
        append_run(tmp_path, record(number), longest=6 * size)
        numbers = [int(run.run[1:]) for run in read_file(tmp_path, 99)]
        assert numbers == list(range(number, number - len(numbers), -1))
        assert (tmp_path / RUN_FILE).stat().st_size <= 6 * size
    append_run(tmp_path, record(9), longest=1)
    assert read_file(tmp_path, 99) == [record(9)]


def test_a_line_that_was_cut_short_costs_its_own_record_only(tmp_path: Path) -> None:
    path = tmp_path / RUN_FILE
    append_run(tmp_path, record(1))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        append_run(tmp_path, record(2))
        complete = length == len(whole) - 1  # only the line break is missing
        assert read_file(tmp_path, 9) == ([record(2), record(1)] if complete else [record(2)])


@pytest.mark.parametrize("text", [b"notes of mine\n", b"{}", b"\n", b"\xff"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / RUN_FILE
    path.write_bytes(text)
    for act in (lambda: append_run(tmp_path, record(1)), lambda: read_file(tmp_path, 9)):
        with pytest.raises(DestinationError, match="is not of commercetools-source; rename it"):
            act()
    assert path.read_bytes() == text


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DestinationError, match="symbolic link"):
        append_run(tmp_path, record(1))
    assert not (tmp_path / "elsewhere").exists()
