"""The lock of a folder: one run that writes, or any number of commands that only read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from commercetools_source.destinations.store.atomic import refuse_irregular
from commercetools_source.errors import DestinationError, InUseError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["lock", "lock_to_read"]

_NAME = ".lock"


def lock(folder: Path) -> BinaryIO:
    """Return an open file that holds the folder for this process; the system lets go of it when the process ends.

    It has the process's number in it. Raises InUseError when another one holds the folder, DestinationError when
    somebody else uses a file of this name.
    """
    path = folder / _NAME
    refuse_irregular(path)
    handle = path.open("a+b")  # not "w": until the lock is ours the text in it is another process's
    if (error := _obstacle(folder, handle)) is not None:
        handle.close()
        raise error
    handle.truncate(0)
    # For the sentence that another run shows its user; the lock itself needs no text.
    handle.write(str(os.getpid()).encode())
    handle.flush()
    return handle


def _obstacle(folder: Path, handle: BinaryIO) -> DestinationError | None:
    """Lock the file for writing; return the error that says why that cannot be, None if it is done."""
    try:
        _lock_file(handle, shared=False)
    except OSError:
        return _in_use(folder, handle)
    # Somebody's own file may be called so; it is not ours to write a number into.
    handle.seek(0)
    text = handle.read(32).strip()
    if not text or text.isdigit():
        return None
    return DestinationError(
        f"{handle.name} is not the lock of a run of commercetools-source; move it away, or choose an empty folder"
    )


def lock_to_read(folder: Path) -> BinaryIO | None:
    """Return an open file that keeps runs from writing and lets others read; None when no run has written yet.

    Nothing is created or changed. Raises InUseError while a run writes.
    """
    path = folder / _NAME
    refuse_irregular(path)
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        _lock_file(handle, shared=True)
    except OSError as error:
        in_use = _in_use(folder, handle)
        handle.close()
        raise in_use from error
    return handle


def _in_use(folder: Path, handle: BinaryIO) -> InUseError:
    handle.seek(0)
    writer = handle.read(32).decode(errors="replace").strip()
    holder = f"process {writer}" if writer else "another process"
    try:
        _lock_file(handle, shared=True)
    except OSError:
        pass
    else:
        holder = "another process, which reads it"
    return InUseError(f"{folder} is in use by {holder}; wait until it has ended and run again")


def _lock_file(handle: BinaryIO, *, shared: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        handle.seek(1 << 30)  # outside the text, which stays readable
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        if shared:  # there is no lock to share: what is known then is that no run writes now
            msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        # flock and not lockf: the latter is lost when any descriptor of the file is closed
        # (https://apenwarr.ca/log/20101213).
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
