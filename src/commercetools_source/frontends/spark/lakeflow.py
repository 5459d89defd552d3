"""The data source that Databricks' ingestion pipelines of community connectors ask for.

Its name, options, virtual tables and their columns are those of
https://github.com/databrickslabs/lakeflow-community-connectors/blob/master/src/databricks/labs/community_connector/interface/README.md
("Direct Implementation of Python Data Source API").
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSource, DataSourceReader

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.errors import ConfigError
from commercetools_source.frontends.spark.batch import BatchReader
from commercetools_source.frontends.spark.options import Options, read_options
from commercetools_source.frontends.spark.schema import ddl
from commercetools_source.frontends.spark.source import with_columns
from commercetools_source.frontends.spark.stream import StreamReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession
    from pyspark.sql.datasource import InputPartition
    from pyspark.sql.types import StructType

    from commercetools_source.catalog.stream import Stream

__all__ = ["LakeflowSource", "register_lakeflow_source"]

_METADATA, _TABLES, _NAMESPACES = "_community_table_metadata", "_community_tables", "_community_namespaces"
_VIRTUAL: Mapping[str, str] = {
    _METADATA: "tableName STRING NOT NULL, primary_keys ARRAY<STRING>, cursor_field STRING, ingestion_type STRING",
    _TABLES: "namespace ARRAY<STRING>, tableName STRING",
    _NAMESPACES: "namespace ARRAY<STRING>",
}


def ingestion_type(stream: Stream) -> str:
    """Return how a pipeline keeps its table of `stream` up to date."""
    if stream.cursor is None:
        return "snapshot"
    # Messages never change: https://docs.commercetools.com/api/projects/messages
    if stream.name == "messages":
        return "append"
    return "cdc_with_deletes" if stream.deleted_messages else "cdc"


class LakeflowSource(DataSource):
    """Reads the stream that the option `tableName` names, or a virtual table that describes the streams.

    Options that are neither settings nor known here are ignored: a Unity Catalog connection adds some of its own.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format, which is that of every such connector."""
        return "lakeflow_connect"

    def schema(self) -> str:
        """Return the columns; raises ConfigError for wrong options."""
        if (table := self._table()) in _VIRTUAL:
            return _VIRTUAL[table]
        options = self._checked()
        return ddl(options.types, variant=options.variant)

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return the reader of a snapshot or of a virtual table."""
        if (table := self._table()) in _VIRTUAL:
            return _VirtualReader(table, self._names() if table == _METADATA else list(STREAMS))
        if self._is_delete_flow():
            # A snapshot has all that is there, and its reader would delete that.
            raise ConfigError("isDeleteFlow is for a streaming read (spark.readStream); leave it out here")
        # Without filters, because the contract of these connectors knows none.
        return BatchReader(with_columns(self._checked(), schema))

    def streamReader(self, schema: StructType) -> StreamReader:  # noqa: N802 - Spark's name
        """Return the reader of the changed records, or with `isDeleteFlow` of the deleted ones."""
        options = with_columns(self._checked(), schema)
        if not self._is_delete_flow():
            # Deletions are a flow of their own in this contract, so the records' flow has none.
            return StreamReader(options, "records")
        if not options.stream.deleted_messages:
            raise ConfigError(f"deletions of {options.stream.name} are not told by Messages; leave isDeleteFlow out")
        return StreamReader(options, "deletions")

    def _checked(self) -> Options:
        # A connection may hold any keys; `stream` among them would be another source's, as the table is named here.
        given = {name: value for name, value in dict(self.options).items() if name.lower() != "stream"}
        options = {"columns": ", ".join(self._columns()), **given, "stream": self._table()}
        return read_options(options, os.environ, ignore_unknown=True)

    def _columns(self) -> list[str]:
        from commercetools_source.frontends.spark.schema import column_types

        return [name for name in column_types(find(self._table())) if name != DELETED_AT]

    def _is_delete_flow(self) -> bool:
        return self._option("isDeleteFlow").lower() == "true"

    def _table(self) -> str:
        name = self._option("tableName")
        if not name:
            raise ConfigError(f"tableName is missing; it must be a stream or one of {', '.join(_VIRTUAL)}")
        return name

    def _names(self) -> list[str]:
        text = self._option("tableNameList")
        try:
            names = json.loads(text) if text else list(STREAMS)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigError('tableNameList must be a JSON list of names, such as ["orders", "customers"]')
        return [find(name).name for name in names]

    def _option(self, name: str) -> str:
        # Spark hands over option names in any case.
        given = {key.lower(): value for key, value in dict(self.options).items()}
        return str(given.get(name.lower()) or "").strip()


class _VirtualReader(DataSourceReader):
    """Describes streams; asks the platform nothing."""

    def __init__(self, table: str, names: list[str]) -> None:
        self._table = table
        self._names = names

    def read(self, partition: InputPartition) -> Iterator[tuple[Any, ...]]:  # noqa: ARG002 - there is only one
        """Yield one row for each stream; there are no namespaces."""
        for stream in map(find, self._names):
            if self._table == _METADATA:
                yield stream.name, list(stream.key), stream.cursor, ingestion_type(stream)
            elif self._table == _TABLES:
                yield [], stream.name


def register_lakeflow_source(spark: SparkSession) -> None:
    """Make `lakeflow_connect` known to a session, as pipelines of community connectors do before they read."""
    spark.dataSource.register(LakeflowSource)
