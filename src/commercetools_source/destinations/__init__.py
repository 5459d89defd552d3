"""Where `sync` writes: a DuckDB file, or a folder of Parquet files or JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb.file import DuckDB
from commercetools_source.destinations.jsonl import Jsonl
from commercetools_source.destinations.parquet.folder import Parquet
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.extract.delivery import Destination

__all__ = ["DuckDB", "Jsonl", "Parquet", "open_destination"]

_KINDS: dict[str, tuple[Callable[[Path], Destination], str]] = {  # what makes it, and where if nothing is said
    "duckdb": (DuckDB, "commercetools.duckdb"),
    "parquet": (Parquet, "commercetools-parquet"),
    "jsonl": (Jsonl, "commercetools-jsonl"),
}
_LEGAL = "duckdb, duckdb:FILE, FILE.duckdb, FILE.db, parquet, parquet:FOLDER, jsonl or jsonl:FOLDER"


def open_destination(spec: str, *, materialize: bool | None = None) -> Destination:
    """Return the destination that `spec` names, not yet opened.

    "duckdb" is commercetools.duckdb, "parquet" the folder commercetools-parquet, "jsonl" the folder
    commercetools-jsonl, all where the process runs. With `materialize` relations are written as tables
    too; without, a DuckDB file has views of them; None leaves them as they are. Raises ConfigError for
    anything else than the forms it lists, and where there can be no such tables or views.
    """
    make, path = _read(spec)
    if make is DuckDB:
        return DuckDB(path, materialize=materialize)
    if make is Parquet and materialize is not False:
        return Parquet(path, materialize=bool(materialize))
    if materialize is not None:
        option, what = ("", "tables") if materialize else ("no-", "views")
        raise ConfigError(f"destination {spec!r} keeps no {what} of relations; leave out --{option}materialize")
    return make(path)


def _read(spec: str) -> tuple[Callable[[Path], Destination], Path]:
    kind, colon, place = spec.partition(":")
    if kind in _KINDS:
        if colon and not place.strip():
            raise ConfigError(f"destination {spec!r} has nothing after the colon; legal are {_LEGAL}")
        make, default = _KINDS[kind]
        return make, Path(place or default).expanduser()
    if "://" not in spec and spec.endswith((".duckdb", ".db")):
        return DuckDB, Path(spec).expanduser()
    raise ConfigError(f"destination {spec!r} is not known; legal are {_LEGAL}")
