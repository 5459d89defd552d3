"""Files that are there as a whole or not at all, and never written through a symbolic link."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    Write = Callable[[BinaryIO], int]

__all__ = ["TEMPORARY", "refuse_link", "replace_file", "sync_folder", "write_file"]

TEMPORARY = ".tmp"
_NAME_KEPT = 50
"""Characters of a name that its temporary one has: 200 bytes at most, where file systems allow 255."""


def write_file(folder: Path, name: str, write: Write) -> tuple[int, int]:
    """Write a file that is there as a whole or not at all; return what `write` returned and the number of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}{TEMPORARY}"
    refuse_link(temporary)
    temporary.unlink(missing_ok=True)  # of a killed run; written over, a second name of the file would change too
    try:
        with temporary.open("xb") as out:  # never onto what somebody put there meanwhile
            records = write(out)
            out.flush()
            os.fsync(out.fileno())  # or the rename may be on the disk before the bytes: https://lwn.net/Articles/457667
            size = out.tell()
        temporary.replace(folder / name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(folder)
    return records, size


def replace_file(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file that a person named, as a whole or not at all; raises OSError.

    `mode` is who may read and write it, within what the process allows, from the first moment on.

    Until then it has a name that nobody can have used: what lies beside it is not ours. A run that is killed leaves
    such a file.
    """
    temporary = path.with_name(f".{path.name[:_NAME_KEPT]}.{secrets.token_hex(8)}{TEMPORARY}")
    with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as out:
        try:
            write(out)
            out.flush()
            os.fsync(out.fileno())  # as in `write_file`
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    sync_folder(path.parent)


def refuse_link(path: Path) -> None:
    """Raise DestinationError when `path` is a symbolic link, through which a run would write somewhere else."""
    if path.is_symlink():
        raise DestinationError(
            f"{path} is a symbolic link, and nothing is written through one; put a file or folder in its place"
        )


def sync_folder(path: Path) -> None:
    """Make renames in `path` survive a power failure, where the system can."""
    if sys.platform == "win32":  # it opens no folder, and has nothing in place of this
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
