"""A DuckDB file as destination."""

from commercetools_source.destinations.duckdb.file import DuckDB, row_counts

__all__ = ["DuckDB", "row_counts"]
