"""Comments in a DuckDB file: what each table, view and column is, for whoever opens it.

DuckDB takes one statement for each comment, a tenth of a millisecond and more. Those of the 9,000 columns of all
streams take as long as a shop of a few hundred records, so a small file gets them when they are asked for, a large one
in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.duckdb.history import earlier
from commercetools_source.model.descriptions import (
    Comments,
    describe_history_table,
    describe_record_columns,
    describe_record_table,
)
from commercetools_source.model.quoting import quoted, string
from commercetools_source.model.schemas import BOOKKEEPING, HISTORY, RECORDS, RELATIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.model import Model

__all__ = ["transactions", "write_comments"]

_LARGE = 10_000
"""Rows of a file from which on its comments take little beside them."""
_COPIED = 50_000
"""Columns copied in a transaction: for each comment DuckDB copies the table or view, and keeps all copies until the
transaction ends. Those of the 834 columns of Messages would take 150 MB."""
_HERE = "database_name = current_database()"

_RUN, _ERROR = "Name of the run.", "Why it failed; NULL where it did not."
_STARTED, _ENDED = (f"When it {word}, by the clock of the machine. UTC." for word in ("began", "ended"))
_FIGURES = {
    "records": "Number of records delivered.",
    "bytes": "Bytes received, unpacked.",
    "error": _ERROR,
}


_BOOKKEEPING = {
    "state": Comments(
        "How far each stream is read; the next run goes on from it.",
        {
            "stream": "Name of the stream.",
            "state": "Checkpoint of the stream, as JSON for the program.",
            "updated_at": "When the state was stored. UTC.",
        },
    ),
    "relations": Comments(
        "What was made for each stream, so that only what has changed is made anew.",
        {
            "stream": "Name of the stream.",
            "relation": "Name of the relation; empty in the row of the stream as a whole.",
            "form": "VIEW or TABLE.",
            "fingerprint": "Hash of the query of the relation, or of all that decides the relations of the stream.",
        },
    ),
    "history": Comments(
        "The streams whose earlier rows are kept.",
        {
            "stream": "Name of the stream.",
            "since": "Time from which on its history is true, by the platform's clock. UTC.",
            "selection": "Which records are read, and what becomes of personal data, as JSON for the program.",
            "file": "Tells this history from that of another file, so that a macro does not answer with its rows.",
        },
    ),
    "nested_fields": Comments(
        "Fields inside objects and lists that this version did not know when they came; the relations have a column for"
        " each.",
        {"stream": "Name of the stream.", "path": "Names from the record to the field; [] stands for each item."},
    ),
    "forgotten": Comments(
        "Whom later runs are kept from loading.",
        {"persons": "What tells these persons' records from others, as JSON for the program."},
    ),
    "runs": Comments(
        "A row for each of the newest runs.",
        {
            **_FIGURES,
            "run": _RUN,
            "command": "Command of the run, sync or backfill.",
            "status": "How it ended; begun while it is under way, and for one that was killed.",
            "started": _STARTED,
            "ended": f"{_ENDED} NULL while it is under way, and for one that was killed.",
            "bound": "Time up to which it read, by the platform's clock. UTC.",
            "requests": "Number of requests sent.",
            "retries": "Number of requests that were sent again.",
            "deletions_unseen": "Why deletions were not looked for; NULL where they were.",
            "waited": "Seconds between requests and their repetitions, of all threads together.",
        },
    ),
    "run_streams": Comments(
        "A row for each stream of each run.",
        {
            **_FIGURES,
            "run": f"{_RUN} Refers to runs.run.",
            "stream": "Name of the stream.",
            "started": f"{_STARTED} NULL where nothing was asked for.",
            "ended": f"{_ENDED} NULL where nothing was asked for.",
            "mode": "How it was read, in full or changes only.",
            "new": "Number of rows that were not there before; NULL where that is not known.",
            "changed": "Number of rows that were changed; NULL where that is not known.",
            "deleted": "Number of rows marked as deleted, removed, or not in a full read.",
            "left_out": "Number of records that the platform could not serve.",
            "unfit": "Number of values that do not have the type of their column; NULL where that is not known.",
            "expired": "Number of rows taken out because they were older than is kept.",
            "pages": "Number of pages read.",
        },
    ),
}


def write_comments(database: Database, model: Model, *, wanted: bool | None) -> None:
    """Write the comments that the file lacks, and those that it has with another text.

    Where it has some, of what has changed since it was opened; else of all, if they are `wanted`, or, with None, if
    the file is large.
    """
    rows = f"SELECT coalesce(sum(estimated_size), 0) FROM duckdb_tables() WHERE {_HERE} AND schema_name = '{RECORDS}'"  # noqa: S608 - constants
    # The bookkeeping gets its comments last: where it has them, all others have theirs.
    last = f"SELECT count(comment) FROM duckdb_tables() WHERE {_HERE} AND schema_name = '{BOOKKEEPING}'"  # noqa: S608 - same
    ((count, complete),) = database.execute(f"SELECT ({rows}), ({last})")
    if not complete and not (count >= _LARGE if wanted is None else wanted):
        return
    streams = database.catalogue.changed if complete else database.catalogue.columns.keys()
    if not streams:
        return
    # DuckDB 1.4 loses rows when it replays a log that has them before such a change of their table.
    database.connection.execute("CHECKPOINT")
    # The optimizer has nothing to do, and takes a third of the time of each of these statements.
    database.connection.execute("PRAGMA disable_optimizer")
    try:
        for statements in transactions(_lacking(database, model, streams)):
            with database.transaction():
                database.connection.execute(statements)
    finally:
        database.connection.execute("PRAGMA enable_optimizer")


def transactions(tables: Iterable[tuple[int, Sequence[str]]], most: int = _COPIED) -> Iterator[str]:
    """Yield the statements of each transaction: the comments of `tables`, a number of columns and texts each."""
    together, copied = [], 0
    for columns, texts in tables:
        for text in texts:
            together.append(f"COMMENT ON {text}")
            copied += columns
            if copied >= most:
                yield "; ".join(together)
                together, copied = [], 0
    if together:
        yield "; ".join(together)


def _lacking(database: Database, model: Model, streams: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield how many columns each table or view has, and the comments that it lacks or has with another text."""
    stored = _stored(database)
    for schema, name, form, comments in _written(database, model, streams):
        present, table = stored.get((schema, name), {}), f"{schema}.{quoted(name)}"
        texts = [f"{form} {table} IS {string(comments.table)}"] * (present.pop("", None) != comments.table)
        texts += [
            f"COLUMN {table}.{quoted(column)} IS {string(comments.columns[column])}"
            for column, text in present.items()
            if column in comments.columns and comments.columns[column] != text
        ]
        yield len(present), texts


