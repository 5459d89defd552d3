"""What a database of MotherDuck is attached as: its extension finds it by a name and a token.

https://motherduck.com/docs/concepts/snapshots
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from commercetools_source.destinations.ducklake.attachment import AttachedByExtension
from commercetools_source.errors import DestinationError
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    import duckdb

__all__ = ["MotherDuck"]


class MotherDuck(AttachedByExtension):
    """The database `name` of MotherDuck, which must exist; nothing keeps two writers apart there."""

    extensions = ("motherduck",)

    def __init__(self, name: str) -> None:
        super().__init__(f"md:{name}")
        self._database = name

    def rewrite(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Do nothing: MotherDuck clears its own storage."""

    def older_versions(self) -> str:
        """Return that snapshots have what was stored before, and how they are removed."""
        return (
            "MotherDuck's older snapshots have what was stored before, for the days that SNAPSHOT_RETENTION_DAYS of the"
            " database says and seven more, and named ones until they lose their name; see"
            " https://motherduck.com/docs/concepts/snapshots"
        )

    def history(self) -> str:
        """Return what to do: its snapshots are databases of their own, and no table can be asked for one."""
        return "write to a DuckDB file, which does"

    def _prepare(self, *, read_only: bool) -> None:  # noqa: ARG002 - the same to read and to write
        # Without it, the extension would open a browser.
        if not (os.environ.get("motherduck_token") or os.environ.get("MOTHERDUCK_TOKEN")):  # noqa: SIM112 - its name
            raise DestinationError(f"cannot open {self.name}: set MOTHERDUCK_TOKEN to a token of MotherDuck")

    def _attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:  # noqa: ARG002 - same
        connection.execute(f"ATTACH {string(self.name)}")
        connection.execute(f"USE {quoted(self._database)}")
