"""A lake where DuckLake is: snapshots, killed runs, PostgreSQL and a bucket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment, shift
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB, open_destination
from commercetools_source.destinations.ducklake.attachment import LakeInFile
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.errors import CommercetoolsError, DestinationError, InUseError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.model.quoting import string
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.forget import forget
from destinations.conformance import STREAM, deliver, lacking_extension
from destinations.deliveries import CURSOR
from marked_shop import EMAIL, PERSON, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

LACKS = lacking_extension("ducklake")
needs_lake = pytest.mark.skipif(bool(LACKS), reason=LACKS)
POSTGRES = os.environ.get("LAKE_POSTGRES", "")
"""The URL of a server in which each test makes a database."""
OLD = [{"id": "1", "version": 1, "name": "old"}, {"id": "2", "version": 2, "name": "old"}]


class Lake:
    """A lake of this test alone: what names it as a destination, and what DuckDB attaches."""

    def __init__(self, catalogue: str, data: str = "") -> None:
        self.spec = f"ducklake:{catalogue}" + (f"?data_path={data}" if data else "")
        self.target = f"postgres:{catalogue}" if "://" in catalogue else catalogue

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection of DuckDB alone to the lake, its current database."""
        with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
            for extension in ["postgres_scanner"] * ("://" in self.target) + ["ducklake", "httpfs"]:
                load(connection, extension, "the test")
            connection.execute(f"ATTACH {string(f'ducklake:{self.target}')} AS lake")
            connection.execute("USE lake")
            yield connection

    def ids(self, version: int | None = None) -> set[str]:
        at = "" if version is None else f" AT (VERSION => {version})"
        with self.reading() as connection:
            return {name for (name,) in connection.execute(f"SELECT id FROM tax_categories{at}").fetchall()}

    def version(self) -> int:
        with self.reading() as connection:
            ((version,),) = connection.execute("SELECT max(snapshot_id) FROM snapshots()").fetchall()
            return int(version)


def fill(lake: Lake) -> None:
    """Store rows in a lake, and end the run."""
    destination = open_destination(lake.spec)
    destination.open()
    destination.write(deliver(OLD))
    destination.close()


