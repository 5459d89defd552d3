"""One delivery into an open file: its records, the relations over them and the state, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.destinations.duckdb import counts, merge, states
from commercetools_source.destinations.duckdb.history import REPLACED
from commercetools_source.extract.abilities import Changes
from commercetools_source.extract.delivery import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.arrow.decode import Decoder
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.history import History
    from commercetools_source.destinations.duckdb.model import Model
    from commercetools_source.destinations.duckdb.tables import StreamTables
    from commercetools_source.destinations.duckdb.watch import CustomFieldWatch
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Opened", "Stored", "store", "unchanged"]


@dataclass(frozen=True, slots=True)
class Opened:
    """An open database, and what is known of it."""

    database: Database
    tables: StreamTables
    model: Model
    watch: CustomFieldWatch
    history: History


class Stored(NamedTuple):
    """What decoded the records of a delivery, the names of the columns that they added, and what they changed.

    `decoder` is None where there were no records, `changes` where that is not known: yet, or because the table is too
    large.
    """

    decoder: Decoder | None
    added: list[str]
    changes: Changes | None


def unchanged(opened: Opened, delivery: Delivery, nested: Sequence[str]) -> Stored | None:
    """Return how a delivery is stored of which the file has everything but the state; None where it lacks something.

    The table of its stream is settled. `nested` as in `store`.
    """
    database, tables, model, history = opened.database, opened.tables, opened.model, opened.history
    stream = delivery.stream
    if not states.is_there(database) or not history.is_current(stream.name, delivery.state):
        return None
    if model.nested.new(stream.name, nested):
        return None
    # The relations are, if the table has every column that this version gives it: that is a part of their shape.
    if not model.is_current(stream, database.catalogue.columns[stream.name]):
        return None
    if delivery.phase is Phase.FULL_ONLY:
        decoder = tables.unbound_decoder(stream)
        is_stored = merge.is_stored(database, stream.name, decoder, delivery.records)
        return Stored(decoder, [], Changes()) if is_stored else None
    return None if delivery.records or delivery.phase.full else Stored(None, [], Changes())


def store(opened: Opened, delivery: Delivery, nested: Sequence[str]) -> Stored:
    """Store a delivery and return how; `nested`: the paths of unknown fields inside objects and lists of the stream.

    To be called inside a transaction. Tables are changed before rows are: DuckDB 1.4 loses rows when it replays a
    log with the other order.
    """
    database, tables, model, history = opened.database, opened.tables, opened.model, opened.history
    stream = delivery.stream.name
    table = states.loading_name(stream) if delivery.phase.full else stream
    decoder = _begin(database, tables, delivery, table)
    known_fields = len(decoder.fields)
    rows = decoder.rows(delivery.records)
    if delivery.phase.swaps:
        tables.refuse_foreign(stream)  # before its rows are looked at
    moment = states.now()
    # Before the tables are switched: afterwards the old rows are gone.
    version = counts.remember(database, stream, decoder) if delivery.phase.swaps else None
    if delivery.phase.last:
        table = tables.switch(stream, table, REPLACED if history.keeps(stream) else "")
    tables.add_columns(table, decoder.fields[known_fields:])
    history.prepare(delivery)
    # In the middle of a full read, too: another run may go on with it.
    model.nested.learn(stream, nested)
    if table == stream:
        model.prepare(delivery.stream, decoder.column_types(), anew=delivery.phase.full)
    changes = None if delivery.phase.full else Changes()
    if rows.values and delivery.phase.full:
        merge.insert(database, table, decoder, rows, moment)
    elif rows.values:
        with merge.merged(database, table, decoder, rows, moment, history) as (changed, changes):
            model.update(delivery.stream, decoder.column_types(), changed)
    if delivery.phase is Phase.FULL_LAST:  # one delivery alone is decoded to one row per key
        merge.keep_newest(database, table, decoder)
    history.finish(delivery)
    if version is not None:
        changes = counts.changes_since(database, table, decoder, version)
    if table == stream:
        model.fill(delivery.stream)
    # Last, and in the same transaction: the state never says more than the rows do.
    states.write_state(database, stream, delivery.state, moment)
    return Stored(decoder, [field.name for field in decoder.fields[known_fields:]], changes)


def _begin(database: Database, tables: StreamTables, delivery: Delivery, table: str) -> Decoder:
    """Return the decoder for the rows of `table`, which is there then."""
    # With the other tables, because rows must come after all of them.
    states.create_table(database)
    # What a read that was given up had loaded must not be mixed with this one.
    if delivery.phase.first:
        tables.start_over(delivery.stream.name)
    return tables.decoder(delivery, table)
