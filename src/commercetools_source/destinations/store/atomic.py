"""Files that are there as a whole or not at all, and what may lie in their place: links, pipes, folders."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    Write = Callable[[BinaryIO], int]

__all__ = ["TEMPORARY", "refuse_irregular", "refuse_link", "replace_file", "size_of", "sync_folder", "write_file"]

_KINDS = {
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISDIR: "a folder",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISSOCK: "a socket",
}

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


def replace_file(
    path: Path, write: Callable[[BinaryIO], object], mode: int | None = None, like: Path | None = None
) -> None:
    """Write a file that a person named, as a whole or not at all; raises OSError.

    `mode` is who may read and write it, from the first moment on. By default that are those who might the file before;
    where there is none those who may the file `like`, or else whom the process allows.

    Until then it has a name that nobody can have used: what lies beside it is not ours. A run that is killed leaves
    such a file. Through a symbolic link the file that it points to is written, and the link stays.
    """
    path = path.resolve() if path.is_symlink() else path
    # In the same folder, because a rename across file systems is a copy.
    temporary = path.with_name(f".{path.name[:_NAME_KEPT]}.{secrets.token_hex(8)}{TEMPORARY}")
    models = () if mode is not None else [each for each in (path, like) if each is not None and each.exists()]
    # Until it has the rights of its model nobody else may open it.
    first = 0o600 if models else mode or 0o666
    out = open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, first))  # noqa: SIM115 - closed there
    if models and sys.platform != "win32":
        _allow(out.fileno(), models[0].stat())
    _finish(out, temporary, path, write)


def _allow(file: int, model: os.stat_result) -> None:
    """Let those use an open file who may use the one with this status, as far as this process can say so."""
    mode = stat.S_IMODE(model.st_mode)
    with suppress(OSError):  # a file system that knows no such things, and a group that this process is not in
        if os.fstat(file).st_gid != model.st_gid:
            os.fchmod(file, mode & ~stat.S_IRWXG)  # not for another group, where that one cannot be set
            os.fchown(file, -1, model.st_gid)
        os.fchmod(file, mode)


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


def refuse_irregular(path: Path) -> None:
    """Raise DestinationError when `path` is a link, or is there and no regular file: to read a pipe may never end."""
    refuse_link(path)
    size_of(path)


def size_of(path: Path) -> int | None:
    """Return the bytes of a file, None when there is none; raises DestinationError for what is no regular file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = next((kind for is_kind, kind in _KINDS.items() if is_kind(status.st_mode)), "something else")
        raise DestinationError(
            f"{path} is {kind} and no regular file; move it away, and put the file that belongs there back from a"
            " backup if you have one"
        )
    return status.st_size


def sync_folder(path: Path) -> None:
    """Make renames in `path` survive a power failure, where the system can."""
    if sys.platform == "win32":  # it opens no folder, and has nothing in place of this
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
