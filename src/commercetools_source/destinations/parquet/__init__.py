"""A folder of Parquet files as destination."""

from commercetools_source.destinations.parquet.folder import Parquet

__all__ = ["Parquet"]
