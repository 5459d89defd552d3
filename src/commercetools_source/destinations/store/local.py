"""A folder of this machine as a store: a lock file, and files that come into being by a rename."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.destinations.lock import lock, lock_to_read, unlock
from commercetools_source.destinations.manifest import LOADING, MANIFEST, PART
from commercetools_source.destinations.store.atomic import (
    TEMPORARY,
    refuse_irregular,
    refuse_link,
    size_of,
    sync_folder,
    write_file,
)
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from typing import BinaryIO

    import duckdb

    Write = Callable[[BinaryIO], int]

__all__ = ["Local"]


class Local:
    """The folder `path`, whose parent folder must exist."""

    loading = LOADING
    shared = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._lock: FileIO | None = None

    @property
    def url(self) -> str:
        """The whole path."""
        return str(self.path.absolute())

    def is_there(self) -> bool:
        """Return whether it is a folder."""
        return self.path.is_dir()

    def prepare(self) -> None:
        """Create the folder."""
        self.path.mkdir(exist_ok=True)

    def lock(self) -> None:
        """Lock the folder for writing; raises InUseError."""
        self._lock = lock(self.path)

    def lock_to_read(self) -> None:
        """Keep runs from writing; raises DestinationError when there is no folder."""
        if not self.path.exists():
            raise DestinationError(f"{self.path} does not exist; run `commercetools-source sync` first")
        if not self.path.is_dir():
            raise FileExistsError
        self._lock = lock_to_read(self.path)

    def close(self) -> None:
        """Release the lock."""
        handle, self._lock = self._lock, None
        if handle is not None:
            unlock(handle)

    def explain(self, error: OSError) -> str:
        """Return why it cannot be opened, in a sentence."""
        if error.errno == errno.ELOOP or (isinstance(error, FileExistsError) and not self.path.exists()):
            return f"the symbolic link {self.path} leads nowhere; choose another name"
        if isinstance(error, FileExistsError):
            return f"{self.path} is a file; name a folder for the data"
        # Some filesystems, such as /proc, refuse a new file in an existing folder with the same error.
        if isinstance(error, FileNotFoundError) and not self.path.parent.is_dir():
            return f"cannot write to {self.path}: the folder {self.path.parent} does not exist; create it first"
        return f"{self.path} cannot be written: {error.strerror or error}; check its permissions and the space left"

    def check(self, table: str) -> None:
        """Raise DestinationError when the folder of a table is a symbolic link, is behind one, or is no folder."""
        path = self.path
        for step in (*table.split("/"), LOADING):
            path = path / step
            refuse_link(path)
            if path.exists() and not path.is_dir():
                raise DestinationError(f"{path} is no folder, and that of a table must be there; move it away")

    def get(self, path: str) -> bytes | None:
        """Return what is in a file, None when there is none."""
        file = self.path / path
        refuse_link(file)
        return None if size_of(file) is None else file.read_bytes()

    def put(self, path: str, write: Write, *, empty: bool = True) -> tuple[int, int]:
        """Write a file beside its name, and give it the name when it is whole."""
        file = self.path / path
        refuse_irregular(file)
        records, size = write_file(file.parent, file.name, write)
        # Written first, because only the writer of rows knows whether there are any.
        if not records and not empty:
            file.unlink()
        return records, size

    def replace(self, path: str, text: bytes) -> None:
        """Replace a file by a rename."""
        file = self.path / path
        refuse_irregular(file)
        write_file(file.parent, file.name, lambda out: out.write(text))

    def is_certain(self) -> bool:
        """Return True: a rename is done or not."""
        return True

    def size(self, path: str) -> int | None:
        """Return the bytes of a file, None when there is none; raises DestinationError for what is no regular file."""
        return size_of(self.path / path)

    def changed(self, path: str) -> float:
        """Return when a file changed last."""
        return (self.path / path).stat().st_mtime

    def move(self, path: str, target: str) -> None:
        """Rename a file."""
        (self.path / path).replace(self.path / target)

    def move_back(self, path: str, origin: str) -> None:
        """Rename a file back, if it is there and not at its origin."""
        if (self.path / path).exists() and not (self.path / origin).exists():
            self.move(path, origin)

    def persist(self, folder: str) -> None:
        """Write the names of a folder to the disk."""
        sync_folder(self.path / folder)

    def discard(self, path: str, *, begun: bool = False) -> None:
        """Remove a file; with `begun` also what a killed run wrote of it before it had its name."""
        file = self.path / path
        for each in (file, file.with_name(f"{file.name}{TEMPORARY}")) if begun else (file,):
            with suppress(FileNotFoundError, NotADirectoryError):
                each.unlink()

    def clean(self) -> None:
        """Remove what a killed run wrote of a manifest."""
        path = self.path / f"{MANIFEST}{TEMPORARY}"
        refuse_link(path)
        path.unlink(missing_ok=True)

    def tidy(self, table: str) -> None:
        """Remove the folder of a full read that is over, if it is empty."""
        self.check(table)
        with suppress(OSError):  # it may not be there, or hold files of somebody else
            (self.path / table / LOADING).rmdir()

    def strays(self) -> Iterator[str]:
        """Yield data files that are below no other manifest."""
        # Not glob, which fails where somebody removes a folder while it looks.
        for folder, inner, names in os.walk(self.path):
            # A destination in a folder of this one, or a copy of one: its files are named by a manifest of their own.
            inner[:] = [name for name in inner if not Path(folder, name, MANIFEST).exists()]
            for name in filter(PART.fullmatch, names):
                yield str(Path(folder, name).relative_to(self.path))

    def fetch(self, path: str) -> Path:
        """Return the path of a file."""
        return self.path / path

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Do nothing: a connection reads files."""

    def source(self, path: str) -> str:
        """Return the path of a file."""
        return str(self.path / path)

    def release(self, table: str) -> None:
        """Do nothing: no copy was made."""
