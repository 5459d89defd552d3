"""DuckDB's extensions, which are loaded from this machine and never fetched: https://duckdb.org/docs/stable/extensions.

They are where `INSTALL` puts them, or in the Python packages `duckdb-extension-NAME`, which pip installs from an index.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.errors import DestinationError
from commercetools_source.errors.extras import install_hint
from commercetools_source.model.quoting import string

if TYPE_CHECKING:
    import duckdb

__all__ = ["load"]


def load(connection: duckdb.DuckDBPyConnection, extension: str, user: str) -> None:
    """Load an extension; raises DestinationError that says how to install what `user` needs."""
    import duckdb

    packaged = _packaged(extension, duckdb.__version__)
    try:
        connection.execute(f"LOAD {extension if packaged is None else string(str(packaged))}")
    except duckdb.Error as error:
        raise DestinationError(
            f"cannot open {user}: DuckDB {duckdb.__version__} has no extension {extension} on this machine, and none is"
            f" fetched unasked; run INSTALL {extension} in this DuckDB where the internet can be reached,"
            f" or {install_hint('ducklake')}"
        ) from error


def _packaged(extension: str, version: str) -> Path | None:
    """Return the file of an extension in its Python package, if it is for this version of DuckDB."""
    package = find_spec(f"duckdb_extension_{extension}")
    if package is None or package.origin is None:
        return None
    file = Path(package.origin).parent / "extensions" / f"v{version}" / f"{extension}.duckdb_extension"
    return file if file.exists() else None
