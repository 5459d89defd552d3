from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.arrow.decode import MOST_COLUMNS, OWN
from commercetools_source.catalog.schema import Column, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB
from commercetools_source.destinations.duckdb.connection import row_counts
from commercetools_source.destinations.duckdb.database import Database
from commercetools_source.destinations.duckdb.failures import raising_interrupts
from commercetools_source.errors import DestinationError, RecordError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.run_record import RunRecord
from commercetools_source.frontends.signals import stopping
from destinations.deliveries import BOUND, CURSOR, FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


Make = "Callable[..., Delivery]"
Fields = "Callable[[Stream], list[Column]]"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


@pytest.fixture
def destination(path: Path, fields: Fields) -> Iterator[DuckDB]:
    opened = DuckDB(path, fields)
    assert opened.open() == {}
    yield opened
    opened.close()


def rows(path: Path, query: str) -> list[Any]:
    with duckdb.connect(str(path)) as connection:
        return connection.execute(query).fetchall()


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
        destination.write(replace(load([dict.fromkeys(stream.key, "x")]), stream=stream))
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
    (shown,) = destination._connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() or ()
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


def model_forms(path: Path) -> dict[str, str]:
    return dict(rows(path, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'main'"))


def test_relations_are_views_until_tables_are_asked_for_and_stay_what_they_are(path: Path, load: Make) -> None:
    zone = replace(load([{"id": "1", "name": "north", "locations": [{"country": "NO"}]}]), stream=STREAMS["zones"])
    for materialize, form in [
        (None, "VIEW"),
        (True, "BASE TABLE"),
        (None, "BASE TABLE"),
        (False, "VIEW"),
        (None, "VIEW"),
    ]:
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(zone, phase=Phase.MERGE_LAST))
        destination.close()
        assert model_forms(path) == {"zones": form, "zone_locations": form}
        assert rows(path, "SELECT zoneId, position, country FROM main.zone_locations") == [("1", 1, "NO")]


def test_a_relation_has_the_columns_of_fields_that_came_later(path: Path, load: Make, delivery: Make) -> None:
    zones = STREAMS["zones"]
    for materialize in (False, True):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load([{"id": "1", "name": "north"}]), stream=zones))
        destination.write(replace(delivery([{"id": "2", "height": {"m": 3}}]), stream=zones))
        destination.close()
        assert rows(path, "SELECT id, name, height FROM main.zones ORDER BY id") == [
            ("1", "north", None),
            ("2", None, '{"m": 3}'),
        ]


def test_a_relation_that_was_dropped_is_made_again(path: Path, load: Make) -> None:
    zone = replace(load([{"id": "1", "locations": [{"country": "NO"}]}]), stream=STREAMS["zones"])
    for drop in ("DROP TABLE main.zone_locations", "DROP TABLE main.zones; DROP TABLE main.zone_locations", "SELECT 1"):
        destination = DuckDB(path, materialize=True)
        destination.open()
        destination.write(replace(zone, phase=Phase.MERGE_LAST))
        destination.close()
        assert rows(path, "SELECT country FROM main.zone_locations") == [("NO",)]
        rows(path, drop)


def test_what_somebody_else_made_in_the_model_is_not_replaced(path: Path, load: Make) -> None:
    rows(path, "CREATE TABLE main.zones AS SELECT 42 AS answer; CREATE VIEW main.mine AS SELECT 1")
    destination = DuckDB(path)
    destination.open()
    with pytest.raises(RecordError, match=r"has a table main\.zones that commercetools-source did not make"):
        destination.write(replace(load([{"id": "1"}]), stream=STREAMS["zones"]))
    destination.write(replace(load([{"id": "1"}]), stream=STREAMS["states"]))
    destination.close()
    assert rows(path, "SELECT * FROM main.zones, main.mine") == [(42, 1)]


def test_values_of_the_wrong_shape_break_no_relation_and_stay_readable(path: Path, load: Make) -> None:
    bad = [
        {
            "id": "1",
            "lineItems": 5,
            "totalPrice": "free",
            "shippingInfo": [1],
            "syncInfo": [None, 3, {"syncedAt": "soon"}],
        },
        {
            "id": "2",
            "lineItems": [{"id": 7, "quantity": 1.5, "name": "x", "variant": []}, "item"],
            "customerId": {"a": 1},
        },
        b'{"id":"3","totalPrice":{"centAmount":"x\\u0000","fractionDigits":1e99},"lineItems":[{"name":{"en":1,"en":2}}]}',
    ]
    for materialize in (False, True):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load(bad), stream=STREAMS["orders"]))
        destination.close()
        for name in model_forms(path):
            rows(path, f'SELECT count(hash(held)) FROM main."{name}" AS held')
        assert rows(path, "SELECT id, totalPrice_centAmount, totalPrice_amount FROM main.orders ORDER BY id")[0] == (
            "1",
            None,
            None,
        )
        assert rows(
            path, "SELECT orderId, id, quantity FROM main.order_line_items WHERE orderId = '2' ORDER BY position"
        ) == [
            ("2", "7", None),
            ("2", None, None),
        ]
        assert rows(path, "SELECT lineItems FROM raw.orders WHERE id = '1'") == [("5",)]


