"""Deletions as Mage knows them: rows with a time in `_mage_deleted_at`, where Messages tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from commercetools_source.errors import ForbiddenError, printable
from commercetools_source.frontends.arguments import switch
from commercetools_source.frontends.deleted import deleted_since
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS
from commercetools_source.sync.deletions import Kept, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.errors import CommercetoolsError
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.paging import Get
    from commercetools_source.extract.selection import Selection

__all__ = ["COLUMN", "SCHEMA", "told", "wanted"]

Page = TypeVar("Page")

COLUMN = "_mage_deleted_at"
SCHEMA = {"format": "date-time", "type": ["null", "string"]}


def wanted(config: Mapping[str, Any] | None, method: str | None, row: Stream | None) -> bool:
    """Return whether a stream read by replication `method` tells its deletions.

    LOG_BASED does, as in Mage's other sources, and INCREMENTAL if the setting `emit_deletions` says so.
    Raises ConfigError when it says neither yes nor no.
    """
    switched = switch(EMIT_DELETIONS, (config or {}).get(EMIT_DELETIONS))
    # Without Messages that tell of them, no setting can make deletions of this stream known.
    return bool(row is not None and row.deleted_messages) and (
        method == "LOG_BASED" or (method == "INCREMENTAL" and switched)
    )


def told(
    get: Get,
    row: Stream,
    stored: StreamState,
    selection: Selection,
    config: Config,
    logger: Any,
    page: Callable[[list[dict[str, Any]]], Page],
) -> Generator[Page, None, StreamState]:
    """Yield pages of what was deleted since `stored`; without a stored read none, but the right to ask is tried.

    They come before the records, and no bookmark speaks of them: a run that is cut off tells them again. Returns
    the state to read on from, which says so when Messages could not be read to their end.
    """

    def warn(reason: str, error: CommercetoolsError) -> None:
        # Whoever asked for deletions must hear that they cannot come.
        if isinstance(error, ForbiddenError):
            raise unreadable(config.project_key) from error
        if logger is not None:
            logger.info(printable(reason))

    pages = Kept(deleted_since(get, row, stored, selection, config, warn, probe=True))
    for tombstones in pages:
        yield page([msgspec.json.decode(tombstone.record(COLUMN)) for tombstone in tombstones])
    return pages.result
