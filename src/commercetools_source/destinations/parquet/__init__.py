"""A folder of Parquet files as destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commercetools_source.destinations.parquet.folder import Parquet

__all__ = ["Parquet"]


def __getattr__(name: str) -> object:
    """Import the destination when it is asked for: the help of `schema` needs the dialects only."""
    if name == "Parquet":
        from commercetools_source.destinations.parquet.folder import Parquet

        return Parquet
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
