"""Where the files of a folder destination are kept: a folder of this machine, or a bucket.

Each path is relative to the store and has slashes, such as `orders/part-000001-5f3a9c01.parquet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    import duckdb

    Write = Callable[[BinaryIO], int]

__all__ = ["Store"]


@runtime_checkable
class Store(Protocol):
    """What a folder destination asks of its files. What goes wrong is raised as OSError or DestinationError.

    `name` is what messages call it, `url` what readers call it. `loading` is the folder, inside that of a table, for
    the files of a full read under way: "" where files lie under their final names from the beginning, and count by
    the manifest alone. A store is `shared` when nothing but the manifest keeps a second run from writing.
    """

    name: str
    loading: str
    shared: bool

    @property
    def url(self) -> str:
        """The name by which a reader finds it from anywhere."""
        ...

    def is_there(self) -> bool:
        """Return whether it exists; raises OSError when that cannot be told."""
        ...

    def prepare(self) -> None:
        """Make it ready for a first look at the manifest, before it is locked."""
        ...

    def lock(self) -> None:
        """Keep other runs of this machine from writing; raises InUseError when one does."""
        ...

    def lock_to_read(self) -> None:
        """Make it ready for reading, with nothing changed; raises DestinationError when it does not exist."""
        ...

    def close(self) -> None:
        """Let go of the lock and of what was fetched."""
        ...

    def explain(self, error: OSError) -> str:
        """Return why it cannot be opened, in a sentence."""
        ...

    def check(self, table: str) -> None:
        """Raise DestinationError when the files of a table would be somewhere else."""
        ...

    def get(self, path: str) -> bytes | None:
        """Return what is in a small file, None when it does not exist."""
        ...

    def put(self, path: str, write: Write, *, empty: bool = True) -> tuple[int, int]:
        """Store a file as a whole or not at all; return what `write` returned and the number of bytes.

        `empty`: also one for which `write` returned zero.
        """
        ...

    def replace(self, path: str, text: bytes) -> None:
        """Replace a file that was got before; raises InUseError when another run has replaced it since, where shared.

        Whether it was replaced may be unknown after an error; `is_certain` tells.
        """
        ...

    def is_certain(self) -> bool:
        """Return whether the file of the last `replace` is known to be what this run believes."""
        ...

    def size(self, path: str) -> int | None:
        """Return the bytes of a file as it was when the store was opened, None when it did not exist."""
        ...

    def changed(self, path: str) -> float:
        """Return when a file changed last, in seconds since 1970."""
        ...

    def move(self, path: str, target: str) -> None:
        """Give a file another name."""
        ...

    def move_back(self, path: str, origin: str) -> None:
        """Undo `move(origin, path)`, if it was done."""
        ...

    def persist(self, folder: str) -> None:
        """Make the names in a folder survive a power failure."""
        ...

    def discard(self, path: str, *, begun: bool = False) -> None:
        """Remove a file that may not exist; with `begun` also what a killed run wrote of it before it had its name."""
        ...

    def clean(self) -> None:
        """Remove what a killed run wrote of a manifest."""
        ...

    def tidy(self, table: str) -> None:
        """Remove the folder of a full read that is over, if it is empty."""
        ...

    def strays(self) -> Iterator[str]:
        """Yield data files, those of a folder inside left out that has a manifest."""
        ...

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read files by their `source`."""
        ...

    def source(self, path: str) -> str:
        """Return what an attached connection reads a file by, and no more of it than a query needs."""
        ...

    def fetch(self, path: str) -> Path:
        """Return where a file can be read on this machine, as a whole."""
        ...

    def release(self, table: str) -> None:
        """Let go of what was fetched of a table."""
        ...