@contextmanager
def server() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with the server of PostgreSQL attached as `server`."""
    with duckdb.connect() as connection:
        load(connection, "postgres_scanner", "the test")
        connection.execute(f"ATTACH {string(POSTGRES)} AS server (TYPE postgres)")
        yield connection


@pytest.fixture
def postgres(tmp_path: Path) -> Lake:
    if not POSTGRES:
        pytest.skip("LAKE_POSTGRES names no server of PostgreSQL")
    name = f"lake_{uuid4().hex}"
    with server() as connection:
        connection.execute(f"CALL postgres_execute('server', 'CREATE DATABASE {name}', use_transaction => false)")
    return Lake(urlsplit(POSTGRES)._replace(path=f"/{name}").geturl(), str(tmp_path / "data+more"))


@pytest.fixture(params=["file", "postgres"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "postgres":
        made: Lake = request.getfixturevalue("postgres")
        return made
    return Lake(str(tmp_path / "shop.ducklake"))


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
def test_a_database_that_is_no_lake_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE zones AS SELECT 1 AS number")
    content = path.read_bytes()
    for opening in ("open", "open_read_only"):
        with pytest.raises(DestinationError, match="is a DuckDB file, but no lake"):
            getattr(open_destination(f"ducklake:{path}"), opening)()
    assert path.read_bytes() == content


@needs_lake
def test_data_that_are_elsewhere_than_was_said_are_not_written(lake: Lake, tmp_path: Path) -> None:
    destination = open_destination(lake.spec)
    destination.open()
    destination.close()
    address = lake.spec.partition("?")[0]
    with pytest.raises(DestinationError, match="are elsewhere than data_path says"):
        open_destination(f"{address}?data_path={tmp_path}/others").open()
    again = open_destination(address)
    assert again.open() == {}
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


HOLDERS = "SELECT DISTINCT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = ''advisory''"
ALL = "SELECT DISTINCT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE ''lake!_%'' ESCAPE ''!''"


@needs_lake
@pytest.mark.parametrize("query", [HOLDERS, ALL], ids=["the lock", "every connection"])
def test_a_run_that_loses_its_lock_stores_nothing_more(postgres: Lake, query: str) -> None:
    destination = open_destination(postgres.spec)
    destination.open()
    destination.write(deliver(OLD))
    with server() as connection:
        assert connection.execute(f"FROM postgres_query('server', '{query}')").fetchall() == [(True,)]
    with pytest.raises(DestinationError, match="that keeps other runs out is lost"):
        destination.write(deliver([{"id": "3", "version": 1}], Phase.MERGE_LAST))
    second = open_destination(postgres.spec)
    assert second.open()[STREAM.name].cursor == CURSOR
    destination.close()
    second.close()
    assert postgres.ids() == {"1", "2"}


GRANTS = "GRANT USAGE ON SCHEMA public TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}"


@needs_lake
def test_a_role_that_may_only_read_reads_and_is_told_before_it_writes(postgres: Lake) -> None:
    fill(postgres)
    role, url = f"reader_{uuid4().hex}", urlsplit(postgres.spec.removeprefix("ducklake:"))
    with duckdb.connect() as connection:
        load(connection, "postgres_scanner", "the test")
        connection.execute(f"ATTACH {string(url._replace(query='').geturl())} AS lake (TYPE postgres)")
        for statement in (f"CREATE ROLE {role} LOGIN PASSWORD ''SECRET''", GRANTS.format(role)):
            connection.execute(f"CALL postgres_execute('lake', '{statement}')")
    host = url.netloc.rpartition("@")[2]
    spec = f"ducklake:{url._replace(netloc=f'{role}:SECRET@{host}').geturl()}"
    version = postgres.version()
    for _ in range(2):
        with pytest.raises(DestinationError, match="cannot be written: this role may only read tables") as error:
            open_destination(spec).open()
        assert "SECRET" not in str(error.value)
        reader: Any = open_destination(spec)
        assert reader.open_read_only()[STREAM.name].cursor == CURSOR
        reader.close()
    assert postgres.version() == version


@needs_lake
def test_a_database_that_only_lets_itself_be_read_is_told_of_before_anything_is_written(postgres: Lake) -> None:
    fill(postgres)
    name = urlsplit(postgres.spec.removeprefix("ducklake:")).path.removeprefix("/")
    setting = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
    with server() as connection:
        connection.execute(f"CALL postgres_execute('server', '{setting}')")
    with pytest.raises(DestinationError, match="cannot be written: this server or database only lets itself be read"):
        open_destination(postgres.spec).open()
    assert open_destination(postgres.spec).open_read_only()[STREAM.name].cursor == CURSOR


COMMIT = (
    "TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction.\n"
    "Failed to flush changes into DuckLake: {}"
)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (
            'Failed to execute query "INSERT INTO x VALUES (\'{"a": "ann@x.example"}\')": ERROR:  no space left\n',
            "ERROR:  no space left",
        ),
        ("IO Error: Could not write file: no space left", "IO Error: Could not write file: no space left"),
        ('Failed to execute query "INSERT INTO x VALUES (\'{"a": "ann@x.example"}\')', "Failed to commit"),
    ],
)
def test_a_commit_that_fails_gives_its_reason_and_no_row(reason: str, shown: str) -> None:
    error = duckdb.Error(COMMIT.replace("{}", reason))
    message = LakeInFile(Path("shop.ducklake")).message(error)
    assert shown in message
    assert message.isprintable()
    assert "ann@" not in message + str(error)  # which is the cause of ours


@needs_lake
def test_no_error_of_postgresql_shows_a_password(postgres: Lake) -> None:
    url = urlsplit(postgres.spec.removeprefix("ducklake:"))
    closed = url._replace(netloc="ann:SECRET@127.0.0.1:1").geturl()
    absent = url._replace(netloc=f"postgres:SECRET@{url.netloc.rpartition('@')[2]}", path="/absent").geturl()
    for address, reason in ((closed, "Connection refused"), (absent, "does not exist|authentication failed")):
        with pytest.raises(DestinationError, match=reason) as error:
            open_destination(f"ducklake:{address}").open()
        cause: BaseException | None = error.value
        while cause is not None:
            assert "SECRET" not in str(cause)
            cause = cause.__cause__ or cause.__context__


@needs_lake
def test_where_there_is_no_lake_in_postgresql_nothing_is_stored_and_none_is_made_to_read(postgres: Lake) -> None:
    destination: Any = open_destination(postgres.spec)
    assert destination.open_read_only() == {}
    assert list(destination.runs(9)) == []
    destination.close()
    with pytest.raises(DestinationError, match=r"is new, and its data need a folder: add \?data_path="):
        open_destination(postgres.spec.partition("?")[0]).open()


@pytest.fixture(scope="module")
def shop() -> Iterator[Client]:
    with Sandbox() as sandbox, Client(sandbox.settings()) as client:
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
    assert sum(outcome.records for outcome in again.outcomes if outcome.mode != "full") == 0
    # The run as it begins, and as it ends with the states of all streams: no snapshot for each that has nothing new.
    assert lake.version() == version + 2
    with lake.reading() as connection:
        moments = "SELECT count(*), count(DISTINCT updated_at) FROM sync.state"
        assert connection.execute(moments).fetchall() == [(len(again.outcomes), 1)]


@needs_lake
@pytest.mark.parametrize("ending", ["close", "reset", "write"])
def test_states_that_come_without_rows_wait_for_the_next_transaction(postgres: Lake, ending: str) -> None:
    destination: Any = open_destination(postgres.spec)
    destination.open()
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "z", "version": 1}], stream="zones"))
    version = postgres.version()
    for seconds in (1, 2):
        destination.write(deliver(phase=Phase.MERGE_LAST, state=StreamState(cursor=shift(CURSOR, seconds))))
    assert postgres.version() == version
    if ending == "reset":
        assert destination.reset(STREAM)
    elif ending == "write":
        destination.write(deliver([{"id": "z", "version": 2}], Phase.MERGE_LAST, stream="zones"))
    destination.close()
    assert postgres.version() == version + 1
    states = destination.open()
    destination.close()
    expected = {"zones": StreamState(cursor=CURSOR), STREAM.name: StreamState(cursor=shift(CURSOR, 2))}
    if ending == "reset":
        del expected[STREAM.name]
    assert states == expected
    assert postgres.ids() == {"1", "2"}


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
    with again.querying() as connection:
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
