"""A DuckDB file as destination."""

from commercetools_source.destinations.duckdb.connection import row_counts
from commercetools_source.destinations.duckdb.file import DuckDB

__all__ = ["DuckDB", "row_counts"]
