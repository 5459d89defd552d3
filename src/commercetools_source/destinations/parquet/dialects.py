"""The table of SQL dialects: how a warehouse declares an external table over listed Parquet files. Only text.

A template may have `{table}` and `{columns}`, and what the dialect names files by: `{uris}`, literals with commas
between; `{names}`, the names as alternatives of a regular expression, and `{globs}`, of a glob; `{rows}`, DuckDB's
table function. Text inside a literal are `{url}` of the destination, `{folder}` of the stream, `{schema}` of the file
that has all columns; `{path}` is the stream's folder in the destination.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DIALECTS", "Dialect", "typed"]


def _types(text: str, integer: str, real: str, boolean: str, moment: str, date: str) -> Mapping[str, str]:
    """Return the types of a dialect by those of DuckDB; times of day and JSON are text in the files."""
    return MappingProxyType({
        "VARCHAR": text,
        "JSON": text,
        "TIME": text,
        "BIGINT": integer,
        "DOUBLE": real,
        "BOOLEAN": boolean,
        "TIMESTAMP": moment,
        "DATE": date,
    })  # fmt: skip


def typed(column: str, sql: str) -> str:
    """Return the SQL of a stored column as the type `sql`: moments in UTC whatever the session's zone, times, JSON."""
    # Stored with a zone, so that every reader takes it for UTC; DuckDB would show it in the zone of the session.
    if sql == "TIMESTAMP":
        return f"make_timestamp(epoch_us({column}))"
    if sql == "TIMESTAMP[]":
        return f"[make_timestamp(epoch_us(x)) FOR x IN {column}]"
    return f"{column}::{sql}" if sql in {"JSON", "TIME", "TIME[]"} else column


def _as_stored(column: str, _sql: str) -> str:
    return column


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One row: what the statements of one warehouse look like.

    `schemes`: those of URLs that it reads files by, with its word for each; "" is a path of this machine. `begin` is
    printed once, `table` for each stream. `types`: by DuckDB type, empty where columns are taken from a file.
    `column`: one column of `table`. `where`: which rows count, for a table over a whole folder.
    `value`: what the view shows of a column with a DuckDB type. `quote` stands around names, `table_quote` around those
    in `table` where it differs. With `escapes` a backslash escapes in a literal, with `name_escapes` in a name, too.
    """

    name: str
    label: str
    schemes: Mapping[str, str]
    table: str
    begin: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    column: str = "{name} {type}"
    where: str = ""
    value: Callable[[str, str], str] = _as_stored
    quote: str = '"'
    table_quote: str = ""
    escapes: bool = False
    name_escapes: bool = False


DIALECTS: Mapping[str, Dialect] = MappingProxyType({
    row.name: row
    for row in (
        # https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement
        # Columns of Parquet files may not be listed: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#externaldataconfiguration
        Dialect(
            name="bigquery",
            label="BigQuery",
            schemes={"gs": "gs"},
            table="CREATE OR REPLACE EXTERNAL TABLE {table}\n"
            "OPTIONS (format = 'PARQUET', reference_file_schema_uri = '{schema}', uris = [{uris}])",
            quote="`",
            escapes=True,
            # https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#quoted_identifiers
            name_escapes=True,
        ),
        # https://docs.snowflake.com/en/sql-reference/sql/create-external-table
        Dialect(
            name="snowflake",
            label="Snowflake",
            schemes={"s3": "s3", "gs": "gcs"},
            # IF NOT EXISTS would keep a stage of another bucket, whose files no pattern matches: tables without rows.
            begin='CREATE OR REPLACE STAGE "commercetools_files" URL = \'{url}/\' STORAGE_INTEGRATION = commercetools',
            table='CREATE OR REPLACE EXTERNAL TABLE {table} ({columns})\nLOCATION = @"commercetools_files"/{path}/'
            " PATTERN = '.*({names})' AUTO_REFRESH = FALSE FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)",
            types=_types("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP_LTZ", "DATE"),
            column="{name} {type} AS (VALUE:{name}::{type})",
            escapes=True,
        ),
        # https://spark.apache.org/docs/latest/sql-data-sources-generic-options.html#path-glob-filter
        Dialect(
            name="databricks",
            label="Databricks",
            schemes={"s3": "s3", "gs": "gs"},
            # A table of Parquet files cannot be replaced. The files stay when an external table is dropped.
            table="DROP TABLE IF EXISTS {table};\nCREATE TABLE {table} ({columns})\n"
            "USING PARQUET OPTIONS (path = '{folder}', pathGlobFilter = '{{{globs}}}')",
            types=_types("STRING", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "DATE"),
            quote="`",
            escapes=True,
        ),
        # https://clickhouse.com/docs/engines/table-engines/integrations/s3#wildcards-in-path
        Dialect(
            name="clickhouse",
            label="ClickHouse",
            schemes={"s3": "s3", "gs": "gs"},
            table="CREATE OR REPLACE TABLE {table} ({columns})\nENGINE = S3('{folder}/{{{globs}}}', 'Parquet')",
            types=_types(
                "Nullable(String)",
                "Nullable(Int64)",
                "Nullable(Float64)",
                "Nullable(Bool)",
                "Nullable(DateTime64(6, 'UTC'))",
                "Nullable(Date32)",
            ),
            escapes=True,
            name_escapes=True,  # https://clickhouse.com/docs/sql-reference/syntax#identifiers
        ),
        # https://docs.aws.amazon.com/athena/latest/ug/create-table.html; a table is over a whole folder.
        Dialect(
            name="athena",
            label="Athena",
            schemes={"s3": "s3"},
            table="DROP TABLE IF EXISTS {table};\nCREATE EXTERNAL TABLE {table} ({columns})\n"
            "STORED AS PARQUET LOCATION '{folder}/'",
            types=_types("string", "bigint", "double", "boolean", "timestamp", "date"),
            where=' WHERE "$path" IN ({uris})',
            table_quote="`",
        ),
        Dialect(
            name="duckdb",
            label="DuckDB",
            schemes={"": "", "s3": "s3", "gs": "gs", "az": "az"},
            table="CREATE OR REPLACE VIEW {table} AS\nSELECT * FROM {rows}",
            value=typed,
        ),
    )
})  # fmt: skip
"""Every dialect by the name that `schema --sql` knows it by."""
