"""A lake where DuckLake is: snapshots, killed runs, PostgreSQL and a bucket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB, open_destination
from commercetools_source.errors import CommercetoolsError, DestinationError, InUseError
from commercetools_source.events import Notice
from commercetools_source.extract.delivery import Phase
from commercetools_source.model.quoting import string
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.forget import forget
from destinations.conformance import STREAM, deliver, lacking_extension
from destinations.deliveries import CURSOR
from destinations.lakes import OLD, Lake, fill, needs_lake
from marked_shop import EMAIL, PERSON, rows

if TYPE_CHECKING:
    from collections.abc import Iterator


@needs_lake
def test_a_snapshot_shows_what_was_there_before_a_delivery(lake: Lake) -> None:
    destination = open_destination(lake.spec)
    assert destination.open() == {}
    destination.write(deliver(OLD))
    destination.close()
    before = lake.version()
    destination.open()
    destination.write(deliver([{"id": "3", "version": 1}]))
    destination.close()
    assert lake.ids() == {"3"}
    assert lake.ids(before) == {"1", "2"}
    newest = lake.version()
    with lake.reading() as connection:  # rows, relations and state are one snapshot
        states = "SELECT state FROM sync.state AT (VERSION => {})"
        for version in range(before, newest + 1):
            rows = connection.execute(f"SELECT id FROM raw.tax_categories AT (VERSION => {version})").fetchall()
            assert sorted(rows) in ([("1",), ("2",)], [("3",)])
            assert len(connection.execute(states.format(version)).fetchall()) == 1


@needs_lake
@pytest.mark.parametrize("entry", ["TABLE zones AS SELECT 1 AS number", "SCHEMA theirs", "MACRO twice(x) AS 2 * x"])
def test_a_database_that_is_no_lake_is_refused_and_left_alone(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "other.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE {entry}")
    content = path.read_bytes()
    for opening in ("open", "open_read_only"):
        with pytest.raises(DestinationError, match="is a DuckDB file, but no lake"):
            getattr(open_destination(f"ducklake:{path}"), opening)()
    assert path.read_bytes() == content


@needs_lake
def test_a_file_in_which_a_run_was_killed_before_it_made_the_lake_is_taken(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "shop.ducklake"))
    duckdb.connect(lake.target).close()
    reader: Any = open_destination(lake.spec)
    assert reader.open_read_only() == {}
    reader.close()
    fill(lake)
    assert lake.ids() == {"1", "2"}


@needs_lake
def test_data_that_are_elsewhere_than_was_said_are_not_written(lake: Lake, tmp_path: Path) -> None:
    destination = open_destination(lake.spec)
    destination.open()
    destination.close()
    address = lake.spec.partition("?")[0]
    (tmp_path / "others").mkdir()
    with pytest.raises(DestinationError, match="are elsewhere than data_path says"):
        open_destination(f"{address}?data_path={tmp_path}/others").open()
    again = open_destination(address)
    assert again.open() == {}
    again.close()


@needs_lake
def test_the_folder_of_the_data_may_be_named_in_any_way(lake: Lake, tmp_path: Path) -> None:
    fill(lake)
    (data,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (tmp_path / "a link").symlink_to(data)
    for name in (f"{tmp_path}/a link/", f"{tmp_path}/./{data.name}/../{data.name}"):
        again: Any = open_destination(f"{lake.spec.partition('?')[0]}?data_path={name}")
        for opening in (again.open, again.open_read_only):
            assert opening()[STREAM.name].cursor == CURSOR
            again.close()


@needs_lake
def test_a_lake_whose_data_are_not_here_is_neither_read_nor_written(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    destination = open_destination(f"ducklake:{tmp_path}/old/shop.ducklake")
    destination.open()
    destination.write(deliver([{"id": str(number), "version": 1} for number in range(50)]))
    destination.close()
    for file in list((tmp_path / "old").iterdir()):
        file.rename(tmp_path / "new" / file.name)
    moved, catalogue = Lake(f"{tmp_path}/new/shop.ducklake"), tmp_path / "new" / "shop.ducklake"
    content = catalogue.read_bytes()
    for opening in ("open", "open_read_only"):
        with pytest.raises(DestinationError, match=r"in the folder .*/old/shop\.ducklake\.files/, which is not here"):
            getattr(open_destination(moved.spec), opening)()
    assert catalogue.read_bytes() == content
    with duckdb.connect(str(catalogue)) as connection:
        path = string(f"{catalogue}.files/")
        connection.execute(f"UPDATE ducklake_metadata SET value = {path} WHERE key = 'data_path'")
    again = open_destination(moved.spec)
    assert again.open()[STREAM.name].cursor == CURSOR
    again.close()
    assert len(moved.ids()) == 50


@needs_lake
def test_a_lake_that_lacks_a_file_is_not_written_until_it_is_back_or_its_table_is_dropped(tmp_path: Path) -> None:
    lake = Lake(f"{tmp_path}/it's a shop.ducklake")
    destination = open_destination(lake.spec)
    destination.open()
    destination.write(deliver([{"id": str(number), "version": 1} for number in range(50)]))
    destination.close()
    (file,) = (path for path in tmp_path.rglob("*.parquet") if STREAM.name in str(path))
    file.rename(tmp_path / "away")
    with pytest.raises(
        DestinationError, match=rf"{file.name} is missing, .* with records of {STREAM.name}; put it back"
    ):
        open_destination(lake.spec).open()
    (tmp_path / "away").rename(file)
    again = open_destination(lake.spec)
    assert again.open()[STREAM.name].cursor == CURSOR
    again.close()
    file.unlink()
    with lake.reading() as connection:
        connection.execute(f"DROP TABLE raw.{STREAM.name}")
    assert again.open() == {}
    again.write(deliver([{"id": "1", "version": 1}]))
    again.close()
    assert lake.ids() == {"1"}


@needs_lake
@pytest.mark.parametrize("data", ["file", "file/below"])
def test_data_in_a_file_are_refused_before_a_catalogue_is_made(tmp_path: Path, data: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DestinationError, match="/file is no folder; name one for the data"):
        open_destination(f"ducklake:{tmp_path}/shop.ducklake?data_path={tmp_path}/{data}").open()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@needs_lake
@pytest.mark.parametrize("theirs", ["raw/orders/part.parquet", "other/deep/data.parquet"])
def test_a_new_lake_takes_no_folder_that_has_files_of_others(tmp_path: Path, theirs: str) -> None:
    """Its upkeep would remove them: those of another lake, of a Parquet folder below, of anybody."""
    file = tmp_path / "data" / theirs
    file.parent.mkdir(parents=True)
    file.write_text("of somebody else")
    with pytest.raises(DestinationError, match=f"has {file} already; a lake needs a folder of its own"):
        open_destination(f"ducklake:{tmp_path}/shop.ducklake?data_path={tmp_path}/data").open()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file]


@needs_lake
@pytest.mark.parametrize("version", ["0.3", "9.0"])
def test_a_lake_of_another_format_is_refused_and_left_alone(tmp_path: Path, version: str) -> None:
    lake = Lake(str(tmp_path / "shop.ducklake"))
    destination = open_destination(lake.spec)
    destination.open()
    destination.close()
    with duckdb.connect(lake.target) as connection:
        connection.execute(f"UPDATE ducklake_metadata SET value = '{version}' WHERE key = 'version'")
    content = Path(lake.target).read_bytes()
    with pytest.raises(DestinationError, match=f"has the format {version} of DuckLake, and .* here writes [0-9.]+; "):
        open_destination(lake.spec).open()
    assert Path(lake.target).read_bytes() == content


CHILD = """
import sys
from commercetools_source.catalog.timestamps import shift
from commercetools_source.destinations import open_destination
from commercetools_source.extract.checkpoint import StreamState
from destinations.conformance import deliver
from commercetools_source.extract.delivery import Phase

