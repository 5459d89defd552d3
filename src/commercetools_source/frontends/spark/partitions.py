"""What can be read side by side: disjoint windows of a stream below one bound, each a small value for a worker.

Windows are cut by an immutable field, so that a record that changes meanwhile stays in its window.
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.streams import find
from commercetools_source.catalog.timestamps import shift
from commercetools_source.client import Client
from commercetools_source.config import Config, Secret
from commercetools_source.extract.counting import CEILING, count_records
from commercetools_source.extract.keyset import KeyRange, comparison
from commercetools_source.extract.privacy import KEEP
from commercetools_source.extract.records import position_of
from commercetools_source.extract.request import PageRequest
from commercetools_source.extract.selection import Selection, range_of, refuse_future_start
from commercetools_source.frontends.spark.cutting import cut, threads_of
from commercetools_source.sync.transfer import predicates
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event

__all__ = ["Cluster", "Partition", "divided", "is_divisible", "log", "origin_of", "partitions", "settings_of"]

_LOG = logging.getLogger("commercetools_source.spark")


@dataclass(frozen=True, slots=True)
class Partition:
    """What one worker reads of `stream`, with `threads` requests under way; it can be pickled.

    `ranges` lie below `bound`; without ranges all of the stream is read. `where`: predicates that its records fulfil.
    `records`: about how many there are, None if that is not known. Of `kind` "deletions" the ranges are of Messages.
    `access_token` was fetched where the partitions were made, so that workers need not fetch one each. `origin`: the
    settings with which it was made that say what its rows are.
    """

    stream: str
    bound: str
    ranges: tuple[KeyRange, ...] = ()
    where: tuple[str, ...] = ()
    kind: Literal["full", "incremental", "deletions"] = "full"
    threads: int = 1
    records: int | None = None
    access_token: Secret | None = field(default=None, repr=False, compare=False)
    origin: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where partitions are read: `slots` that read at once, and how many partitions a person wants; None: not said."""

    slots: int | None = None
    count: int | None = None


def settings_of(settings: Config | Mapping[str, Any] | None) -> Config:
    """Return the settings; None: those in the environment's `CTP_*` variables."""
    if isinstance(settings, Config):
        return settings
    return Config.from_env(os.environ) if settings is None else Config.from_mapping(settings)


def origin_of(config: Config, stream: Stream) -> tuple[tuple[str, str], ...]:
    """Return the settings that say what the rows of `stream` are, and what they choose."""
    asked = Selection.of(config, "")
    personal = asked.privacy_of(stream) or KEEP.mode
    return (("project_key", asked.project), ("store_key", asked.store_of(stream)), ("personal", personal))


def log(event: Event) -> None:
    """Log an event: whoever plans or reads partitions has no report for it."""
    _LOG.log(event.level, event.message())


def partitions(
    stream: str,
    settings: Config | Mapping[str, Any] | None = None,
    *,
    where: str = "",
    slots: int | None = None,
    count: int | None = None,
) -> list[Partition]:
    """Return partitions of `stream` that together have every record created until now; `read_partition` reads one.

    `settings`: a Config, a mapping, or None for the environment. `where` restricts the records, in the API's query
    language. `slots`: how many partitions are read at once, by default as many as there are; the `concurrency` of the
    settings is shared out among them. `count`: how many partitions there shall be. A stream that cannot be cut by the
    time at which its records were made is one partition. The platform is asked to count records: one request
    for 3,000 to 7,000 of them. Raises ConfigError, ApiError, AuthenticationError, NetworkError.
    """
    row = find(stream)
    restrictions = tuple(text for _, text in predicates({stream: where} if where else {}, [row]))
    with Client(settings_of(settings), hook=log) as client:
        return whole(client, row, restrictions, Cluster(slots, count))


