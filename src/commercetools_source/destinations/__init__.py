"""Where `sync` writes: a row for each destination, and what it takes to open one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.destinations.row import Ability, DestinationType, Location, parse
from commercetools_source.errors import DestinationError, in_a_sentence, reason_in

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.destinations.duckdb.file import DuckDB
    from commercetools_source.destinations.jsonl import Jsonl
    from commercetools_source.destinations.parquet.folder import Parquet
    from commercetools_source.destinations.store import Store
    from commercetools_source.extract.delivery import Destination

__all__ = ["DESTINATIONS", "DuckDB", "Jsonl", "Parquet", "is_stored", "open_destination", "open_stored"]


def _duckdb(location: Location) -> Destination:
    from commercetools_source.destinations.duckdb.file import DuckDB

    return DuckDB(location.path(), materialize=location.materialize, comments=location.comments)


def _ducklake(location: Location) -> Destination:
    from commercetools_source.destinations.ducklake.lake import DuckLake, attachment_of

    return DuckLake(attachment_of(location), materialize=location.materialize)


def _parquet(location: Location) -> Destination:
    from commercetools_source.destinations.parquet.folder import Parquet

    return Parquet(_files(location), materialize=bool(location.materialize))


def _jsonl(location: Location) -> Destination:
    from commercetools_source.destinations.jsonl import Jsonl

    return Jsonl(_files(location))


def _files(location: Location) -> Path | Store:
    """Return where the files of a folder are: a folder of this machine, or a bucket."""
    if location.is_local():
        return location.path()
    from commercetools_source.destinations.store.bucket import Bucket

    return Bucket(location.text, location.parameters)


_BUCKETS = ("s3", "gs", "az")
_BUCKET_PARAMETERS = ("endpoint", "region")
_POSTGRES_PARAMETERS = ("connect_timeout", "sslcert", "sslkey", "sslmode", "sslrootcert", "target_session_attrs")


DESTINATIONS = (
    DestinationType(
        name="duckdb",
        label="DuckDB file",
        metavar="FILE",
        make=_duckdb,
        default="commercetools.duckdb",
        suffixes=(".duckdb", ".db"),
        abilities=frozenset(Ability) - {Ability.EXTERNAL},
        extra="duckdb",
        look="duckdb LOCATION",
    ),
    DestinationType(
        name="ducklake",
        label="DuckLake",
        metavar="CATALOG",
        make=_ducklake,
        default="commercetools.ducklake",
        suffixes=(".ducklake",),
        abilities=frozenset(Ability) - {Ability.EXTERNAL, Ability.PUBLISH, Ability.COMMENTS, Ability.HISTORY},
        schemes=("postgres", "postgresql"),
        parameters=("data_path", *_BUCKET_PARAMETERS),
        url_parameters=_POSTGRES_PARAMETERS,
        bare_schemes=("md",),
        extra="ducklake",
    ),
    DestinationType(
        name="parquet",
        label="Parquet folder",
        metavar="FOLDER",
        make=_parquet,
        default="commercetools-parquet",
        abilities=frozenset(Ability) - {Ability.REMOVE, Ability.PUBLISH, Ability.VIEWS},
        schemes=_BUCKETS,
        url_parameters=_BUCKET_PARAMETERS,
        extra="parquet",
        look="duckdb -init LOCATION/latest.sql",
    ),
    DestinationType(
        name="jsonl",
        label="folder of JSON lines",
        metavar="FOLDER",
        make=_jsonl,
        default="commercetools-jsonl",
        abilities=frozenset({Ability.RUNS, Ability.ERASE}),
        schemes=_BUCKETS,
        url_parameters=_BUCKET_PARAMETERS,
    ),
)
"""The first one is where `sync` writes if nothing is said."""


def open_destination(spec: str, *, materialize: bool | None = None, comments: bool | None = None) -> Destination:
    """Return the destination that `spec` names, not yet opened.

    "duckdb" is commercetools.duckdb, "ducklake" commercetools.ducklake, "parquet" the folder commercetools-parquet,
    "jsonl" the folder commercetools-jsonl, all where the process runs. With `materialize` relations are written as
    tables too; without, a DuckDB file has views of them; None leaves them as they are.
    With `comments` tables and columns say what they are; None: where the file is large. Raises ConfigError for
    anything else than the forms of `DESTINATIONS`, and where there can be no such tables, views or comments.
    """
    return parse(spec, DESTINATIONS).make(materialize=materialize, comments=comments)


def open_stored(spec: str) -> Destination:
    """Return a destination that `sync` wrote before, not yet opened; raises DestinationError when there is none."""
    destination = open_destination(spec)
    if not is_stored(spec):
        raise DestinationError(f"{destination.name} does not exist; run `commercetools-source sync` first")
    return destination


def is_stored(spec: str) -> bool:
    """Return whether something is where a destination would be; True for a URL: opening it will tell."""
    location = parse(spec, DESTINATIONS).location
    with in_a_sentence(lambda error: f"cannot look for {location.text}: {reason_in(error)}; choose another name"):
        # Nobody can look for an object store without credentials and a request: opening it does both.
        return not location.is_local() or location.path().exists()


def __getattr__(name: str) -> object:
    """Import a class of a destination when it is asked for; none of them is loaded for the texts of the rows."""
    from importlib import import_module

    # Written out: a row names a function that makes a destination, and not its class.
    homes = {"DuckDB": "duckdb", "Jsonl": "jsonl", "Parquet": "parquet"}
    if name in homes:
        return getattr(import_module(f"{__name__}.{homes[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
