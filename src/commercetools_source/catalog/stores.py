"""Which streams have a collection inside a store, for API clients whose scopes are those of a store.

https://docs.commercetools.com/api/general-concepts#stores
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from commercetools_source.catalog.contract import Endpoint, load

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream

__all__ = ["is_in_store", "path_in_store", "store_endpoint"]

_PREFIX = "/in-store/key={storeKey}"


def store_endpoint(path: str) -> Endpoint | None:
    """Return the list endpoint inside a store for the collection at `path`, None where the platform has none."""
    return load().endpoints.get(path if path.startswith(_PREFIX) else _PREFIX + path)


def is_in_store(stream: Stream) -> bool:
    """Return whether `stream` can be read store by store."""
    return store_endpoint(stream.path) is not None


def path_in_store(path: str, store_key: str) -> str:
    """Return where the collection at `path` lies in a store; `path` itself without a key, or where it lies in none."""
    if not store_key or path.startswith(_PREFIX[: _PREFIX.index("{")]) or store_endpoint(path) is None:
        return path
    # A key has letters, digits, "-" and "_": https://docs.commercetools.com/api/projects/stores#store
    return f"{_PREFIX.format(storeKey=quote(store_key, safe=''))}{path}"
