"""What `streams` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.scopes import readable_with
from commercetools_source.catalog.streams import STREAMS, Paging
from commercetools_source.report.table import _json, table

if TYPE_CHECKING:
    from commercetools_source.catalog.streams import Stream

__all__ = ["catalogue_json", "catalogue_text"]


def _how(stream: Stream) -> str:
    if stream.cursor is not None:
        return f"incremental by {stream.cursor}"
    return "whole, one record" if stream.paging is Paging.SINGLE else "whole each time"


def catalogue_text() -> str:
    """Return the catalogue for people."""
    rows = [(row.name, _how(row), " or ".join(row.scopes), row.caveat) for row in STREAMS.values()]
    return table(rows, header=("stream", "read", "needs the scope", "good to know"))


def catalogue_json() -> str:
    """Return the catalogue as a JSON array."""
    return _json(
        [
            {
                "stream": row.name,
                "path": row.path,
                "type": row.item,
                "key": row.key,
                "paging": row.paging.value,
                "cursor": row.cursor,
                "scopes": row.scopes,
                "readable_with": readable_with(row),
                "deleted_messages": row.deleted_messages,
                "caveat": row.caveat,
            }
            for row in STREAMS.values()
        ]
    )
