"""A lake as destination: all that a DuckDB file is, with snapshots; its data are Parquet files beside the catalogue.

Rows, relations and state of a delivery are one transaction and so one snapshot of the lake: `FROM orders AT
(VERSION => n)` shows what was there before a run. A killed run leaves the lake at its last delivery, and perhaps files
that no snapshot has, which DuckLake's ducklake_delete_orphaned_files removes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb.file import Attached
from commercetools_source.destinations.duckdb.memory import LIMITS
from commercetools_source.destinations.ducklake import data
from commercetools_source.destinations.ducklake.attachment import LAKE, METADATA, LakeInFile, LakeInPostgres, MotherDuck
from commercetools_source.destinations.ducklake.data import DataPath
from commercetools_source.destinations.ducklake.postgres import PostgresAddress
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from commercetools_source.destinations.duckdb.file import Opened
    from commercetools_source.destinations.ducklake.attachment import Lake
    from commercetools_source.destinations.row import Location

__all__ = ["DuckLake", "attachment_of"]


class DuckLake(Attached):
    """A destination that writes to a lake. All else as in `Attached`; there are no comments."""

    def __init__(self, attachment: Lake, *, materialize: bool | None = None) -> None:
        # What a lake has is in DuckDB's memory too, beside the rows.
        super().__init__(attachment, materialize=materialize, memory=LIMITS[1:])

    def scrub(self) -> None:
        """Write the files anew that have rows which count no more, and close; raises DestinationError."""
        with self._failing("write anew the files of") as opened:
            opened.database.connection.execute(f"CALL ducklake_flush_inlined_data('{LAKE}')")
            opened.database.connection.execute(f"CALL ducklake_rewrite_data_files('{LAKE}', delete_threshold => 0)")
            # A value that is gone may stay the least or greatest of its column, where no other took its place. NULL is
            # one that nobody knows (https://ducklake.select/docs/stable/specification/tables/ducklake_table_column_stats).
            opened.database.connection.execute(
                f"UPDATE {METADATA}.ducklake_table_column_stats SET min_value = NULL, max_value = NULL"  # noqa: S608 - constant
            )
        self.close()

    def older_versions(self) -> str:
        """Return that snapshots have what was stored before, and how they are removed."""
        return (
            "older snapshots have what was stored before; expire them: in DuckDB, ATTACH the lake as lake,"
            " CALL ducklake_expire_snapshots('lake', older_than => now()),"
            " CALL ducklake_cleanup_old_files('lake', cleanup_all => true); then copy the catalogue's file, or VACUUM"
            " FULL in PostgreSQL, for what it has freed"
        )

    def history(self) -> str:
        """Return how a snapshot is asked for; https://ducklake.select/docs/stable/duckdb/usage/time_travel."""
        if isinstance(self._attachment, MotherDuck):
            return "write to a DuckDB file, which does"
        return (
            "its snapshots have the rows of each run; ask for those of a moment with"
            " FROM raw.orders AT (TIMESTAMP => now() - INTERVAL 1 DAY)"
        )

    def _comment(self, opened: Opened) -> None:
        """Do nothing: a lake has no comments on columns of views, and each comment would be a snapshot's change."""


def attachment_of(location: Location) -> Lake:
    """Return what a location names; raises ConfigError for an address or a data path that can be none."""
    if location.text.startswith("md:"):
        database = location.text.removeprefix("md:")
        if not re.fullmatch(r"[\w .-]+", database):
            raise ConfigError("a database of MotherDuck is named as md:NAME; the token is taken from MOTHERDUCK_TOKEN")
        return MotherDuck(database)
    where = DataPath.of(location.parameters)
    if location.is_local():
        return LakeInFile(location.path(), where)
    parameters = {name: value for name, value in location.parameters.items() if name not in data.PARAMETERS}
    return LakeInPostgres(PostgresAddress.parse(location.text, parameters), where)
