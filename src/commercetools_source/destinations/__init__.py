"""Where `sync` writes: a DuckDB file, or a folder of JSON lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb import DuckDB
from commercetools_source.destinations.jsonl import Jsonl
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from commercetools_source.delivery import Destination

__all__ = ["DuckDB", "Jsonl", "open_destination"]

_DEFAULTS = {"duckdb": "commercetools.duckdb", "jsonl": "commercetools-jsonl"}
_LEGAL = "duckdb, duckdb:FILE, FILE.duckdb, FILE.db, jsonl or jsonl:FOLDER"


def open_destination(spec: str) -> Destination:
    """Return the destination that `spec` names, not yet opened.

    "duckdb" is commercetools.duckdb, "jsonl" the folder commercetools-jsonl, both where the process runs.
    Raises ConfigError for anything else than the forms it lists.
    """
    kind, colon, place = spec.partition(":")
    if kind in _DEFAULTS:
        if colon and not place.strip():
            raise ConfigError(f"destination {spec!r} has nothing after the colon; legal are {_LEGAL}")
        path = Path(place or _DEFAULTS[kind]).expanduser()
        return DuckDB(path) if kind == "duckdb" else Jsonl(path)
    if "://" not in spec and spec.endswith((".duckdb", ".db")):
        return DuckDB(Path(spec).expanduser())
    raise ConfigError(f"destination {spec!r} is not known; legal are {_LEGAL}")
