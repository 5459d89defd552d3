"""Reading one partition, with threads of its own; knows nothing of Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import find
from commercetools_source.client import Client
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.errors.extras import require
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection
from commercetools_source.frontends.spark.partitions import log, origin_of, settings_of
from commercetools_source.frontends.spark.records import Batches
from commercetools_source.frontends.spark.schema import chosen, column_types
from commercetools_source.model.relations import relations
from commercetools_source.sync.deletions import deletions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.extract.checkpoint import Mode
    from commercetools_source.frontends.spark.partitions import Partition
    from commercetools_source.model.relation import Relation

__all__ = ["read_partition", "relation_of"]

_BATCH_BYTES = 8 << 20
"""A task hands its rows on while it reads: a small batch keeps little in memory."""


def read_partition(
    partition: Partition,
    settings: Config | Mapping[str, Any] | None = None,
    *,
    columns: Sequence[str] | None = None,
    relation: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the records of a partition as Arrow batches of a few megabytes, each record once; one batch at least.

    Their columns are always the same: those of the contract, or only `columns`. Nested values are JSON text, times are
    UTC. `relation`: the rows of a relation of the model, `order_line_items` for example, which needs DuckDB.
    Settings of another project, store or choice about personal data than those that it was made with are refused.
    Raises ConfigError, AuthenticationError, ApiError, NetworkError, and CommercetoolsError when a record of the
    partition cannot be read: rows that came before are then not all.
    """
    require("reading a partition", "arrow")
    stream = find(partition.stream)
    table = None if relation is None else relation_of(relation, stream)
    types = column_types(stream, table)
    batches = Batches(stream, types if columns is None else chosen(types, columns), table)
    # The share of the concurrency that the planner gave to this partition, whatever the settings say.
    config = replace(settings_of(settings), concurrency=partition.threads)
    for (name, before), (_, now) in zip(partition.origin, origin_of(config, stream), strict=False):
        # A worker has an environment of its own: without the choice of the driver's, it would hand on data in clear.
        if before != now:
            raise ConfigError(
                f"this partition of {stream.name} was made with {name} {before!r} and is read with {now!r}; hand the"
                " same settings to both, or set the same CTP_ variables where it is read"
            )
    with Client(config, hook=log, access_token=partition.access_token) as client:
        read = _deleted if partition.kind == "deletions" else _records
        rows = read(client, stream, partition, batches)
        # Without any batch an engine would not know the columns.
        yield next(rows, batches.empty)
        yield from rows


def relation_of(name: str, stream: Stream) -> Relation:
    """Return a relation of `stream`; raises ConfigError that names the legal ones."""
    legal = {relation.name: relation for relation in relations(stream)}
    if name not in legal:
        raise ConfigError(f"{stream.name} has no relation {name!r}; it has {', '.join(legal) or 'none'}")
    return legal[name]


def _records(client: Client, stream: Stream, partition: Partition, batches: Batches) -> Iterator[pa.RecordBatch]:
    selection = replace(
        Selection.of(client.config, partition.bound),
        full=not partition.ranges,
        # Among the predicates, so that each window goes by its immutable field.
        start_date=None,
        where=tuple((stream.name, text) for text in partition.where),
    )
    mode: Mode = "incremental" if partition.kind == "incremental" else "full"
    # A stored read that was cut off is exactly a bound and ranges: the engine goes on with it, and shares them out.
    begun = StreamState(mode=mode, bound=partition.bound, ranges=partition.ranges)
    limits = Limits.of(client.config.concurrency, client.config.page_size, _BATCH_BYTES)
    states = {stream.name: begun} if partition.ranges else {}
    extraction = Extraction(client.get, [stream], states, selection, limits, log)
    for delivery in extraction.deliveries():
        yield from batches.of(delivery.records)
    # After the rows: Spark repeats the whole task, so what came before is not kept.
    outcome = extraction.outcomes[stream.name]
    if outcome.error is not None:
        raise CommercetoolsError(f"{stream.name}: {outcome.error}")
    if outcome.quarantined:
        raise CommercetoolsError(
            f"{stream.name}: the platform cannot serve {outcome.quarantined} of its records, even alone; have them"
            " mended, or leave them out by a predicate (where)"
        )


def _deleted(client: Client, stream: Stream, partition: Partition, batches: Batches) -> Iterator[pa.RecordBatch]:
    # Messages of one stream's deletions are few, so they are read one page after the other.
    for key_range in partition.ranges:
        since, until = key_range.lower or partition.bound, key_range.upper or partition.bound
        size, privacy = client.config.page_size, client.privacy
        for _, tombstones in deletions(client.get, [stream], since, until, size, privacy=privacy):
            # By id, as a deletion of the same record may come on two pages.
            times = {tombstone.id: tombstone.time for tombstone in tombstones}
            # A deletion is the record's last change, so its row is the newest by that column too.
            records = [tombstone.record(stream.cursor or "") for tombstone in tombstones]
            yield from batches.of(records, times)
