"""Signals and interruptions while a DuckDB file is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from commercetools_source.destinations.duckdb.attachment import DatabaseFile
from commercetools_source.destinations.duckdb.database import Database
from commercetools_source.destinations.duckdb.failures import raising_interrupts
from commercetools_source.destinations.interruptible import Interruptible
from commercetools_source.frontends.signals import stopping
from destinations.duckdb_files import rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_during_a_query_ends_with_its_status_and_stores_nothing(path: Path, number: int) -> None:
    database = Database(DatabaseFile(path), lambda: None)
    with pytest.raises(SystemExit) as end, stopping(), raising_interrupts(), database.transaction():  # noqa: PT012
        database.execute("CREATE TABLE half (a INT)")
        try:
            signal.raise_signal(number)
        except SystemExit:
            raise RuntimeError("Query interrupted") from None  # as DuckDB's client does when a handler raises
    database.close("300MB")
    assert end.value.code == 128 + number
    assert rows(path, "SHOW TABLES") == []


@pytest.mark.parametrize(("way", "most"), [("database", 1_000_000), ("connection", 100_000)])
def test_interruptions_that_go_on_do_not_end_what_takes_a_transaction_back(path: Path, way: str, most: int) -> None:
    database = Database(DatabaseFile(path), lambda: None)
    database.catalogue.create_table("whole", {"a": "INTEGER"})
    # Those that were on their way reach the connection itself: some, and not one after the other without an end.
    interrupt = database.interrupt if way == "database" else database.connection.interrupt
    for _ in range(30):
        ended = threading.Event()

        def disturb(ended: threading.Event = ended) -> None:
            for _ in range(most):
                if ended.is_set():
                    break
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


@pytest.mark.parametrize("signals", [1, 4])
def test_a_signal_at_any_moment_leaves_no_operation_behind(signals: int) -> None:
    """Such as while its thread is being started, or while it is waited for: whoever closes the file would meet it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for _ in range(50):
            interrupted, ended = threading.Event(), threading.Event()

            def operation(interrupted: threading.Event = interrupted, ended: threading.Event = ended) -> None:
                for _ in range(signals):
                    os.kill(os.getpid(), signal.SIGINT)
                interrupted.wait(60)
                ended.set()

            with pytest.raises(KeyboardInterrupt):
                Interruptible(interrupted.set).run(operation)
            assert ended.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


LONG = """
import sys
from pathlib import Path
from commercetools_source.destinations import DuckDB
from commercetools_source.frontends.signals import stopping

class Long(DuckDB):
    def write(self, delivery):
        self._interruptible.run(self._long)

    def _long(self):
        database = self._session.opened.database
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
        try:
            _, errors = child.communicate(timeout=30)
        finally:
            child.kill()  # else one that does not end is waited for without end
    assert child.returncode == 128 + number
    assert said + errors == "\nstopping; what was read is kept (once more to stop at once)\n"
    assert rows(path, "SHOW TABLES") == []
