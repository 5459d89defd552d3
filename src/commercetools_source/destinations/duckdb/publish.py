"""A copy of a DuckDB file for readers: who reads a file keeps its writer out, and the writer keeps readers out."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb.connection import attach, refuse_ambiguous, target_of
from commercetools_source.destinations.duckdb_engine import refuse_backslash
from commercetools_source.destinations.store.atomic import refuse_link, replace_file
from commercetools_source.errors import ConfigError, DestinationError, in_a_sentence, reason_in

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["check_target", "publish"]

_MAGIC = slice(8, 12), b"DUCK"
"""Where a DuckDB file says what it is (https://duckdb.org/docs/stable/internals/storage)."""


def publish(source: Path, target: Path) -> None:
    """Put a copy of the DuckDB file `source` in the place of `target`, as a whole or not at all.

    Who reads the copy of before goes on reading that one. Nobody writes `source` meanwhile: it is open to read.
    Raises ConfigError when both are the same file, InUseError, and DestinationError when `target` is no DuckDB file,
    cannot be written, or has a name that `refuse_ambiguous` refuses.
    """
    check_target(source, target)
    connection = attach(source, read_only=True)
    try:
        with in_a_sentence(lambda error: f"cannot publish {target}: {reason_in(error)}"):
            replace_file(target, lambda out: _copy(source, out))
    finally:
        connection.close()


def check_target(source: Path, target: Path) -> None:
    """Raise what `publish` raises for `target` as it is now."""
    with in_a_sentence(lambda error: f"cannot publish {target}: {reason_in(error)}; choose another name"):
        # A hard link has another path and is the same file.
        if target_of(source) == target_of(target) or (source.exists() and target.exists() and target.samefile(source)):
            raise ConfigError(f"{target} is the file that is written; publish its copy under another name")
        _refuse_homeless(target)
        refuse_ambiguous(target)
        refuse_backslash(str(target.absolute()))
        refuse_link(target)
        _refuse_foreign(target)


def _copy(source: Path, out: BinaryIO) -> None:
    with source.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)


def _refuse_homeless(target: Path) -> None:
    if not target.parent.is_dir():
        raise DestinationError(f"cannot publish {target}: the folder {target.parent} does not exist; create it first")


def _refuse_foreign(target: Path) -> None:
    place, magic = _MAGIC
    if not target.exists():
        return
    if not target.is_file():  # a folder, or a pipe on which a read would wait for ever
        raise DestinationError(f"{target} is no file, so it is not replaced; choose another name")
    with target.open("rb") as file:
        if file.read(place.stop)[place] != magic:
            raise DestinationError(f"{target} is no DuckDB file, so it is not replaced; choose another name")
