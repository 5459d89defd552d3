"""A run into a DuckDB file, in virtual time, with something between it and the platform; and what the file then has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sync.run import Summary, sync
from patience import Jumps

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.events import Event
    from middle import Middle


def run(
    middle: Middle, path: Path, streams: list[str], events: list[Event] | None = None, **settings: object
) -> Summary:
    hook = (events if events is not None else []).append
    given = middle.settings(retry_seconds=2, **settings)
    with Client(given, timing=Jumps().timing, hook=hook) as client:
        return sync(client, open_destination(str(path)), streams=streams, hook=hook)


def counts(path: Path, streams: list[str]) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: connection.sql(f"SELECT count(*) FROM raw.{name}").fetchall()[0][0] for name in streams}
