"""Lakes for tests, with their catalogue in a file or in PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
import select
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pytest

from commercetools_source.destinations import open_destination
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.model.quoting import string
from destinations.conformance import deliver, lacking_extension

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


class Line:
    """What lies between a run and a server: it breaks with all its connections at what is sent as number `last`.

    It is a process of its own, as DuckDB keeps the interpreter to itself while it waits for some answers.
    """

    def __init__(self, host: str, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.sent, self._last = context.Value("i", 0), context.Value("i", 1_000_000)
        arguments = (listening, (host, port), self.sent, self._last)
        self._process = context.Process(target=_hand_on, args=arguments, daemon=True)
        self._process.start()
        listening.close()

    def mend(self, last: int) -> None:
        self._last.value, self.sent.value = last, 0

    def close(self) -> None:
        self._process.kill()


def _hand_on(listening: socket.socket, server: tuple[str, int], sent: Any, last: Any) -> None:
    ends: dict[socket.socket, socket.socket] = {}  # of each client the server's, and the other way round
    clients: set[socket.socket] = set()

    def cut(*broken: socket.socket) -> None:
        for end in broken:
            clients.discard(end)
            ends.pop(end, None)
            end.close()

    while True:
        for ready in select.select([listening, *ends], [], [])[0]:
            if ready is listening:
                client, target = listening.accept()[0], socket.create_connection(server)
                clients.add(client)
                ends.update({client: target, target: client})
            elif ready in ends:
                try:
                    data = ready.recv(65536)
                except OSError:
                    data = b""
                sent.value += ready in clients
                if not data:
                    cut(ready, ends[ready])
                elif sent.value > last.value:
                    cut(*ends)
                else:
                    ends[ready].sendall(data)