def test_tables_of_relations_are_filled_with_more_memory_than_loading_needs(path: Path, load: Make) -> None:
    limits = []
    for materialize in (False, True):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load([{"id": "1"}]), stream=STREAMS["zones"]))
        row = destination._connection.execute("SELECT current_setting('memory_limit')").fetchone()
        limits.append(row and row[0])
        destination.close()
    assert limits == ["143.0 MiB", "953.6 MiB"]


def test_a_table_that_needs_more_memory_than_loading_has_gets_it(path: Path, fields: Fields, load: Make) -> None:
    destination = DuckDB(path, fields, memory=("1MB", "300MB"))
    destination.open()
    destination.write(load([{"id": str(number), "lines": ["x" * 1000]} for number in range(2000)]))
    row = destination._connection.execute("SELECT current_setting('memory_limit')").fetchone()
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


RUN = RunRecord(run="1", command="sync", status="begun", started=CURSOR)


@pytest.mark.parametrize(
    "act",
    [
        lambda destination, read: destination.mark_deleted(read.stream, {"1": "2026-01-01T00:00:00.000Z"}),
        lambda destination, read: destination.remove(read.stream, {"1": "2026-01-01T00:00:00.000Z"}),
        lambda destination, read: destination.reset(read.stream),
        lambda destination, _: destination.write_run(
            RunRecord(run="1", command="sync", status="begun", started=CURSOR)
        ),
        lambda destination, read: destination.write(read),
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


def test_a_commit_that_lacks_memory_is_repeated_with_more(path: Path, fields: Fields, load: Make) -> None:
    destination = DuckDB(path, fields, memory=("20MB", "30MB", "900MB"))
    destination.open()
    destination.write(load([{"id": str(number), "lines": ["x" * 76_000]} for number in range(800)]))
    destination.close()
    assert rows(path, "SELECT count(DISTINCT id), min(strlen(lines)) FROM raw.things") == [(800, 76_004)]


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


@pytest.mark.parametrize(("size", "count"), [(76_000, 1500), (1_200_000, 120), (16_000_000, 6)])
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_during_a_query_ends_with_its_status_and_stores_nothing(path: Path, number: int) -> None:
    database = Database(path, lambda: None)
    with pytest.raises(SystemExit) as end, stopping(), raising_interrupts(), database.transaction():  # noqa: PT012
        database.execute("CREATE TABLE half (a INT)")
        try:
            signal.raise_signal(number)
        except SystemExit:
            raise RuntimeError("Query interrupted") from None  # as DuckDB's client does when a handler raises
    database.close("300MB")
    assert end.value.code == 128 + number
    assert rows(path, "SHOW TABLES") == []


@pytest.mark.parametrize("way", ["database", "connection"])
def test_interruptions_that_go_on_do_not_end_what_takes_a_transaction_back(path: Path, way: str) -> None:
    database = Database(path, lambda: None)
    database.catalogue.create_table("whole", {"a": "INTEGER"})
    interrupt = database.interrupt if way == "database" else database.connection.interrupt
    for _ in range(30):
        ended = threading.Event()

        def disturb(ended: threading.Event = ended) -> None:
            while not ended.is_set():
                interrupt()

        disturber = threading.Thread(target=disturb, daemon=True)
        with pytest.raises(KeyboardInterrupt), database.transaction():  # noqa: PT012
            database.catalogue.create_table("half", {"a": "INTEGER"})
            disturber.start()
            raise KeyboardInterrupt
        ended.set()
        disturber.join()
        assert database.catalogue.columns == {"whole": {"a": "INTEGER"}}
        assert database.execute("SHOW TABLES FROM raw") == [("whole",)]
    database.close("300MB")


LONG = """
import sys
from pathlib import Path
from commercetools_source.destinations import DuckDB
from commercetools_source.frontends.signals import stopping

class Long(DuckDB):
    def _write(self, delivery):
        database = self._opened.database
        with database.transaction():
            database.execute("CREATE TABLE half (a INT)")
            print("storing", flush=True)
            database.execute("SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range % 7 = 3")

destination = Long(Path(sys.argv[1]))
destination.open()
with stopping() as stopper:
    stopper.arm(destination.hurry)
    try:
        destination.write(None)
    finally:
        destination.close()
"""


@pytest.mark.parametrize(("number", "signals"), [(signal.SIGTERM, 1), (signal.SIGINT, 2)])
def test_a_signal_during_a_long_query_ends_the_process_with_its_status_and_nothing_half_written(
    path: Path, number: int, signals: int
) -> None:
    command = [sys.executable, "-c", LONG, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "storing\n"
        said = ""
        for _ in range(signals):
            child.send_signal(number)
            said += child.stderr.readline() + child.stderr.readline() if not said else ""
        _, errors = child.communicate(timeout=30)
    assert child.returncode == 128 + number
    assert said + errors == "\nstopping; what was read is kept (once more to stop at once)\n"
    assert rows(path, "SHOW TABLES") == []