def whole(client: Client, stream: Stream, where: tuple[str, ...], cluster: Cluster) -> list[Partition]:
    """Return the partitions of all records of `stream` that fulfil `where`."""
    bound = client.settled_time()
    since = client.config.start_date
    refuse_future_start(since, shift(bound, client.config.settle_seconds))
    if (notice := undefined_names(client)) is not None:
        log(notice)
    if since is not None and stream.cursor is not None:
        # As a predicate: the windows stay those of the immutable field, and a change can only move a record in.
        where = (*where, comparison(stream.cursor, ">=", since))
    # Fetched once on the driver: some hundred tasks would ask for some hundred tokens at the same moment.
    token = Secret(client.access_token())
    base = Partition(stream.name, bound, (), where, access_token=token, origin=origin_of(client.config, stream))
    if stream.parents is not None or stream.paging is not Paging.KEYSET:
        # Their records are listed below others, or by offset: whoever reads them finds out what there is.
        return [replace(base, threads=client.config.concurrency)]
    key_range = range_of(stream)
    if is_divisible(stream):
        key_range = replace(key_range, upper=bound)
    return divided(client, stream, key_range, base, cluster)


def is_divisible(stream: Stream) -> bool:
    """Whether the stream can be cut by the time at which its records were made."""
    return stream.paging is Paging.KEYSET and stream.parents is None and stream.ordering[0].endswith("At")


def divided(client: Client, stream: Stream, key_range: KeyRange, base: Partition, cluster: Cluster) -> list[Partition]:
    """Return `base` once for each window of `key_range`, a single range below its upper end; [] if it has no records.

    `key_range` goes by a time if it has an upper end; otherwise it stays whole.
    """
    counter = _Counter(client, stream, base.where)
    first = counter.first(key_range)
    if first is None:
        return []
    if key_range.upper is None:  # it goes by id or name, whose order only the platform knows
        return [replace(base, ranges=(key_range,), threads=client.config.concurrency)]
    records = counter.whole(key_range)
    config = client.config
    cores = os.cpu_count() or 1

    def threads(count: int | None) -> tuple[int, ...]:
        return threads_of(records, config.concurrency, config.page_size, cluster.slots, count, cores)

    is_open = key_range.lower is None and key_range.after is None
    rounds = cut(replace(key_range, lower=first) if is_open else key_range, records, len(threads(cluster.count)))
    # Counts of one round do not depend on each other, and a deep cut takes some ten rounds.
    with ThreadPoolExecutor(config.concurrency) as pool:
        counts: list[int] | None = None
        while True:
            try:
                windows = rounds.send(counts) if counts is not None else next(rounds)
            except StopIteration as end:
                pieces = end.value
                break
            counts = list(pool.map(counter.count, windows))
    if is_open:  # nothing was created before the first record, but a window from its own time on would depend on that
        pieces[0] = replace(pieces[0], key_range=replace(pieces[0].key_range, lower=None))
    return [
        replace(base, ranges=(piece.key_range,), threads=share, records=piece.records)
        for piece, share in zip(pieces, threads(len(pieces)), strict=True)
    ]


class _Counter:
    """Asks the platform how many records of `stream` that fulfil `where` a range has."""

    def __init__(self, client: Client, stream: Stream, where: Sequence[str]) -> None:
        self._get = client.get
        self._page_size = client.config.page_size
        self._stream = stream
        self._where = tuple(where)

    def first(self, key_range: KeyRange) -> str | None:
        """Return the time of the first record, None if there is none."""
        # One record, in the order of the range: its time is where the first window begins.
        record = PageRequest(self._get, self._stream, key_range, self._where).first()
        return None if record is None else position_of(record, key_range).value

    def count(self, key_range: KeyRange) -> int:
        """Return how many records a range has, `CEILING` if that or more."""
        request = PageRequest(self._get, self._stream, key_range, self._where)
        # `limit=0`: the count alone, without a record on the wire
        # (https://docs.commercetools.com/api/general-concepts#limit).
        total = request.fetch(0, None, counted=True).total
        return CEILING if total is None else total  # an endpoint that does not count: cut it as if it were full

    def whole(self, key_range: KeyRange) -> int:
        """Return how many records a range has, beyond `CEILING` too.

        One request tells it of a whole stream, with what was created since its upper end: that is minutes.
        """
        is_whole = not self._where and key_range.lower is None and key_range.after is None
        counted = replace(key_range, upper=None) if is_whole else key_range
        return count_records(self._get, self._stream, counted, self._page_size, self._where)
