"""What `streams` answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.catalog.scopes import readable_with
from commercetools_source.catalog.streams import STREAMS, Paging
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.catalog.streams import Stream

__all__ = ["StreamsReport"]


@dataclass(frozen=True, slots=True)
class StreamsReport(Report):
    """Every stream of the catalogue."""

    def text(self) -> str:
        """Return a line for each stream: how it is read, what scope it needs, and what is special about it."""
        rows = [(row.name, _mode(row), " or ".join(row.scopes), row.caveat) for row in STREAMS.values()]
        return table(rows, header=("stream", "read", "needs the scope", "good to know"))

    def value(self) -> object:
        """Return an object for each stream."""
        return [
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


def _mode(stream: Stream) -> str:
    if stream.cursor is not None:
        return f"incremental by {stream.cursor}"
    return "whole, one record" if stream.paging is Paging.SINGLE else "whole each time"
