"""Rows to lines: what a sync writes, shared by the stand-in `Source` and by `Commercetools` inside Mage.

Two things differ from Mage's own on purpose: state is written once for each page instead of once
for each record, and the last record is not logged, because it may hold personal data.
"""

# ruff: noqa: G004 - Mage's logger takes whole messages

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.timestamps import moment, time_of
from commercetools_source.frontends.mage.bases import of_mage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["Page", "bookmarks_of", "sync_stream", "write_records"]

_WITH_STATE = frozenset({"INCREMENTAL", "LOG_BASED"})


class Page(list[dict[str, Any]]):
    """Rows of one stream, and the `bookmark` that is true once they are written (None: there is none)."""

    def __init__(self, rows: Iterable[dict[str, Any]], bookmark: Mapping[str, Any] | None = None) -> None:
        super().__init__(rows)
        self.bookmark = bookmark


def bookmarks_of(source: Any, stream: Any) -> dict[str, Any] | None:
    """Return the stored bookmark of `stream`, None when it has none or is read in full each time."""
    # Mage hands over the state of an earlier method too; FULL_TABLE must not go on from it.
    if stream.replication_method not in _WITH_STATE:
        return None
    bookmark: dict[str, Any] | None = ((source.state or {}).get("bookmarks") or {}).get(stream.tap_stream_id)
    return bookmark


def sync_stream(source: Any, stream: Any, properties: Mapping[str, Any] | None = None) -> int:
    """Write all rows of `stream` and its state; return how many rows."""
    name = stream.tap_stream_id
    # An incremental read goes by its bookmark.
    start_date = (source.config or {}).get("start_date") if stream.replication_method != "INCREMENTAL" else None
    tags = {"query": source.query, "start_date": start_date, "stream": name}
    source.logger.info(f"Load data for stream {name} started.", tags=tags)
    count = 0
    highest: list[Any] = []
    pages = source.load_data(
        bookmarks=bookmarks_of(source, stream), query=source.query, start_date=_moment(start_date), stream=stream
    )
    for rows in pages:
        written = source.write_records(stream, rows, properties)
        highest = max(highest, written["max_bookmark"])
        count += len(rows)
    if count:
        source.logger.info("Final record writing completed.", tags={"stream": name})
    columns = source._get_bookmark_properties_for_stream(stream)  # noqa: SLF001 - documented, and Mage's name for it
    # Of unsorted rows no bookmark is true before the last one is written.
    if columns and highest and not source.is_sorted:
        _write_bookmark(name, dict(zip(columns, highest, strict=True)))
    source.logger.info(f"Load data for stream {name} completed.", tags={**tags, "records": count})
    return count


def write_records(
    source: Any,
    stream: Any,
    rows: Sequence[dict[str, Any]],
    properties: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a RECORD line for each of `rows`, then their STATE line; return the last record and the highest bookmark.

    A record has exactly the chosen columns; what a row lacks is null.
    """
    columns = list(properties) if properties is not None else _chosen(stream.metadata)
    columns += source.internal_column_schema(stream, bookmarks=bookmarks_of(source, stream))
    # In the order of the columns, with null for what a row lacks: destinations take rows for tables.
    records = [{column: row.get(column) for column in columns} for row in rows]
    _write_lines(stream.tap_stream_id, records)
    highest = _write_state_after(source, stream, rows) if stream.replication_method in _WITH_STATE else []
    return {"final_record": records[-1] if records else None, "max_bookmark": highest}


def _write_state_after(source: Any, stream: Any, rows: Sequence[dict[str, Any]]) -> list[Any]:
    """Write the STATE line that is true after `rows`; return their highest bookmark when it must wait for the end."""
    if isinstance(rows, Page):
        if rows.bookmark is not None:
            _write_bookmark(stream.tap_stream_id, rows.bookmark)
        return []
    columns = source._get_bookmark_properties_for_stream(stream)  # noqa: SLF001 - documented, and Mage's name for it
    values = [[row.get(column) for column in columns] for row in rows] if columns else []
    if not source.is_sorted:
        return max(values, default=[])
    if values:
        _write_bookmark(stream.tap_stream_id, dict(zip(columns, values[-1], strict=True)))
    return []


def _chosen(metadata: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = ((list(row.get("breadcrumb") or ()), row.get("metadata") or {}) for row in metadata)
    return [breadcrumb[1] for breadcrumb, said in rows if len(breadcrumb) == 2 and said.get("selected")]  # noqa: PLR2004 - a column


def _write_lines(name: str, records: Iterable[dict[str, Any]]) -> None:
    """Write all lines of a page at once, so that a page costs one flush."""
    messages = of_mage("sources.messages")
    lines = [messages.format_message(messages.RecordMessage(stream=name, record=record)) + "\n" for record in records]
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


def _write_bookmark(name: str, bookmark: Mapping[str, Any]) -> None:
    """Write a STATE line that speaks of one stream only, as Mage's destinations expect."""
    of_mage("sources.messages").write_state({"bookmarks": {name: dict(bookmark)}})


def _moment(start_date: Any) -> datetime | None:
    """Return a `start_date` of any form that settings may have as a time. Raises ConfigError."""
    if not start_date:
        return None
    return moment(time_of(start_date, "start_date"))
