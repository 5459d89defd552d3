"""A lake whose catalogue is in PostgreSQL: its lock, roles, lost connections, and what is told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pytest

from commercetools_source.catalog.timestamps import shift
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.ducklake.attachment import LOCK, LakeInFile
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.errors import DestinationError, InUseError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.model.quoting import string
from destinations.conformance import STREAM, deliver
from destinations.deliveries import CURSOR
from destinations.lakes import OLD, Lake, Line, fill, needs_lake, server


@needs_lake
def test_of_two_runs_that_make_a_lake_the_second_is_told_that_it_is_in_use(postgres: Lake) -> None:
    destination = open_destination(postgres.spec)
    with server() as connection:  # where the first run makes the tables, when the second one begins
        url = urlsplit(postgres.spec.removeprefix("ducklake:"))._replace(query="").geturl()
        connection.execute(f"ATTACH {string(url)} AS first (TYPE postgres)")
        connection.execute("BEGIN")
        connection.execute(f"FROM postgres_query('first', 'SELECT pg_try_advisory_xact_lock({LOCK})')")
        with pytest.raises(InUseError, match="in use by another run"):
            destination.open()
        tables = "SELECT count(*) FROM pg_class WHERE starts_with(relname, ''ducklake_'')"
        assert connection.execute(f"FROM postgres_query('first', '{tables}')").fetchall() == [(0,)]


@needs_lake
def test_a_server_that_ends_idle_transactions_leaves_the_lock(postgres: Lake) -> None:
    name = urlsplit(postgres.spec.removeprefix("ducklake:")).path.removeprefix("/")
    with server() as connection:
        setting = f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = 1000"
        connection.execute(f"CALL postgres_execute('server', '{setting}')")
        destination = open_destination(postgres.spec)
        destination.open()
        locks = "pg_locks AS held JOIN pg_database AS base ON held.database = base.oid"
        held = f"SELECT count(*) FROM {locks} WHERE locktype = ''advisory'' AND datname = ''{name}''"
        connection.execute("FROM postgres_query('server', 'SELECT pg_sleep(2)::text')")
        assert connection.execute(f"FROM postgres_query('server', '{held}')").fetchall() == [(1,)]
        destination.close()


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


@needs_lake
def test_wherever_the_server_goes_away_a_run_ends_in_one_sentence_and_the_next_has_all(
    postgres: Lake, request: pytest.FixtureRequest
) -> None:
    url = urlsplit(postgres.spec.removeprefix("ducklake:"))
    line = Line(url.hostname or "", url.port or 5432)
    request.addfinalizer(line.close)
    name = f"postgresql://127.0.0.1:{line.port}{url.path}"
    spec = f"ducklake:{url._replace(netloc=f'postgres:SECRET@127.0.0.1:{line.port}').geturl()}"
    fill(postgres)

    def run(number: int) -> None:
        destination: Any = open_destination(spec)
        try:
            destination.open()
            destination.write(deliver([{"id": f"{number}", "version": 1, "name": 'x": "Zoe'}], Phase.MERGE_LAST))
            destination.mark_deleted(STREAM, {"1": CURSOR})
            destination.runs(1)
        finally:
            destination.close()

    run(0)
    steps = line.sent.value
    assert steps > 40
    told = set()
    numbers = range(1, steps, steps // 12)
    for number in numbers:
        line.mend(number)
        try:
            run(number)
        except DestinationError as error:
            told.add(str(error))
        line.mend(1_000_000)
        run(number)
    assert postgres.ids() >= {str(number) for number in numbers} - {"1"}
    assert len(told) > 2
    for sentence in told:
        assert name in sentence
        assert re.search("server closed the connection|no connection to the server|could not|is lost", sentence), (
            sentence
        )
        assert not re.search("SECRET|SELECT|COPY|unsuccessful query|Zoe|\n", sentence), sentence


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
def test_a_sandbox_over_a_lake_names_it_without_its_password(postgres: Lake) -> None:
    fill(postgres)
    url = urlsplit(postgres.spec.removeprefix("ducklake:"))
    spec = f"ducklake:{url._replace(netloc=f'postgres:SECRET@{url.hostname}:{url.port}').geturl()}"
    command = [sys.executable, "-m", "commercetools_source", "sandbox", "--port", "0", "--from", spec]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    assert f"serves what is stored in postgresql://{url.hostname}:{url.port}{url.path} until Ctrl-C" in line
    assert "SECRET" not in line