def _stored(database: Database) -> dict[tuple[str, str], dict[str, str | None]]:
    """Return the comments of each table and view by column, its own under ""."""
    stored: dict[tuple[str, str], dict[str, str | None]] = {}
    for source, column in (("tables", "''"), ("views", "''"), ("columns", "column_name")):
        name = "view_name" if source == "views" else "table_name"
        rows = database.execute(
            f"SELECT schema_name, {name}, {column}, comment FROM duckdb_{source}() WHERE {_HERE} AND NOT internal"  # noqa: S608 - constants
        )
        for schema, table, part, comment in rows:
            stored.setdefault((schema, table), {})[part] = comment
    return stored


def _written(database: Database, model: Model, names: Collection[str]) -> Iterator[tuple[str, str, str, Comments]]:
    """Yield schema, name and form of the tables and views of these streams, then of the bookkeeping, with comments."""
    catalogue = database.catalogue
    for name, types in catalogue.stream_tables().items():
        if name in names and name in STREAMS:
            stream = STREAMS[name]
            texts = describe_record_columns(stream, types)
            yield RECORDS, name, "TABLE", Comments(describe_record_table(stream), texts)
            if past := earlier(catalogue, name):
                texts = describe_record_columns(stream, past)
                yield HISTORY, name, "TABLE", Comments(describe_history_table(stream), texts)
            for relation, comments in model.comments(stream, types).items():
                yield RELATIONS, relation, catalogue.relations[relation], comments
    for name in catalogue.bookkeeping.keys() & _BOOKKEEPING.keys():
        yield BOOKKEEPING, name, "TABLE", _BOOKKEEPING[name]
