"""A DuckDB file: types, full reads and merges, columns that come later, and what somebody else made."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import date, datetime, time, timezone
from pathlib import Path

import pytest

from commercetools_source.catalog.schema import Column, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB
from commercetools_source.destinations.duckdb.connection import row_counts
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from destinations.deliveries import BOUND, CURSOR
from destinations.duckdb_files import rows

Make = "Callable[..., Delivery]"
Fields = "Callable[[Stream], list[Column]]"


def test_values_have_their_types_and_json_its_exact_text(destination: DuckDB, path: Path, load: Make) -> None:
    text = '{"price" : 1.10, "name": "Müller \\u00fc"}'
    record = (
        '{"id":"1","version":7,"at":"2024-02-29T12:00:00.123Z","day":"2024-02-29","hour":"14:00:00",'
        f'"amount":0.25,"open":true,"lines":{text}}}'
    )
    destination.write(load([record.encode()]))
    destination.close()
    assert rows(path, "SELECT * EXCLUDE (_synced_at) FROM raw.things") == [
        (
            "1",
            7,
            datetime(2024, 2, 29, 12, 0, 0, 123000),  # noqa: DTZ001 - UTC
            date(2024, 2, 29),
            time(14),
            0.25,
            True,
            text,
            None,
            None,
        )
    ]
    described = {name: kind for name, kind, *_ in rows(path, "DESCRIBE raw.things")}
    assert list(described.values()) == [
        *("VARCHAR", "BIGINT", "TIMESTAMP", "DATE", "TIME", "DOUBLE", "BOOLEAN", "JSON"),
        *("TIMESTAMP", "TIMESTAMP", "JSON"),
    ]
    assert rows(path, "SELECT lines->>'$.name' FROM raw.things") == [("Müller ü",)]


def test_the_time_of_storing_is_utc_whatever_the_zone_of_the_machine(
    destination: DuckDB, path: Path, load: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = datetime.now(timezone.utc).replace(tzinfo=None)
    destination.write(load([{"id": "1"}]))
    destination.close()
    ((synced, updated),) = rows(path, "SELECT _synced_at, updated_at FROM raw.things, sync.state")
    assert before <= synced == updated <= datetime.now(timezone.utc).replace(tzinfo=None)


def test_a_full_read_becomes_the_table_when_it_is_complete(
    destination: DuckDB, path: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "old"}]))
    destination.write(delivery([{"id": "1"}], replaces=True, first=True))
    destination.close()
    assert rows(path, "SELECT id FROM raw.things") == [("old",)]
    destination.open()
    destination.write(delivery([{"id": "2"}], replaces=True, done=True))
    destination.close()
    assert rows(path, "SELECT id FROM raw.things ORDER BY id") == [("1",), ("2",)]
    assert row_counts(path) == {"things": 2}


def test_a_view_over_a_table_outlives_its_replacement(destination: DuckDB, path: Path, load: Make) -> None:
    destination.write(load([{"id": "old"}]))
    destination.close()
    rows(path, "CREATE VIEW mine AS SELECT id FROM raw.things")
    destination.open()
    destination.write(load([{"id": "new", "more": 1}]))
    destination.close()
    assert rows(path, "FROM mine") == [("new",)]


@pytest.mark.parametrize("version", ["v1.0.0", "v1.2.0", "v1.4.0"])
def test_a_file_that_duckdb_made_before_is_filled_whatever_its_storage_version(
    path: Path, load: Make, delivery: Make, version: str
) -> None:
    """The command `duckdb` up to 1.5 makes files of 1.0; a name that is opened too early is one."""
    zone = {"id": "1", "version": 1, "lastModifiedAt": "2026-01-01T00:00:00Z", "locations": [{"country": "DE"}]}
    rows(Path(":memory:"), f"ATTACH '{path}' AS made (STORAGE_VERSION '{version}')")
    destination, stream = DuckDB(path, materialize=True), STREAMS["zones"]
    destination.keep_history([stream])
    destination.open()
    destination.write(replace(load([zone]), stream=stream))
    later = {**zone, "version": 2, "lastModifiedAt": "2026-01-02T00:00:00Z", "unknown": [1]}
    destination.write(replace(delivery([later]), stream=stream))
    destination.close()
    assert rows(path, "SELECT version, unknown, zone_locations.country FROM raw.zones, zone_locations") == [
        (2, "[1]", "DE")
    ]
    assert rows(path, "SELECT version FROM history.zones") == [(1,)]


def test_a_table_without_records_is_there_all_the_same(destination: DuckDB, path: Path, load: Make) -> None:
    destination.write(load([]))
    destination.close()
    assert row_counts(path) == {"things": 0}


def test_keys_of_several_columns_are_merged_and_deduplicated(path: Path, delivery: Make) -> None:
    fields = [Column(name, "string", nullable=name == "v") for name in ("store", "product", "v")]
    destination, key = DuckDB(path, lambda _: fields), ("store", "product")
    destination.open()
    one, two = {"store": "a", "product": "bc"}, {"store": "ab", "product": "c"}
    destination.write(delivery([{**one, "v": "1"}, {**two, "v": "1"}], replaces=True, first=True, key=key))
    destination.write(delivery([{**one, "v": "2"}], replaces=True, done=True, key=key))
    destination.write(delivery([{**two, "v": "3"}], key=key))
    destination.close()
    assert rows(path, "SELECT store, product, v FROM raw.things ORDER BY v") == [("a", "bc", "2"), ("ab", "c", "3")]


def test_new_fields_become_columns_and_misfits_are_kept_and_counted(
    destination: DuckDB, path: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "colour": "red"}]))
    destination.write(delivery([{"id": "2", "open": "yes", "size": {"w": 1}}, {"id": "3", "open": "no", "at": "late"}]))
    assert destination.added == [("things", "colour"), ("things", "size")]
    assert destination.drift == {("things", "open"): 2, ("things", "at"): 1}
    assert [f"{found.about} {found.reason}" for found in destination.notices()] == [
        "things has a field that was not known, colour; it is kept as a column of JSON",
        "things has a field that was not known, size; it is kept as a column of JSON",
        "things values of open that do not fit its column: 2; _unfit has them",
        "things values of at that do not fit its column: 1; _unfit has them",
    ]
    destination.close()
    assert rows(path, "SELECT id, colour, size, open, _unfit FROM raw.things ORDER BY id") == [
        ("1", '"red"', None, None, None),
        ("2", None, '{"w": 1}', None, '{"open":"yes"}'),
        ("3", None, None, None, '{"open":"no","at":"late"}'),
    ]


def test_an_older_table_gets_the_columns_that_the_schema_has_now(path: Path, load: Make, delivery: Make) -> None:
    older = DuckDB(path, lambda _: [Column("id", "string", nullable=False)])
    older.open()
    older.write(load([{"id": "1", "open": True}]))
    older.close()
    newer = [
        Column("id", "string", nullable=False),
        Column("open", "bool", nullable=True),
        Column("n", "int", nullable=True),
    ]
    destination = DuckDB(path, lambda _: newer)
    destination.open()
    destination.write(delivery([{"id": "2", "open": False, "n": 5}]))
    destination.close()
    assert rows(path, "SELECT id, open, n FROM raw.things ORDER BY id") == [("1", "true", None), ("2", "false", 5)]


def test_dropping_a_table_loads_it_again(destination: DuckDB, path: Path, load: Make, delivery: Make) -> None:
    destination.write(load([{"id": "1"}]))
    destination.write(load([{"id": "1"}], name="others"))
    destination.write(delivery([], replaces=True, first=True, state=StreamState(CURSOR, "full", BOUND)))
    destination.close()
    rows(path, "DROP TABLE raw.others; DROP TABLE raw._loading_things")
    again = DuckDB(path)
    assert again.open() == {"things": StreamState(cursor=CURSOR)}
    again.close()


def test_a_failed_delivery_changes_nothing(destination: DuckDB, path: Path, load: Make, delivery: Make) -> None:
    destination.write(load([{"id": "1"}]))
    with pytest.raises(DestinationError, match="has no id"):
        destination.write(delivery([{"id": "2", "new": 1}, {"version": 1}], state=StreamState(cursor=CURSOR)))
    destination.write(delivery([{"id": "3", "new": 2}], state=StreamState(cursor=BOUND)))
    destination.close()
    assert rows(path, "SELECT id, new FROM raw.things ORDER BY id") == [("1", None), ("3", "2")]
    assert DuckDB(path).open()["things"].cursor == BOUND


@pytest.mark.parametrize(
    ("made", "kind"), [("TABLE raw.things (id INT)", "table"), ("VIEW raw.things AS SELECT 1", "view")]
)
def test_what_somebody_else_made_is_not_replaced(path: Path, load: Make, made: str, kind: str) -> None:
    rows(path, f"CREATE SCHEMA raw; CREATE {made}")
    destination = DuckDB(path)
    destination.open()
    with pytest.raises(
        DestinationError, match=f"has a {kind} raw.things that commercetools-source did not make; rename"
    ):
        destination.write(load([{"id": "1"}]))
    destination.close()


def test_a_column_of_a_type_not_ours_is_named(destination: DuckDB, path: Path, load: Make, delivery: Make) -> None:
    destination.write(load([{"id": "1"}]))
    destination.close()
    rows(path, "ALTER TABLE raw.things ALTER amount TYPE DECIMAL(9, 2)")
    destination.open()
    with pytest.raises(DestinationError, match=r"columns of types .*amount \(DECIMAL\(9,2\)\); drop the table"):
        destination.write(delivery([{"id": "1"}]))


def test_the_rest_of_a_lost_full_read_is_refused(destination: DuckDB, delivery: Make) -> None:
    with pytest.raises(DestinationError, match=r"rows of things read so far are gone .* --full"):
        destination.write(delivery([{"id": "1"}], replaces=True))


def test_every_stream_of_the_catalogue_has_a_table(path: Path, load: Make) -> None:
    destination = DuckDB(path)
    destination.open()
    for stream in STREAMS.values():
        kinds = {column.name: column.kind for column in columns(stream)}
        key = {name: 1 if kinds[name] == "int" else "x" for name in stream.key}
        destination.write(replace(load([key]), stream=stream))
    destination.close()
    assert row_counts(path) == dict.fromkeys(sorted(STREAMS), 1)
    query = (
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
        " WHERE schema_name = 'raw' AND NOT internal GROUP BY 1"
    )
    found = dict(rows(path, query))
    assert set(found) == STREAMS.keys()
    for name, stream in STREAMS.items():
        assert found[name] == [*(column.name for column in columns(stream)), "_synced_at", "_deleted_at", "_unfit"]


def test_a_file_of_its_own_kind_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("no database" * 1000)
    (tmp_path / "circle.duckdb").symlink_to("circle.duckdb")
    cases = {
        tmp_path / "missing" / "x.duckdb": "the folder .*missing does not exist; create it first",
        tmp_path: "is a folder; name a file in it",
        tmp_path / "circle.duckdb": "symbolic links of .*circle.duckdb lead nowhere",
        tmp_path / "text.duckdb": "is not a DuckDB file; choose another name",
    }
    for path, message in cases.items():
        destination = DuckDB(path)
        with pytest.raises(DestinationError, match=message):
            destination.open()
        destination.close()
    assert set(tmp_path.iterdir()) == {tmp_path / "text.duckdb", tmp_path / "circle.duckdb"}
    with pytest.raises(DestinationError, match="does not exist; run `commercetools-source sync` first"):
        row_counts(tmp_path / "none.duckdb")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DestinationError, match="cannot be written; check the permissions"):
        DuckDB(tmp_path / "x.duckdb").open()


def test_a_state_of_another_version_is_not_gone_on_from_and_can_be_reset(
    destination: DuckDB, path: Path, load: Make
) -> None:
    destination.write(load([{"id": "1"}]))
    destination.close()
    rows(path, """UPDATE sync.state SET state = '{"format":99}'""")
    assert "format 99" in (destination.open()["things"].broken or "")
    assert destination.reset(load([]).stream)
    destination.close()
    assert destination.open() == {}


def test_a_long_statement_writes_nothing_to_standard_output(destination: DuckDB) -> None:
    (shown,) = destination._session.opened.database.execute("SELECT current_setting('enable_progress_bar')")[0]
    assert shown is False


def test_a_path_may_hold_quotes_and_names_that_duckdb_keeps_for_itself(
    tmp_path: Path, load: Make, fields: Fields
) -> None:
    for name in ("it's.db", "memory.duckdb", "my shop (1).duckdb"):
        destination = DuckDB(tmp_path / name, fields)
        destination.open()
        destination.write(load([{"id": "1"}]))
        destination.close()
        assert row_counts(tmp_path / name) == {"things": 1}
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".tmp", ".wal"}]


def test_a_broken_file_is_not_called_in_use_whatever_its_path(tmp_path: Path, fields: Fields, load: Make) -> None:
    path = tmp_path / "padlock" / "shop.duckdb"
    path.parent.mkdir()
    destination = DuckDB(path, fields)
    destination.open()
    destination.write(load([{"id": "1"}]))
    destination.close()
    whole = path.read_bytes()
    for start, end in ((8, 20), (4096, 12288), (0, 12288)):
        path.write_bytes(whole[:start] + b"\x5a" * (end - start) + whole[end:])
        with pytest.raises(DestinationError) as failure:
            DuckDB(path, fields).open()
        assert "in use" not in str(failure.value)


def test_a_destination_may_be_a_symbolic_link(tmp_path: Path, fields: Fields, load: Make, delivery: Make) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "shop.duckdb"
    link.symlink_to(tmp_path / "disk" / "shop.duckdb")
    for number in (1, 2):
        destination = DuckDB(link, fields)
        destination.open()
        destination.write(load([{"id": "1"}]) if number == 1 else delivery([{"id": "2"}]))
        destination.close()
    assert link.is_symlink()
    assert rows(tmp_path / "disk" / "shop.duckdb", "SELECT id FROM raw.things ORDER BY id") == [("1",), ("2",)]


def test_a_state_that_comes_without_records_is_stored_with_the_next_that_have_some_and_at_the_end(
    destination: DuckDB, path: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    cursor = "SELECT state ->> 'cursor' FROM sync.state WHERE stream = 'things'"
    news = delivery([], done=True, state=StreamState(cursor=BOUND))
    for number, same in enumerate((news, load([{"id": "1", "version": 1}]))):
        destination.write(same)
        destination.write(load([{"id": str(number)}], name="others"))
        # Nothing was closed: it must be in the file or its log.
        copy = path.with_name("copy.duckdb")
        copy.write_bytes(path.read_bytes())
        copy.with_name("copy.duckdb.wal").write_bytes(path.with_name("shop.duckdb.wal").read_bytes())
        assert rows(copy, cursor) == [(same.state.cursor,)]
        copy.unlink()
    destination.write(news)
    destination.close()
    assert rows(path, cursor) == [(BOUND,)]
