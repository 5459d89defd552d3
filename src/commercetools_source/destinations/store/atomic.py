"""Files that are there as a whole or not at all, and never written through a symbolic link."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    Write = Callable[[BinaryIO], int]

__all__ = ["TEMPORARY", "refuse_link", "replace_file", "sync_folder", "write_file"]

T = TypeVar("T")

TEMPORARY = ".tmp"
_NAME_KEPT = 50
"""Characters of a name that its temporary one has: 200 bytes at most, where file systems allow 255."""


def write_file(folder: Path, name: str, write: Write) -> tuple[int, int]:
    """Write a file that is there as a whole or not at all; return what `write` returned and the number of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}{TEMPORARY}"
    refuse_link(temporary)
    temporary.unlink(missing_ok=True)  # of a killed run; written over, a second name of the file would change too
    # "x": never onto what somebody put there meanwhile
    return _finish(temporary.open("xb"), temporary, folder / name, write)


def replace_file(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file that a person named, as a whole or not at all; raises OSError.

    `mode` is who may read and write it, within what the process allows, from the first moment on.

    Until then it has a name that nobody can have used: what lies beside it is not ours. A run that is killed leaves
    such a file.
    """
    # In the same folder, because a rename across file systems is a copy.
    temporary = path.with_name(f".{path.name[:_NAME_KEPT]}.{secrets.token_hex(8)}{TEMPORARY}")
    out = open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115 - closed there
    _finish(out, temporary, path, write)


def _finish(out: BinaryIO, temporary: Path, path: Path, write: Callable[[BinaryIO], T]) -> tuple[T, int]:
    """Fill and close `out`, the file `temporary`, and rename it to `path`; remove it where that fails.

    Return what `write` returned and the number of bytes.
    """
    try:
        with out:
            result = write(out)
            out.flush()
            # Or the rename may be on the disk before the bytes: https://lwn.net/Articles/457667
            os.fsync(out.fileno())
            size = out.tell()
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)
    return result, size


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