destination = open_destination(sys.argv[1])
destination.open()
for number in range(100_000):
    record = {"id": str(number), "version": 1, "name": "x" * 1000}
    state = StreamState(cursor=shift("2024-01-01T00:00:00.000Z", number))
    destination.write(deliver([record], Phase.MERGE_LAST, state=state))
    print(number, flush=True)
"""


@contextmanager
def writer(spec: str) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, spec]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        yield process
        process.kill()


@needs_lake
@pytest.mark.parametrize("deliveries", [1, 4, 9])
def test_a_killed_process_leaves_rows_and_state_of_the_same_delivery(lake: Lake, deliveries: int) -> None:
    with writer(lake.spec) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(deliveries)][-1]
        with pytest.raises(InUseError, match="in use by"):
            open_destination(lake.spec).open()
        process.send_signal(signal.SIGKILL)
        process.wait()
    destination = open_destination(lake.spec)
    cursor = destination.open()[STREAM.name].cursor
    last = int((moment(cursor or "") - moment("2024-01-01T00:00:00.000Z")).total_seconds())
    assert last >= told
    destination.write(deliver([{"id": "more", "version": 1}], Phase.MERGE_LAST))
    destination.close()
    assert lake.ids() == {"more", *(str(number) for number in range(last + 1))}


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox() as sandbox, Client(sandbox.settings()) as client:
        sandbox.clock.advance(3600)  # however long a run takes, the next one finds nothing that was not settled
        yield client


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = current_database()"
        " AND schema_name = 'raw' UNION ALL SELECT 'main.' || view_name FROM duckdb_views()"
        " WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal"
    ).fetchall()
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for (name,) in names}


@needs_lake
def test_the_whole_shop_is_the_same_as_in_a_duckdb_file(lake: Lake, shop: Client, tmp_path: Path) -> None:
    assert not [outcome.error for outcome in sync(shop, lake.spec).outcomes if outcome.error]
    sync(shop, tmp_path / "shop.duckdb")
    with duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as file, lake.reading() as connection:
        expected = counts(file)
        assert len(expected) > 300
        assert counts(connection) == expected
        for name in ("orders", "order_line_items", "raw.customers"):
            rows = f"SELECT * {'EXCLUDE (_synced_at)' if 'raw' in name else ''} FROM {name} ORDER BY ALL"
            assert connection.execute(rows).fetchall() == file.execute(rows).fetchall()
    version = lake.version()
    again = sync(shop, lake.spec)
    assert not [
        (outcome.stream, outcome.records) for outcome in again.outcomes if outcome.records and outcome.mode != "full"
    ]
    # The run as it begins, and as it ends with the states of all streams: no snapshot for each that has nothing new.
    assert lake.version() == version + 2
    with lake.reading() as connection:
        moments = "SELECT count(*), count(DISTINCT updated_at) FROM sync.state"
        assert connection.execute(moments).fetchall() == [(len(again.outcomes), 1)]


@needs_lake
def test_the_upkeep_of_the_page_leaves_the_newest_rows_and_lets_runs_go_on(lake: Lake, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "ducklake.md").read_text(encoding="utf-8")
    _, upkeep = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    statements = re.sub(r"--.*|INTERVAL \d+ DAY", lambda found: "" if "--" in found[0] else "INTERVAL 0 DAY", upkeep)
    attaching, *calls = statements.strip().rstrip(";").split(";")
    assert len(calls) == 5
    destination = open_destination(lake.spec)
    destination.open()
    for number in range(30):
        records = [{"id": f"{number}-{index}", "version": 1, "name": "n"} for index in range(20)]
        destination.write(deliver(records, Phase.FULL_ONLY if number == 0 else Phase.MERGE_LAST))
    destination.write(deliver([{"id": "0-0", "version": 2}], Phase.MERGE_LAST))
    destination.close()
    ids, files, versions = lake.ids(), len(list(tmp_path.rglob("*.parquet"))), lake.version()
    with lake.reading() as connection:
        connection.execute("USE memory")
        connection.execute("DETACH lake")
        connection.execute(attaching.replace("shop.ducklake", lake.target))
        for call in calls:
            connection.execute(call).to_arrow_table()
    assert lake.ids() == ids
    assert len(ids) == 600
    assert 0 < len(list(tmp_path.rglob("*.parquet"))) < files
    with lake.reading() as connection:
        assert connection.execute("SELECT count(*) FROM snapshots()").fetchall()[0][0] < versions
    destination = open_destination(lake.spec)
    assert destination.open()[STREAM.name].cursor == CURSOR
    destination.write(
        deliver([{"id": "0-1", "version": 2, "name": "newer"}, {"id": "x", "version": 1}], Phase.MERGE_LAST)
    )
    destination.close()
    assert lake.ids() == ids | {"x"}


@needs_lake
def test_relations_that_are_tables_follow_their_records(lake: Lake, shop: Client) -> None:
    sync(shop, open_destination(lake.spec, materialize=True), streams=["orders"])
    with lake.reading() as connection:
        name = connection.execute("SELECT id FROM raw.orders LIMIT 1").fetchall()[0][0]
        total = connection.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    destination: Any = open_destination(lake.spec)
    destination.open()
    assert destination.remove(STREAM, {}) == 0
    assert destination.mark_deleted(STREAM, {}) == 0
    assert destination.mark_deleted(STREAMS["orders"], {name: CURSOR}) == 1
    destination.close()
    with lake.reading() as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchall() == [(total - 1,)]
        assert connection.execute(f"SELECT count(*) FROM order_line_items WHERE orderId = '{name}'").fetchall() == [
            (0,)
        ]


@needs_lake
def test_a_forgotten_person_is_in_no_file_once_older_snapshots_are_expired(shop: Client, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "shop.ducklake"))
    sync(shop, lake.spec, streams=["customers"])
    with lake.reading() as connection:
        ((customer, email),) = connection.execute("SELECT id, email FROM raw.customers LIMIT 1").fetchall()
    forgotten = forget(lake.spec, customer)
    assert forgotten.left == tuple(text for text in forgotten.left if "older snapshots have" in text)
    assert len(forgotten.left) == 1
    assert holding(tmp_path, email)
    with lake.reading() as connection:
        for call in re.findall(r"CALL ([^;,]*\([^)]*\)[^,;]*\)|[^;,]*\([^)]*\))", forgotten.left[0]):
            connection.execute(f"CALL {call}")
        assert connection.execute(f"SELECT count(*) FROM raw.customers WHERE id = '{customer}'").fetchall() == [(1,)]
    assert not holding(tmp_path, email)
    assert sync(shop, lake.spec, streams=["customers"], full=True).outcomes[0].error is None
    assert not holding(tmp_path, email)


@needs_lake
def test_a_run_that_takes_old_rows_out_says_that_older_snapshots_have_them(shop: Client, tmp_path: Path) -> None:
    spec = f"ducklake:{tmp_path}/shop.ducklake"
    sync(shop, spec, streams=["orders"])
    told: list[Any] = []
    first, again = (sync(shop, spec, streams=["orders"], retain={"orders": "300d"}, hook=told.append) for _ in range(2))
    assert first.expired
    assert not again.expired
    (notice,) = (event.message() for event in told if isinstance(event, Notice) and event.about == "retain")
    assert notice.startswith("retain: rows that were taken out may still be elsewhere: ")
    assert "CALL ducklake_expire_snapshots" in notice


@needs_lake
def test_a_forgotten_person_is_in_no_statistics_of_a_lake_either(lake: Lake) -> None:
    with Sandbox(rows=rows()) as sandbox:
        sandbox.clock.advance(3600)
        with Client(sandbox.settings()) as client:
            assert sync(client, lake.spec, streams=["customers", "orders"]).complete
    # All orders are theirs, so that their address is the least and the greatest one.
    assert told_by_statistics(lake, EMAIL)
    forget(lake.spec, PERSON)
    with lake.reading() as connection:
        connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
        assert connection.execute("SELECT count(*), count(customerEmail) FROM raw.orders").fetchall() == [(15, 0)]
    assert not told_by_statistics(lake, EMAIL)


def told_by_statistics(lake: Lake, text: str) -> bool:
    """Return whether the least or greatest value of a column has a text, in all of a lake or in one of its files."""
    with lake.reading() as connection:
        tables = [f"__ducklake_metadata_lake.ducklake_{kind}_column_stats" for kind in ("table", "file")]
        return any(text in str(connection.execute(f"FROM {table}").fetchall()) for table in tables)


def holding(folder: Path, text: str) -> list[Path]:
    """Return the data files that have a text."""
    with duckdb.connect() as connection:
        query = "SELECT count(*) FROM read_parquet({}) AS file WHERE contains(to_json(file)::VARCHAR, {})"
        return [
            path
            for path in folder.rglob("*.parquet")
            if "-delete" not in path.name
            and connection.execute(query.format(string(str(path)), string(text))).fetchall() != [(0,)]
        ]


@needs_lake
@pytest.mark.skipif(find_spec("moto") is None, reason="moto comes with `make acceptance`")
def test_data_in_a_bucket_come_back(url: str, tmp_path: Path) -> None:
    if lacks := lacking_extension("httpfs"):
        pytest.skip(lacks)
    spec = f"ducklake:{tmp_path}/shop.ducklake?data_path={url}"
    destination = open_destination(spec)
    destination.open()
    records = [{"id": f"{number:03}", "version": 1, "name": "n"} for number in range(100)]
    destination.write(deliver(records))
    destination.close()
    assert [path.name for path in tmp_path.iterdir()] == ["shop.ducklake"]
    again: Any = open_destination(spec)
    again.open_read_only()
    with closing(again), again.querying() as connection:
        assert connection.execute("SELECT count(*), min(id) FROM tax_categories").fetchall() == [(100, "000")]


@needs_lake
def test_wrong_keys_of_a_bucket_are_a_sentence_without_them(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacks := lacking_extension("httpfs"):
        pytest.skip(lacks)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    destination = open_destination(f"ducklake:{tmp_path}/shop.ducklake?data_path={url}")
    destination.open()
    with pytest.raises(CommercetoolsError, match="cannot write tax_categories") as error:
        destination.write(deliver([{"id": str(number), "version": 1} for number in range(100)]))
    assert "SECRET" not in str(error.value)
    destination.close()


def test_a_duckdb_file_is_no_lake() -> None:
    assert isinstance(open_destination("lake.duckdb"), DuckDB)
