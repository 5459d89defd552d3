"""Folders among the system's temporary files, for copies of stored data. Each is of one process, and goes with it.

What a process that was killed has left in its own, the next one removes: nobody else knows that it is there.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from commercetools_source.destinations.lock import LOCK, lock, unlock
from commercetools_source.destinations.manifest import MANIFEST
from commercetools_source.errors import DestinationError, InUseError

if TYPE_CHECKING:
    from io import FileIO

__all__ = ["Scratch"]

_PREFIX = "commercetools-source-scratch-"


class Scratch:
    """A folder at `path`. `close` removes it, or the end of the process, or, where that is killed, the next process."""

    def __init__(self, folder: TemporaryDirectory[str], handle: FileIO) -> None:
        self.path = Path(folder.name)
        self._folder = folder
        self._lock = handle

    @classmethod
    def new(cls) -> Scratch:
        """Make one, and remove those of processes that are gone."""
        _remove_abandoned()
        while True:
            folder = TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            # Another process may look at it before it is locked, and take it for abandoned.
            with suppress(InUseError, FileNotFoundError):
                return cls(folder, lock(Path(folder.name)))

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        unlock(self._lock)
        self._folder.cleanup()


def _remove_abandoned() -> None:
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        # Somebody may keep a destination here and call it so.
        if folder.is_symlink() or not (folder / LOCK).is_file() or (folder / MANIFEST).exists():
            continue
        # That of a process that is there is locked, and that of another user is not ours to open.
        with suppress(DestinationError, OSError):
            handle = lock(folder)
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                unlock(handle)
