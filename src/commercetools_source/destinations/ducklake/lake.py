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
from commercetools_source.destinations.ducklake.attachment import LakeInFile, LakeInPostgres
from commercetools_source.destinations.ducklake.data import DataPath
from commercetools_source.destinations.ducklake.motherduck import MotherDuck
from commercetools_source.destinations.ducklake.postgres import PostgresAddress
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from commercetools_source.destinations.duckdb.writer import Opened
    from commercetools_source.destinations.ducklake.attachment import AttachedByExtension
    from commercetools_source.destinations.row import Location

__all__ = ["DuckLake", "attachment_of"]


class DuckLake(Attached):
    """A destination that writes to a lake. All else as in `Attached`; there are no comments."""

    def __init__(self, attachment: AttachedByExtension, *, materialize: bool | None = None) -> None:
        # What a lake has is in DuckDB's memory too, beside the rows.
        super().__init__(attachment, materialize=materialize, memory=LIMITS[1:])
        self._lake = attachment

    def scrub(self) -> None:
        """Write the files anew that have rows which count no more, and close; raises DestinationError."""
        with self._session.failing("write anew the files of") as opened:
            self._lake.rewrite(opened.database.connection)
        self.close()

    def older_versions(self) -> str:
        """Return that snapshots have what was stored before, and how they are removed."""
        return self._lake.older_versions()

    def history(self) -> str:
        """Return how rows as they were can be had."""
        return self._lake.history()

    def _comment(self, opened: Opened) -> None:
        """Do nothing: a lake has no comments on columns of views, and each comment would be a snapshot's change."""


def attachment_of(location: Location) -> AttachedByExtension:
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
