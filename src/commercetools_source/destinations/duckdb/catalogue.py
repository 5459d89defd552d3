"""What a DuckDB file has: read once, and kept in step by the statements that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from commercetools_source.arrow.decode import SYNCED_AT
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

__all__ = ["QUERIES", "SCHEMA", "Catalogue", "Form"]

SCHEMA = "model"
"""The schema of the relations."""
QUERIES = SCHEMA
"""The schema of the macros that give the text of the query of each relation that is a view: `SELECT model.orders()`."""

Form = Literal["VIEW", "TABLE"]


class Catalogue:
    """The tables and views of the file that is the current database of `connection`.

    `columns`: for each table of the main schema, the SQL type of each column; `views`: the views there;
    `relations`: the tables and views of the schema of relations; `row_counts`: about how many rows the tables have.
    DuckDB's own catalogue is asked again only after `forget`, because each look at it takes milliseconds.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.columns: dict[str, dict[str, str]] = {}
        self.views: set[str] = set()
        self.relations: dict[str, Form] = {}
        self.row_counts: dict[str, int] = {}
        self._has_schema = False
        self.forget()

    def forget(self) -> None:
        """Read again what the file has: a transaction was rolled back."""
        execute = self._connection.execute
        own = "database_name = current_database()"
        schemas = execute(f"SELECT schema_name FROM duckdb_schemas() WHERE {own}").fetchall()  # noqa: S608 - a constant
        tables = execute(
            f"SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE {own}"  # noqa: S608 - same
        ).fetchall()
        views = execute(
            f"SELECT schema_name, view_name FROM duckdb_views() WHERE {own} AND NOT internal"  # noqa: S608 - same
        ).fetchall()
        rows = execute(
            f"SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE {own} AND schema_name = 'main'"  # noqa: S608 - same
            " ORDER BY table_oid, column_index"
        ).fetchall()
        # Only now: a query that was interrupted must not leave tables without their columns behind.
        self._has_schema = (SCHEMA,) in schemas
        self.row_counts = {name: rows for schema, name, rows in tables if schema == "main"}
        self.views = {name for schema, name in views if schema == "main"}
        self.relations = {name: "TABLE" for schema, name, _ in tables if schema == SCHEMA}
        self.relations |= {name: "VIEW" for schema, name in views if schema == SCHEMA}
        self.columns = {name: {} for name in self.row_counts}
        for table, name, sql in rows:
            if table in self.columns:
                self.columns[table][name] = sql

    def stream_tables(self) -> dict[str, dict[str, str]]:
        """Return the columns of the tables that hold records."""
        return {table: names for table, names in self.columns.items() if SYNCED_AT in names}

    def create_table(self, name: str, types: Mapping[str, str], options: Mapping[str, str] | None = None) -> None:
        """Create a table in the main schema; `options`: what stands behind the type of some columns."""
        self._connection.execute(f"CREATE TABLE {quoted(name)} ({_declared(types, options or {})})")
        self.columns[name] = dict(types)

    def drop_table(self, name: str) -> None:
        """Drop a table of the main schema that may be there."""
        if self.columns.pop(name, None) is not None:
            self._connection.execute(f"DROP TABLE {quoted(name)}")

    def rename_table(self, name: str, to: str) -> None:
        """Give a table of the main schema another name."""
        self._connection.execute(f"ALTER TABLE {quoted(name)} RENAME TO {quoted(to)}")
        self.columns[to] = self.columns.pop(name)

    def add_column(self, table: str, name: str, sql: str) -> None:
        """Add a column to a table of the main schema."""
        self._connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {sql}")
        self.columns[table][name] = sql

    def rename_column(self, table: str, name: str, to: str) -> None:
        """Give a column of a table of the main schema another name."""
        self._connection.execute(f"ALTER TABLE {quoted(table)} RENAME COLUMN {quoted(name)} TO {quoted(to)}")
        self.columns[table] = {to if column == name else column: sql for column, sql in self.columns[table].items()}

    def create_relation(self, form: Form, name: str, query: str, types: Mapping[str, str]) -> None:
        """Create a view of what `query` returns, or an empty table of its columns, which have the SQL `types`."""
        if not self._has_schema:
            self._connection.execute(f"CREATE SCHEMA {SCHEMA}")
            self._has_schema = True
        # Said and not found out from the query: to bind that takes as long as to make the table.
        if form == "TABLE":
            self._connection.execute(f"CREATE TABLE {SCHEMA}.{quoted(name)} ({_declared(types, {})})")
        else:
            self._create_view(name, query, types)
        self.relations[name] = form

    def _create_view(self, name: str, query: str, types: Mapping[str, str]) -> None:
        """Create a view and the macro that gives the text of its query, which is bound when somebody asks."""
        # DuckDB binds a view as it is made, and writes its syntax tree at every checkpoint: 290 views take 2 seconds
        # and 6 MB. So it is made over a row of the right types, and the query put in place of that behind it.
        view, macro = f"{SCHEMA}.{quoted(name)}", f"{QUERIES}.{quoted(name)}"
        row = ", ".join(f"NULL::{sql} AS {quoted(column)}" for column, sql in types.items())
        for statement in (
            f"CREATE OR REPLACE MACRO {macro}() AS {string(f'SELECT {row}')}",
            f"CREATE VIEW {view} AS FROM query({macro}())",
            f"CREATE OR REPLACE MACRO {macro}() AS {string(query)}",
        ):
            self._connection.execute(statement)

    def drop_relation(self, name: str) -> None:
        """Drop a relation that may be there."""
        if (form := self.relations.pop(name, None)) is not None:
            self._connection.execute(f"DROP {form} {SCHEMA}.{quoted(name)}")
            if form == "VIEW":
                self._connection.execute(f"DROP MACRO IF EXISTS {QUERIES}.{quoted(name)}")


def _declared(types: Mapping[str, str], options: Mapping[str, str]) -> str:
    # Compressed texts take a third of the size, and less time.
    compression = {"JSON": " USING COMPRESSION zstd"}
    return ", ".join(
        f"{quoted(name)} {sql}{options.get(name, '')}{compression.get(sql, '')}" for name, sql in types.items()
    )
