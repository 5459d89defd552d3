"""Rows into a table: loaded behind what is there, or merged by their key."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations.duckdb.states import now
from commercetools_source.extract.abilities import Changes
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import record_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import msgspec

    from commercetools_source.arrow.decode import Decoder, Rows
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.history import History

__all__ = ["add_missing", "insert", "is_stored", "keep_newest", "merged"]

_STORED = "temp.main._stored"


def insert(database: Database, table: str, decoder: Decoder, rows: Rows, moment: datetime) -> None:
    """Append `rows` to `table`."""
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_batches(decoder.schema(), decoder.batches(rows, moment))
    with database.registered("_batch", reader):
        database.execute(f"INSERT INTO {record_table(table)} BY NAME SELECT * FROM _batch")  # noqa: S608 - a quoted name


def is_stored(database: Database, stream: str, decoder: Decoder, records: Sequence[msgspec.Raw]) -> bool:
    """Return whether `records`, all of a stream, are what its table holds: the same columns, and rows value for value.

    A row that is marked as deleted is another one than that of the record.
    """
    import pyarrow as pa

    name = record_table(stream)
    ((stored, deleted),) = database.execute(f"SELECT count(*), count({DELETED_AT}) FROM {name}")  # noqa: S608 - a quoted name
    # The cheapest question first: most streams that have changed have another number of records.
    if stored != len(records) or deleted:
        return False
    rows, types = decoder.rows(records), decoder.column_types()
    if stored != len(rows.values) or database.catalogue.columns[stream] != types:
        return False
    # Of 64 bits for each row, as in Parquet folders; the key is compared itself.
    values = ", ".join(quoted(column) for column in types if column not in {SYNCED_AT, DELETED_AT})
    key = ", ".join(map(quoted, decoder.key))
    hashed = f"SELECT {key}, hash({values}) AS _hash"
    reader = pa.RecordBatchReader.from_batches(decoder.schema(), decoder.batches(rows, now()))
    with database.registered("_batch", reader):
        ((equal,),) = database.execute(
            f"SELECT count(*) FROM ({hashed} FROM _batch) JOIN ({hashed} FROM {name}) USING ({key}, _hash)"  # noqa: S608 - same
        )
    return bool(equal == stored)


@contextmanager
def merged(
    database: Database, table: str, decoder: Decoder, rows: Rows, moment: datetime, history: History
) -> Iterator[tuple[str, Changes]]:
    """Let each of `rows` replace a stored one that is not newer; give the table expression of those that did, counted.

    By deleting and inserting: to change every column of some rows in place takes 25 times as long. What is
    stored is looked through once, for the row ids; deleting goes by these.
    """
    import pyarrow as pa

    key = ", ".join(map(quoted, decoder.key))
    same = " AND ".join(f"stored.{quoted(name)} = _batch.{quoted(name)}" for name in decoder.key)
    # Of equal versions the later delivery wins: it was read last.
    older = "coalesce(stored.version, -1) <= coalesce(_batch.version, -1)" if decoder.versioned else "true"
    keys = ", ".join(f"_batch.{quoted(name)}" for name in decoder.key)
    other = "stored.version IS DISTINCT FROM _batch.version" if decoder.versioned else "true"
    changed = f"SELECT * FROM _batch ANTI JOIN (SELECT {key} FROM {_STORED} WHERE NOT older) USING ({key})"  # noqa: S608 - quoted names
    batch = pa.Table.from_batches(decoder.batches(rows, moment), decoder.schema())
    with database.registered("_batch", batch):
        database.execute(
            f"CREATE OR REPLACE TEMP TABLE {_STORED} AS SELECT stored.rowid AS row_id, {older} AS older,"  # noqa: S608 - same
            f" {other} AS other, {keys} FROM {record_table(table)} AS stored JOIN _batch ON {same}"
        )
        ((stored, changed_rows),) = database.execute(
            # Each key once, however many rows of it somebody wrote into the table.
            f"SELECT count(DISTINCT ({key})), count(DISTINCT ({key})) FILTER (older AND other) FROM {_STORED}"  # noqa: S608 - quoted names
        )
        if history.keeps(table):
            types = database.catalogue.columns[table]
            history.replace(table, record_table(table), types, f"({changed})", gone=None)
        # In the transaction of the delivery: the rows are never gone without their successors.
        database.execute(f"DELETE FROM {record_table(table)} WHERE rowid IN (SELECT row_id FROM {_STORED} WHERE older)")  # noqa: S608 - same
        database.execute(f"INSERT INTO {record_table(table)} BY NAME {changed}")
        yield f"({changed})", Changes(batch.num_rows - stored, changed_rows)
        database.execute(f"DROP TABLE {_STORED}")


def add_missing(database: Database, source: str, table: str, decoder: Decoder) -> None:
    """Append the rows of table `source` whose keys `table` lacks, after adding the columns that it lacks."""
    columns = database.catalogue.columns
    for name, sql in columns[source].items():
        # A field that only older records have: without its column their values would be lost.
        if name not in columns[table]:
            database.catalogue.add_column(table, name, sql)
    key = ", ".join(map(quoted, decoder.key))
    database.execute(
        f"INSERT INTO {record_table(table)} BY NAME SELECT stored.* FROM {record_table(source)} AS stored"  # noqa: S608 - quoted names
        f" ANTI JOIN {record_table(table)} AS loaded USING ({key})"
    )


def keep_newest(database: Database, table: str, decoder: Decoder) -> None:
    """Leave one row per key; mostly it is so already: a record comes twice only if it moved during the read."""
    name, key = record_table(table), ", ".join(map(quoted, decoder.key))
    # First the keys alone, a few megabytes; ranking whole rows would hold the table in memory.
    twice = f"SELECT {key} FROM {name} GROUP BY ALL HAVING count(*) > 1"  # noqa: S608 - quoted names
    if not database.execute(f"{twice} LIMIT 1"):
        return
    newest = "coalesce(version, -1) DESC, rowid DESC" if decoder.versioned else "rowid DESC"
    ranked = (
        f"SELECT rowid, row_number() OVER (PARTITION BY {key} ORDER BY {newest}) AS rank"  # noqa: S608 - quoted names
        f" FROM {name} WHERE ({key}) IN ({twice})"
    )
    database.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT rowid FROM ({ranked}) WHERE rank > 1)")  # noqa: S608 - same
