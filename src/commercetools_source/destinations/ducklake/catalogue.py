"""What a lake has, and how its relations are made: as views of their queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb.catalogue import Catalogue
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import relation_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LakeCatalogue"]


class LakeCatalogue(Catalogue):
    """The tables and views of a lake.

    A view has its query itself and not a macro with the text of it, as in a DuckDB file: whenever the schema of a lake
    has changed all entries are read anew, of which macros would be twice as many, and other programs read the views of
    a lake (https://ducklake.select/docs/stable/specification/tables/ducklake_view) but not its macros.
    """

    @property
    def _compression(self) -> Mapping[str, str]:
        return {}  # files are compressed by an option of the lake, not by column

    def _read_columns(self, tables: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, str]]:
        # Of each by a statement: duckdb_columns() would bind every view of the lake.
        return [
            (schema, table, name, sql)
            for schema, table in tables
            for name, sql, *_ in self._connection.execute(f"DESCRIBE {schema}.{quoted(table)}").fetchall()
        ]

    def _create_view(self, name: str, query: str, types: Mapping[str, str]) -> None:  # noqa: ARG002 - of the query itself
        self._connection.execute(f"CREATE VIEW {relation_table(name)} AS {query}")

    def _drop_query(self, name: str) -> None:
        """Do nothing: it went with the view."""
