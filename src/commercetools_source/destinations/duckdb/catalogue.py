"""What a DuckDB file has: read once, and kept in step by the statements that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from commercetools_source.arrow.decode import SYNCED_AT
from commercetools_source.catalog.lazy import lazy
from commercetools_source.errors import DestinationError
from commercetools_source.model.quoting import quoted, string
from commercetools_source.model.schemas import (
    BOOKKEEPING,
    HISTORY,
    RECORDS,
    RELATIONS,
    history_table,
    record_table,
    relation_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

__all__ = ["OUTDATED", "QUERIES", "Catalogue", "Form"]

QUERIES = BOOKKEEPING
"""The schema of the macros that give the text of the query of each relation that is a view: `SELECT sync.orders()`."""

Form = Literal["VIEW", "TABLE"]

OUTDATED = "_outdated"
"""What a table of earlier rows is called while another one takes its place."""

_READ = (RECORDS, BOOKKEEPING, HISTORY)
"""The schemas whose columns are read."""

_LITERALS = {"VARCHAR": "''", "BIGINT": "9999999999", "BOOLEAN": "true", "DOUBLE": "0e0"}
"""Values that have a type without a cast, which takes as long again to bind."""


class Catalogue:
    """The tables and views of the file that is the current database of `connection`.

    `columns`: for each table of records, the SQL type of each column; `bookkeeping`: the same of the tables of that
    schema, `history`: of those of earlier rows; `views`: the views in these schemas, each with its schema in front;
    `relations`: the tables and views among the relations; `row_counts`: about how many rows the tables of records have.
    `changed`: names of the tables of records that were made or got columns, and of streams whose relations did.
    DuckDB's own catalogue is asked again only after `forget`, because each look at it takes milliseconds.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.changed: set[str] = set()
        self.columns: dict[str, dict[str, str]] = {}
        self.bookkeeping: dict[str, dict[str, str]] = {}
        self.history: dict[str, dict[str, str]] = {}
        self.views: set[str] = set()
        self.relations: dict[str, Form] = {}
        self.row_counts: dict[str, int] = {}
        self._schemas: set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Read again what the file has: a transaction was rolled back."""
        execute = self._connection.execute
        here = "database_name = current_database()"
        schemas = execute(f"SELECT schema_name FROM duckdb_schemas() WHERE {here}").fetchall()  # noqa: S608 - a constant
        tables = execute(
            f"SELECT schema_name, table_name, estimated_size FROM duckdb_tables() WHERE {here}"  # noqa: S608 - same
        ).fetchall()
        views = execute(
            f"SELECT schema_name, view_name FROM duckdb_views() WHERE {here} AND NOT internal"  # noqa: S608 - same
        ).fetchall()
        rows = self._read_columns([(schema, name) for schema, name, _ in tables if schema in _READ])
        # Only now: a query that was interrupted must not leave tables without their columns behind.
        self._schemas = {name for (name,) in schemas}
        self.row_counts = {name: rows for schema, name, rows in tables if schema == RECORDS}
        self.views = {f"{schema}.{name}" for schema, name in views}
        self.relations = {name: "TABLE" for schema, name, _ in tables if schema == RELATIONS}
        self.relations |= {name: "VIEW" for schema, name in views if schema == RELATIONS}
        self.columns = {name: {} for name in self.row_counts}
        self.bookkeeping = {name: {} for schema, name, _ in tables if schema == BOOKKEEPING}
        self.history = {name: {} for schema, name, _ in tables if schema == HISTORY}
        by_schema = {RECORDS: self.columns, BOOKKEEPING: self.bookkeeping, HISTORY: self.history}
        for schema, table, name, sql in rows:
            columns = by_schema[schema].get(table)
            if columns is not None:  # of a table, and not of a view
                columns[name] = sql

    def _read_columns(self, _: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, str]]:
        """Return schema, table, name and SQL type of the columns of some tables, perhaps of others too, in order."""
        return self._connection.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"  # noqa: S608 - constants
            f" WHERE database_name = current_database() AND schema_name IN {_READ}"
            # In the order of creation, in which a table's columns are shown and decoded.
            " ORDER BY table_oid, column_index"
        ).fetchall()

    def stream_tables(self) -> dict[str, dict[str, str]]:
        """Return the columns of the tables that hold records."""
        return {table: names for table, names in self.columns.items() if SYNCED_AT in names}

    @lazy
    def _compression(self) -> Mapping[str, str]:
        """What stands behind a type of column: compressed texts take a third of the size, and less time.

        Not in a file that DuckDB itself has made for programs before 1.2, as it does up to 1.5 unless told otherwise:
        DuckDB 2.0 refuses zstd there (https://duckdb.org/docs/stable/internals/storage).
        """
        asked = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = current_database()"
        row = self._connection.execute(asked).fetchone()
        old = row is not None and str(row[0]).startswith(("v0.", "v1.0.", "v1.1."))
        return {} if old else {"JSON": " USING COMPRESSION zstd"}

    # --- records ---

    def create_table(self, name: str, types: Mapping[str, str], options: Mapping[str, str] | None = None) -> None:
        """Create a table of records; `options`: what stands behind the type of some columns."""
        self._create_schema(RECORDS)
        self._connection.execute(f"CREATE TABLE {record_table(name)} ({self._declared(types, options or {})})")
        self.columns[name] = dict(types)
        self.changed.add(name)

    def drop_table(self, name: str) -> None:
        """Drop a table of records that may be there."""
        if self.columns.pop(name, None) is not None:
            self._connection.execute(f"DROP TABLE {record_table(name)}")

    def rename_table(self, name: str, to: str) -> None:
        """Give a table of records another name."""
        self._connection.execute(f"ALTER TABLE {record_table(name)} RENAME TO {quoted(to)}")
        self.columns[to] = self.columns.pop(name)
        self.changed.add(to)

    def add_column(self, table: str, name: str, sql: str) -> None:
        """Add a column to a table of records."""
        self._connection.execute(f"ALTER TABLE {record_table(table)} ADD COLUMN {quoted(name)} {sql}")
        self.columns[table][name] = sql
        self.changed.add(table)

    # --- history ---

    def create_history(self, name: str, types: Mapping[str, str], rows: str = "") -> None:
        """Create a table of earlier rows, in place of one that is there; `rows`: the query of those to begin with.

        `rows` may ask for the table that was there, by the name `OUTDATED`.
        """
        self._create_schema(HISTORY)
        if is_there := name in self.history:
            self._connection.execute(f"ALTER TABLE {history_table(name)} RENAME TO {OUTDATED}")
        self._connection.execute(f"CREATE TABLE {history_table(name)} ({self._declared(types, {})})")
        if is_there and rows:
            self._connection.execute(f"INSERT INTO {history_table(name)} BY NAME {rows}")
        if is_there:
            self._connection.execute(f"DROP TABLE {HISTORY}.{OUTDATED}")
        self.history[name] = dict(types)
        self.changed.add(name)

    def add_history_column(self, table: str, name: str, sql: str) -> None:
        """Add a column to a table of earlier rows."""
        self._connection.execute(f"ALTER TABLE {history_table(table)} ADD COLUMN {quoted(name)} {sql}")
        self.history[table][name] = sql
        self.changed.add(table)

    def create_past(self, name: str, query: str) -> None:
        """Create or replace the macro of a relation's rows at a moment."""
        self._connection.execute(f"CREATE OR REPLACE MACRO {history_table(f'{name}_at')}(moment) AS TABLE {query}")

    # --- bookkeeping ---

    def prepare_bookkeeping(self, table: str, types: Mapping[str, str]) -> None:
        """Create a table of the bookkeeping, or add the columns that another version did not have.

        Raises DestinationError for a table or view of this name that somebody else made.
        """
        stored = self.bookkeeping.get(table)
        if f"{BOOKKEEPING}.{table}" in self.views or (stored is not None and next(iter(types)) not in stored):
            raise DestinationError(
                f"the file has a table or view {BOOKKEEPING}.{table} that commercetools-source did not make;"
                " rename it, or choose another file"
            )
        if stored is None:
            self._create_schema(BOOKKEEPING)
            self._connection.execute(f"CREATE TABLE {BOOKKEEPING}.{quoted(table)} ({self._declared(types, {})})")
            self.bookkeeping[table] = dict(types)
            return
        for name in types.keys() - stored.keys():
            self._connection.execute(
                f"ALTER TABLE {BOOKKEEPING}.{quoted(table)} ADD COLUMN {quoted(name)} {types[name]}"
            )
            stored[name] = types[name]

    # --- relations ---

    def create_relation(self, form: Form, name: str, query: str, types: Mapping[str, str]) -> None:
        """Create a view of what `query` returns, or an empty table of its columns, which have the SQL `types`."""
        # Said and not found out from the query: to bind that takes as long as to make the table.
        if form == "TABLE":
            self._connection.execute(f"CREATE TABLE {relation_table(name)} ({self._declared(types, {})})")
        else:
            self._create_view(name, query, types)
        self.relations[name] = form

    def _create_view(self, name: str, query: str, types: Mapping[str, str]) -> None:
        """Create a view and the macro that gives the text of its query, which is bound when somebody asks."""
        # DuckDB binds a view as it is made, and writes its syntax tree at every checkpoint: 290 views take 2 seconds
        # and 6 MB. So it is made over a row of the right types, and the query put in place of that behind it.
        self._create_schema(QUERIES)
        view, macro = relation_table(name), f"{QUERIES}.{quoted(name)}"
        row = ", ".join(f"{_LITERALS.get(sql, f'NULL::{sql}')} AS {quoted(column)}" for column, sql in types.items())
        for statement in (
            f"CREATE OR REPLACE MACRO {macro}() AS {string(f'SELECT {row}')}",
            f"CREATE VIEW {view} AS FROM query({macro}())",
            f"CREATE OR REPLACE MACRO {macro}() AS {string(query)}",
        ):
            self._connection.execute(statement)

    def drop_relation(self, name: str) -> None:
        """Drop a relation that may be there."""
        if (form := self.relations.pop(name, None)) is not None:
            self._connection.execute(f"DROP {form} {relation_table(name)}")
            if form == "VIEW":
                self._drop_query(name)

    def _drop_query(self, name: str) -> None:
        self._connection.execute(f"DROP MACRO IF EXISTS {QUERIES}.{quoted(name)}")

    def _create_schema(self, name: str) -> None:
        if name not in self._schemas:
            self._connection.execute(f"CREATE SCHEMA {name}")
            self._schemas.add(name)

    def _declared(self, types: Mapping[str, str], options: Mapping[str, str]) -> str:
        compressed = self._compression
        return ", ".join(
            f"{quoted(name)} {sql}{options.get(name, '')}{compressed.get(sql, '')}" for name, sql in types.items()
        )
