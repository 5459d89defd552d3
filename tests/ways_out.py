"""Each way by which data leave: what is in its files, on its lines and in its reports, as one text to search.

A new way out is a row of WAYS: a function that lets everything of a shop out by it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from commercetools_source import partitions, read_partition
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.config.settings import SETTINGS
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.jsonl import Jsonl
from commercetools_source.destinations.parquet.folder import Parquet
from commercetools_source.sync import sync
from destinations.conformance import bucket, copied, lake_reading
from frontends.conformance import FRONT_ENDS
from marks import stored_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from commercetools_source.sandbox import Sandbox

__all__ = ["FEW", "WAYS", "Ground", "Way", "left_in", "place_of"]


@dataclass(frozen=True)
class Ground:
    """Where a way out is tried: the shop, the settings of who reads it, and a folder that is empty."""

    shop: Sandbox
    settings: Mapping[str, Any]
    folder: Path
    streams: Sequence[str]
    monkeypatch: pytest.MonkeyPatch

    def command(self, *arguments: str) -> str:
        """Return what the command prints, for people and in its log; it must succeed."""
        for name, value in self.settings.items():
            self.monkeypatch.setenv(SETTINGS[name].variable, str(value))
        out, errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors):
            status = run(list(arguments))
        out.flush()
        printed = out.buffer.getvalue().decode() + errors.getvalue()  # type: ignore[attr-defined]
        assert status == 0, printed[-2_000:]
        return printed


@dataclass(frozen=True)
class Way:
    """One way out; `spec` where it leaves rows that can be forgotten, as `place_of` takes it.

    `needs` the module that it is tried with. `left`: words of what `forget` says that it cannot erase, and `clean`
    does what it advises.

    Outside `make acceptance` only FEW streams are let out where it `is_costly`, and nothing where it `is_slow`.
    """

    take: Callable[[Ground], str]
    spec: str = ""
    needs: str = "commercetools_source"
    is_costly: bool = False
    is_slow: bool = False
    left: str = ""
    clean: Callable[[Path], None] | None = None

    @property
    def streams(self) -> Sequence[str]:
        """Return the names of the streams to let out."""
        return FEW if self.is_costly and not os.environ.get("ACCEPTANCE") else tuple(STREAMS)


FEW = ("business_units", "change_history", "channels", "customers", "messages", "orders", "reviews")


_BUCKET = "in memory"


def place_of(spec: str, folder: Path, **given: Any) -> Any:
    """Return the destination that a way's `spec` names; in place of `{}` stands the folder."""
    kind, _, path = spec.partition(":")
    if path == _BUCKET:
        return {"parquet": Parquet, "jsonl": Jsonl}[kind](bucket(folder, kind), **given)
    return open_destination(spec.format(folder), **given)


def left_in(spec: str, folder: Path) -> str:
    """Return all that a way has left in the folder, or in its bucket, as text."""
    kind, _, path = spec.partition(":")
    if path == _BUCKET:
        shutil.rmtree(folder / "objects", ignore_errors=True)
        copied(folder, folder / "objects", kind)
    return stored_text(folder)


def _expire(folder: Path) -> None:
    """Remove the older snapshots of a lake and copy its catalogue, as `forget` says."""
    with lake_reading(folder / "shop.ducklake", writes=True) as connection:
        connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
        connection.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{folder}/shop.ducklake' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{folder}/copy.ducklake' AS copy")
        connection.execute("COPY FROM DATABASE old TO copy")
    (folder / "copy.ducklake").replace(folder / "shop.ducklake")


def _stored(spec: str, **given: Any) -> Callable[[Ground], str]:
    """Return a run from Python, with the events and all lines of its log."""

    def take(ground: Ground) -> str:
        events: list[Any] = []
        lines = io.StringIO()
        handler = logging.StreamHandler(lines)
        logging.getLogger().addHandler(handler)
        ground.monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
        try:
            with Client(dict(ground.settings), hook=events.append) as client:
                destination = place_of(spec, ground.folder, **given)
                summary = sync(client, destination, streams=ground.streams, hook=events.append)
        finally:
            logging.getLogger().removeHandler(handler)
        assert summary.complete, summary
        told = [f"{event!r} {event.message()}" for event in events]
        return "\n".join([left_in(spec, ground.folder), repr(summary), lines.getvalue(), *told])

    return take


