"""One delivery into an open file: its records, the relations over them and the state, in one transaction."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb import merge, states
from commercetools_source.destinations.duckdb.tables import StreamTables, column_types

if TYPE_CHECKING:
    from commercetools_source.arrow.decode import Decoder
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.model import Model
    from commercetools_source.extract.delivery import Delivery

__all__ = ["store"]


def store(database: Database, tables: StreamTables, model: Model, delivery: Delivery) -> tuple[Decoder, list[str]]:
    """Store a delivery; return what decoded the records, and the names of the columns that they added.

    To be called inside a transaction. Tables are changed before rows are: DuckDB 1.4 loses rows when it replays a
    log with the other order.
    """
    stream = delivery.stream.name
    table = states.loading_name(stream) if delivery.phase.full else stream
    states.create_table(database)
    if delivery.phase.first:
        tables.start_over(stream)
    decoder = tables.decoder(delivery, table)
    known_fields = len(decoder.fields)
    rows = decoder.rows(delivery.records)
    if delivery.phase.last:
        table = tables.switch(stream, table)
    added = decoder.fields[known_fields:]
    tables.add_columns(table, added)
    if table == stream:
        model.prepare(delivery.stream, column_types(decoder), anew=delivery.phase.full)
    moment = datetime.now(timezone.utc).replace(tzinfo=None)
    if rows.values and delivery.phase.full:
        merge.insert(database, table, decoder, rows, moment)
    elif rows.values:
        with merge.merged(database, table, decoder, rows, moment) as changed:
            model.update(delivery.stream, column_types(decoder), changed)
    if delivery.phase.swaps:
        merge.keep_newest(database, table, decoder)
    if table == stream:
        model.fill(delivery.stream)
    states.write_state(database, stream, delivery.state, moment)
    return decoder, [field.name for field in added]
