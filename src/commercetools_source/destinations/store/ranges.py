"""Objects of a bucket as files of DuckDB, which reads of each the columns and row groups that a query needs."""

from __future__ import annotations

from os import SEEK_CUR, SEEK_END, SEEK_SET
from typing import TYPE_CHECKING, Any

from commercetools_source.destinations.store.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from fsspec import AbstractFileSystem

__all__ = ["PROTOCOL", "filesystem"]

PROTOCOL = "commercetools-objects"
"""No protocol of anybody else: an object of s3:// would be read by an extension of DuckDB, with other credentials."""


def filesystem(objects: Any) -> AbstractFileSystem:
    """Return what DuckDB takes for a file system; `objects` is a store of obstore."""
    import obstore
    from fsspec import AbstractFileSystem

    class Objects(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
        protocol = PROTOCOL
        # fsspec would hand the same object to another destination of this process:
        # https://filesystem-spec.readthedocs.io/en/latest/features.html#instance-caching
        cachable = False

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            meta = _ask(lambda: obstore.head(objects, self._strip_protocol(path)))
            # The time of change is asked for by DuckDB, which drops what it knows of a file that has changed.
            return {"name": path, "size": meta["size"], "type": "file", "modified": meta["last_modified"]}

        def modified(self, path: str) -> Any:
            return self.info(path)["modified"]

        def glob(self, path: str, **_: Any) -> list[str]:
            return [path]  # each is named

        def _open(self, path: str, mode: str = "rb", **_: Any) -> Opened:
            if mode != "rb":
                raise OSError(f"{path} is only read")
            return Opened(objects, self._strip_protocol(path), self.info(path)["size"])

    return Objects()


class Opened:
    """An object that is open to read; each read is one request, as DuckDB joins small ones itself."""

    def __init__(self, objects: Any, path: str, size: int) -> None:
        self._objects = objects
        self._path = path
        self._size = size
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes from here on, fewer at the end; raises OSError with a reason, without credentials."""
        import obstore

        remaining = self._size - self._position
        length = remaining if size < 0 else min(size, remaining)
        if length <= 0:
            return b""
        start, self._position = self._position, self._position + length
        return bytes(_ask(lambda: obstore.get_range(self._objects, self._path, start=start, length=length)))

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a byte and return its number."""
        self._position = offset + {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        """Return the number of the byte that is read next."""
        return self._position

    def close(self) -> None:
        """Do nothing: no request is under way."""


def _ask(action: Callable[[], Any]) -> Any:
    from obstore.exceptions import BaseError

    try:
        return action()
    except (BaseError, OSError) as error:
        raise OSError(reason(error)) from None