def _tables(ground: Ground) -> str:
    """Return a DuckDB file with tables and earlier rows, its page, figures, runs and state, and what was printed."""
    folder, path = ground.folder, str(ground.folder / "shop.duckdb")
    chosen = ["-d", path, "--streams", ",".join(ground.streams), "--metrics", str(folder / "figures.prom")]
    kept = ["--materialize", "--history", "customers,orders"]
    said = ground.command("sync", *chosen, *kept, "--verbose", "--log-format", "json")
    for name in ("customers", "orders"):
        for record in ground.shop.records(name):
            ground.shop.update(name, record["id"], {"locale": "de"})
    ground.shop.clock.advance(3600)
    said += ground.command("sync", *chosen, "--json", "--report", str(folder / "page.html"))
    said += ground.command("report", "-d", path, "-o", str(folder / "rows.html"), "--unmasked")
    for command in (["runs"], ["state", "show"], ["verify"]):
        said += ground.command(*command, "-d", path, "--json")
    return said + stored_text(folder)


def _python(ground: Ground) -> str:
    """Return all records, and the frames of some, as Python's users get them."""
    with Client(dict(ground.settings)) as client:
        values: list[Any] = [list(client.records(name)) for name in STREAMS]
        values += [client.arrow(name).read_all().to_pylist() for name in FEW]
        values += [client.polars("customers").to_dicts(), pa.Table.from_pandas(client.pandas("customers")).to_pylist()]
    return json.dumps(values, default=str)


def _spark(ground: Ground) -> str:
    settings = dict(ground.settings)
    pieces = [piece for name in ground.streams for piece in partitions(name, settings)]
    batches = [batch for piece in pieces for batch in read_partition(piece, settings)]
    return json.dumps([batch.to_pylist() for batch in batches], default=str)


def _front_end(name: str) -> Callable[[Ground], str]:
    def take(ground: Ground) -> str:
        done = FRONT_ENDS[name].run(dict(ground.settings), ground.streams)
        assert done.complete, done.text[-2_000:]
        return json.dumps([done.records, done.gone, done.state, done.text], default=str)

    return take


WAYS: dict[str, Way] = {
    "DuckDB": Way(_stored("duckdb:{}/shop.duckdb"), "duckdb:{}/shop.duckdb", is_slow=True),
    "DuckDB, tables, earlier rows, pages": Way(_tables, "duckdb:{}/shop.duckdb", is_costly=True),
    "Parquet": Way(_stored("parquet:{}/shop"), "parquet:{}/shop", is_costly=True),
    "Parquet, tables": Way(_stored("parquet:{}/shop", materialize=True), "parquet:{}/shop", is_slow=True),
    "JSON lines": Way(_stored("jsonl:{}/shop"), "jsonl:{}/shop"),
    "Parquet in a bucket": Way(
        _stored(f"parquet:{_BUCKET}", materialize=True),
        f"parquet:{_BUCKET}",
        needs="obstore",
        is_costly=True,
    ),
    "JSON lines in a bucket": Way(_stored(f"jsonl:{_BUCKET}"), f"jsonl:{_BUCKET}", needs="obstore"),
    "DuckLake": Way(
        _stored("ducklake:{}/shop.ducklake"),
        "ducklake:{}/shop.ducklake",
        needs="duckdb_extension_ducklake",
        is_costly=True,
        left="older snapshots",
        clean=_expire,
    ),
    "Python": Way(_python),
    "Spark": Way(_spark, is_costly=True),
    **{
        name: Way(_front_end(name), needs=row.needs, is_costly=name != "airbyte")
        for name, row in FRONT_ENDS.items()
        if name != "dummy"
    },
}
