"""The data source `commercetools`: options in, a schema and readers out."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import DataSource

from commercetools_source.frontends.spark.batch import BatchReader, PushdownReader
from commercetools_source.frontends.spark.options import Options, read_options
from commercetools_source.frontends.spark.schema import asked, ddl
from commercetools_source.frontends.spark.stream import StreamReader

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

__all__ = ["CommercetoolsSource", "register", "with_columns"]


class CommercetoolsSource(DataSource):
    """Reads a stream of a commercetools project, in batch or as a stream.

    `slots`, `pushdown`: what a session that `register` was called for has and allows.
    """

    slots: int | None = None
    pushdown = False

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "commercetools"

    def schema(self) -> str:
        """Return the columns; raises ConfigError for wrong options."""
        # Checked here too: Spark asks for the schema first, and a mistake is told before anything is planned.
        options = self._checked()
        return ddl(options.types, variant=options.variant)

    def reader(self, schema: StructType) -> BatchReader:
        """Return the reader of `spark.read`; `schema` is what `schema` returned, or what a person gave in its place."""
        options = with_columns(self._checked(), schema)
        # https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.datasource.DataSourceReader.pushFilters.html:
        # Spark raises for a reader that takes filters while its setting is off, so there are two.
        return PushdownReader(options) if options.pushdown else BatchReader(options)

    def streamReader(self, schema: StructType) -> StreamReader:  # noqa: N802 - Spark's name
        """Return the reader of `spark.readStream`; `schema` as above."""
        # No filters here: Spark pushes none down to a streaming source.
        return StreamReader(with_columns(self._checked(), schema))

    def _checked(self) -> Options:
        return read_options(dict(self.options), os.environ, slots=self.slots, pushdown=self.pushdown)


def with_columns(options: Options, schema: StructType) -> Options:
    """Return the options of a read with the columns of a schema; raises ConfigError for those that cannot be read."""
    fields = [(field.name, field.dataType.simpleString(), field.nullable) for field in schema.fields]
    return replace(options, types=asked(options.types, fields, variant=options.variant))


def register(spark: SparkSession) -> None:
    """Make the format known to a session, and what the session has: its number of slots and whether filters go down.

    Without it Spark finds the format by itself, but then nobody knows how many partitions are read at once.
    """
    session: dict[str, Any] = {"pushdown": spark.conf.get("spark.sql.python.filterPushdown.enabled", "false") == "true"}
    # The class is pickled to where reads are planned; a session is not there, but what the class knows is.
    context = getattr(spark, "sparkContext", None)  # Spark Connect has none
    if context is not None:
        session["slots"] = context.defaultParallelism
    spark.dataSource.register(type(CommercetoolsSource.__name__, (CommercetoolsSource,), session))
