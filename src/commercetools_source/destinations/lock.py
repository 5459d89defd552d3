"""The lock of a folder: one run that writes, or any number of commands that only read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from weakref import WeakSet

from commercetools_source.destinations.store.atomic import refuse_irregular
from commercetools_source.errors import DestinationError, InUseError

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

__all__ = ["LOCK", "lock", "lock_to_read", "unlock"]

LOCK = ".lock"
_held: WeakSet[FileIO] = WeakSet()
"""The locks of this process."""


def _let_go() -> None:
    """Close the locks of the process that this one was forked from.

    A lock lasts until the last descriptor of its file is closed (https://man7.org/linux/man-pages/man2/flock.2.html):
    a child that lives on would hold the folder after its parent has closed it.
    """
    for handle in list(_held):
        handle.close()
    _held.clear()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_let_go)


def lock(folder: Path) -> FileIO:
    """Return an open file that holds the folder for this process; the system lets go of it when the process ends.

    It has the process's number in it. Raises InUseError when another one holds the folder, DestinationError when
    somebody else uses a file of this name.
    """
    path = folder / LOCK
    refuse_irregular(path)
    # Not "w": until the lock is ours the text in it is another process's. Without a buffer, because the lock of one
    # could be held by a thread that a forked process does not have.
    handle = path.open("a+b", buffering=0)
    if (error := _obstacle(folder, handle)) is not None:
        handle.close()
        raise error
    handle.truncate(0)
    # For the sentence that another run shows its user; the lock itself needs no text.
    handle.write(str(os.getpid()).encode())
    _held.add(handle)
    return handle


def _obstacle(folder: Path, handle: FileIO) -> DestinationError | None:
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


def lock_to_read(folder: Path) -> FileIO | None:
    """Return an open file that keeps runs from writing and lets others read; None when no run has written yet.

    Nothing is created or changed. Raises InUseError while a run writes.
    """
    path = folder / LOCK
    refuse_irregular(path)
    try:
        handle = path.open("rb", buffering=0)
    except FileNotFoundError:
        return None
    try:
        _lock_file(handle, shared=True)
    except OSError as error:
        in_use = _in_use(folder, handle)
        handle.close()
        raise in_use from error
    _held.add(handle)
    return handle


def unlock(handle: FileIO) -> None:
    """Let others have the folder; nothing in a process that was forked since it was locked."""
    if not handle.closed and sys.platform != "win32":
        import fcntl

        # Said, because a child that is about to close its copy may not have come to it yet.
        fcntl.flock(handle, fcntl.LOCK_UN)
    handle.close()


def _in_use(folder: Path, handle: FileIO) -> InUseError:
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


def _lock_file(handle: FileIO, *, shared: bool) -> None:
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
