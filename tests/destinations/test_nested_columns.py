"""Unknown fields inside objects and lists: each has a column at its level, with the values of all rows."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.destinations import DuckDB, Parquet, open_destination
from commercetools_source.extract.delivery import Phase
from destinations.conformance import deliver
from destinations.lakes import needs_lake
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.destinations.duckdb.file import Attached

Place = tuple[str, bool]
PLACES = [
    pytest.param(("file", False), id="views of a file"),
    pytest.param(("file", True), id="tables of a file"),
    pytest.param(("folder", True), id="tables of a folder"),
    pytest.param(("lake", False), id="views of a lake", marks=needs_lake),
]
HEIGHTS = 'SELECT "zoneId", position, height FROM zone_locations ORDER BY ALL'
ROBOTS = 'SELECT id, "createdBy_robot" FROM zones ORDER BY ALL'


def zone(uid: str, height: object = None, *, version: int = 1, unseen: bool = False) -> dict[str, Any]:
    """Return a record; one that is `unseen` is too large to be looked at."""
    place = {"country": "DE"} if height is None else {"country": "DE", "height": height}
    robot = {} if height is None else {"createdBy": {"robot": {"id": uid}}}
    text = "x" * 2_000_001 if unseen else "x"
    return {"id": uid, "version": version, "description": text, "locations": [{"country": "AT"}, place], **robot}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    chosen: Place = request.param
    return chosen


@pytest.fixture
def new(place: Place, tmp_path: Path) -> Callable[[], Attached | Parquet]:
    kind, materialize = place

    def make() -> Any:
        if kind == "file":
            return DuckDB(tmp_path / "shop.duckdb", materialize=materialize)
        if kind == "folder":
            return Parquet(tmp_path / "shop", materialize=materialize)
        return open_destination(f"ducklake:{tmp_path / 'shop.ducklake'}", materialize=materialize)

    return make


@contextmanager
def reading(destination: Attached | Parquet, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if isinstance(destination, Parquet):
        with duckdb.connect() as connection:
            connection.execute((folder / "shop" / "latest.sql").read_text())
            yield connection
    else:
        destination.open_read_only()
        with closing(destination), destination.querying() as connection:
            yield connection


@contextmanager
def opened(new: Callable[[], Attached | Parquet]) -> Iterator[Attached | Parquet]:
    destination = new()
    destination.open()
    try:
        yield destination
    finally:
        destination.close()


def rows(new: Callable[[], Attached | Parquet], folder: Path, query: str) -> list[tuple[Any, ...]]:
    with reading(new(), folder) as connection:
        return [
            tuple(json.loads(value) if isinstance(value, str) and value[:1] in '{"[' else value for value in row)
            for row in connection.execute(query).fetchall()
        ]


def test_a_column_has_the_values_of_all_rows_whenever_it_comes(
    new: Callable[[], Attached | Parquet], tmp_path: Path
) -> None:
    with opened(new) as run:
        run.write(deliver([zone("1", 10, unseen=True), zone("2")], stream="zones"))
        assert [notice.message() for notice in run.notices()] == []
    with opened(new) as run:
        run.write(deliver([zone("3", {"m": 30})], Phase.MERGE_LAST, stream="zones"))
        assert [notice.message() for notice in run.notices()] == [
            (
                "zones: has fields inside objects or lists that were not known: createdBy.robot, locations[].height;"
                " they are kept as columns of JSON in the relations: zones.createdBy_robot, zone_locations.height"
            )
        ]
    heights = [("1", 1, None), ("1", 2, "10"), ("2", 1, None), ("2", 2, None), ("3", 1, None), ("3", 2, {"m": 30})]
    assert rows(new, tmp_path, HEIGHTS) == heights
    assert rows(new, tmp_path, ROBOTS) == [("1", {"id": "1"}), ("2", None), ("3", {"id": "3"})]
    with opened(new) as run:
        run.write(deliver([zone("2", 20, version=2)], Phase.MERGE_LAST, stream="zones"))
    heights[3] = ("2", 2, "20")
    assert rows(new, tmp_path, HEIGHTS) == heights
    with opened(new) as run:
        run.write(deliver([zone("1", 11, unseen=True)], stream="zones"))
    assert rows(new, tmp_path, HEIGHTS) == [("1", 1, None), ("1", 2, "11")]


def test_a_column_that_comes_in_the_middle_of_a_full_read_has_what_was_read_before(
    new: Callable[[], Attached | Parquet], tmp_path: Path
) -> None:
    with opened(new) as run:
        run.write(deliver([zone("0", 5, unseen=True)], stream="zones"))
    with opened(new) as run:
        run.write(deliver([zone("1", 10, unseen=True)], Phase.FULL_FIRST, stream="zones"))
        run.write(deliver([zone("2", 20)], Phase.FULL_NEXT, stream="zones"))
    with opened(new) as run:  # another run goes on with it, and sees none
        run.write(deliver([zone("3", 30, unseen=True)], Phase.FULL_NEXT, stream="zones"))
        run.write(deliver([], Phase.FULL_LAST, stream="zones"))
    assert [row for row in rows(new, tmp_path, HEIGHTS) if row[1] == 2] == [
        ("1", 2, "10"),
        ("2", 2, "20"),
        ("3", 2, "30"),
    ]


def test_a_record_that_is_erased_leaves_the_columns_of_the_others(
    new: Callable[[], Attached | Parquet], tmp_path: Path
) -> None:
    with opened(new) as run:
        run.write(deliver([zone("1", 10), zone("2", 20)], stream="zones"))
        run.rewrite(deliver(stream="zones").stream, ["1"], None)
    assert rows(new, tmp_path, HEIGHTS) == [("2", 1, None), ("2", 2, "20")]


def test_no_more_than_fifty_fields_get_a_column_and_the_others_are_told(
    new: Callable[[], Attached | Parquet], tmp_path: Path
) -> None:
    def wide(first: int) -> dict[str, Any]:
        fields = {f"f{number:03}": number for number in range(first, first + 20)}
        return {"id": "1", "version": 1, "createdBy": fields, "lastModifiedBy": fields, "locations": [fields]}

    with opened(new) as run:
        run.write(deliver([wide(0)], stream="zones"))
        told = [notice.message() for notice in run.notices()]
    assert len(told) == 2
    assert told[1].endswith("they are kept in the JSON where they came, and have no column")
    assert rows(new, tmp_path, 'SELECT "createdBy_f000", "createdBy_f019" FROM zones') == [("0", "19")]


def test_a_run_that_is_cut_off_before_the_tables_are_made_anew_leaves_that_to_the_next(tmp_path: Path) -> None:
    def folder() -> Parquet:
        return Parquet(tmp_path / "shop", materialize=True)

    with opened(folder) as run:
        run.write(deliver([zone("1", 10)], stream="zones"))
    # As the manifest is between the two: the path is known, and the rows lack the column.
    path = tmp_path / "shop" / "manifest.json"
    manifest = read_manifest(path.parent)
    del manifest.streams["main/zone_locations"].columns["height"]
    assert manifest.streams["zones"].nested == ["createdBy.robot", "locations[].height"]
    path.write_bytes(msgspec.json.encode(manifest))
    with opened(folder) as run:
        run.write(deliver([zone("2", 20)], Phase.MERGE_LAST, stream="zones"))
    assert [row for row in rows(folder, tmp_path, HEIGHTS) if row[1] == 2] == [("1", 2, "10"), ("2", 2, "20")]
    assert len(set(rows(folder, tmp_path, HEIGHTS))) == 4


def test_a_folder_without_tables_has_the_columns_of_the_streams_own_relation(tmp_path: Path) -> None:
    with opened(lambda: Parquet(tmp_path / "shop")) as run:
        run.write(deliver([zone("1", 10)], stream="zones"))
    assert rows(lambda: Parquet(tmp_path / "shop"), tmp_path, ROBOTS) == [("1", {"id": "1"})]


@pytest.mark.parametrize("step", ["a field of an object comes", "tables are asked for", "a person is erased"])
def test_tables_of_a_folder_are_made_of_files_that_lack_a_column_which_came_later(tmp_path: Path, step: str) -> None:
    later = step == "tables are asked for"

    def folder(*, tables: bool = True) -> Parquet:
        return Parquet(tmp_path / "shop", materialize=tables)

    with opened(lambda: folder(tables=not later)) as run:
        run.write(deliver([zone("1"), zone("3")], stream="zones"))
    with opened(lambda: folder(tables=not later)) as run:
        run.write(deliver([{**zone("2"), "top": 7}], Phase.MERGE_LAST, stream="zones"))
    robot = {"createdBy": {"robot": 1}} if step == "a field of an object comes" else {}
    with opened(folder) as run:
        run.write(deliver([zone("4") | robot], Phase.MERGE_LAST, stream="zones"))
        if step == "a person is erased":
            run.rewrite(deliver(stream="zones").stream, ["4"], None)
    values = {"1": None, "2": "7", "3": None, "4": None}
    if step == "a person is erased":
        del values["4"]
    expected = list(values.items())
    assert rows(folder, tmp_path, "SELECT id, top FROM zones ORDER BY ALL") == expected
    assert len(rows(folder, tmp_path, 'SELECT "zoneId" FROM zone_locations')) == 2 * len(expected)
