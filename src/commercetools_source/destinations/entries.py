"""What a delivery makes of the entry of a table in a manifest. Pure: the files are written and moved elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.destinations.manifest import Entry
from commercetools_source.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from commercetools_source.destinations.manifest import File
    from commercetools_source.extract.delivery import Delivery

    Write = Callable[[BinaryIO], int]

__all__ = ["TableRows", "begun", "paths_of", "with_file"]


@dataclass(frozen=True, slots=True)
class TableRows:
    """What a delivery brings to one table: `write` puts its rows into an open file and returns their number.

    None: no rows. `columns`: those of the file, where it has such. `history` as in Entry. Where a full read keeps the
    earlier rows, `past` returns what writes them, when it is given the sources of all files that were loaded.
    """

    table: str
    key: tuple[str, ...]
    write: Write | None
    columns: Mapping[str, str] | None = None
    history: str = ""
    past: Callable[[Sequence[str]], Write] | None = None


def begun(delivery: Delivery, rows: TableRows, old: Entry) -> Entry:
    """Return the entry of a table before the file of a delivery: without what another full read has loaded."""
    stream = delivery.stream.name
    return Entry(
        rows.key,
        old.files,
        # What a read loaded that was given up belongs to another bound.
        [] if delivery.phase.first else old.loading,
        old.next,
        columns=old.columns,
        loading_columns=old.loading_columns,
        parent="" if rows.table == stream else stream,
        since=old.since,
        history=rows.history,
        nested=old.nested,
    )


def with_file(delivery: Delivery, rows: TableRows, begun: Entry, files: Sequence[File]) -> Entry:
    """Return the entry with the file that was written, if any; a full read that is complete takes the rows' place.

    Raises RecordError where the rows that a record left out would stand beside rows of other types.
    """
    phase = delivery.phase
    entry = msgspec.structs.replace(begun, next=begun.next + len(files))
    time = delivery.state.cursor or delivery.state.bound or ""
    # A full read takes the place of all versions; before, files of an earlier release are as good as one.
    if (phase.swaps and rows.past is None) or not (phase.full or entry.since):
        entry.since = time
    # Of what was not there, nobody knows how it was.
    elif delivery.joins:
        entry.since = max(entry.since, time)
    if phase.full:
        entry.loading = [*entry.loading, *files]
        entry.loading_columns = dict(rows.columns or {})
    else:
        entry.files = [*entry.files, *files]
        entry.columns = dict(rows.columns or {})
    if phase.swaps and delivery.keeps_unread:
        _refuse_other_types(rows.table, begun.columns, entry.loading_columns)
        # A record that could not be read keeps its old row, so all old rows stay beside the new ones.
        entry.files, entry.columns = [*begun.files, *entry.loading], {**begun.columns, **entry.loading_columns}
    elif phase.swaps:
        earlier = {} if rows.past is None else begun.columns
        entry.files, entry.columns = entry.loading, {**earlier, **entry.loading_columns}
    return entry


def paths_of(streams: Mapping[str, Entry], loading: str) -> set[str]:
    """Return the paths of the files that entries name; `loading` as in Store."""
    return {path for table, entry in streams.items() for path in entry.paths(table, loading)}


def _refuse_other_types(table: str, stored: Mapping[str, str], loaded: Mapping[str, str]) -> None:
    """Raise RecordError where files cannot stand side by side, because a column of theirs has two types."""
    for name in stored.keys() & loaded.keys():
        if stored[name] != loaded[name]:
            raise RecordError(
                f"a record of {table} could not be read, so its rows are not replaced, and column {name} is no longer"
                f" {stored[name]} but {loaded[name]}; run it again once the record can be read"
            )
