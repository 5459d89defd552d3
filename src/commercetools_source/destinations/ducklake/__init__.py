"""A lake of DuckDB's (DuckLake), or a database of MotherDuck's, as destination."""

from commercetools_source.destinations.ducklake.lake import DuckLake

__all__ = ["DuckLake"]
