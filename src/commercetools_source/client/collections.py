"""Whole collections of one project: as pages, records, a count, columns and frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from commercetools_source.catalog.streams import Paging, find
from commercetools_source.catalog.timestamps import Time, instant, shift, time_of
from commercetools_source.client.requests import Requests
from commercetools_source.config.settings import SETTINGS
from commercetools_source.errors import ConfigError
from commercetools_source.extract import paging
from commercetools_source.extract.counting import count_records
from commercetools_source.extract.parents import parents_of
from commercetools_source.extract.records import decoded
from commercetools_source.extract.selection import checked_predicate, range_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.request import Page
    from commercetools_source.records import ReadRecords

__all__ = ["Client"]


def _by_stream(read: Callable[..., Iterator[Any]]) -> ReadRecords:
    """Let type checkers see the record of each stream; nothing changes at run time."""
    return cast("ReadRecords", read)


class Client(Requests):
    """Requests to one project; safe to share between threads. Nothing is sent before the first request.

    A process forked from this one may use it too: it opens connections of its own and keeps the access token.

    `config` may be a plain mapping of settings; `contact_seconds` is the time for a host that never answered, by
    default `retry_seconds`: shorten it where a person waits for the result. `access_token` is one that another process
    fetched: it is used until the platform refuses it. `timing` replaces clock and sleep, for tests. Use it as a
    context manager, or `close` it, to give its connections back.
    """

    def pages(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        page_size: int | None = None,
    ) -> Iterator[Page]:
        """Return every page of `stream`, in keyset order where it has one, complete past any offset limit.

        `where` restricts it further, in the API's query language (https://docs.commercetools.com/api/predicates/query).
        `since` and `until` (the end excluded) select by the date of the last change; without them everything is
        read. They are API timestamps, dates or times; without a zone they are UTC. A page has `page_size` records at
        most, by default the setting's. Arguments are checked at the call, which raises ConfigError; requests are
        sent when a page is asked for. A record that the platform cannot serve raises the error it causes.
        """
        row, predicates, whole = _selected(stream, where, since, until)
        most = self.config.page_size if page_size is None else _checked_size(page_size)
        # Generators from here on: the arguments are checked at the call, and no request is sent before the first page.
        parents = parents_of(self.get, row, most, self.config.store_key)
        ranges = (replace(self._ending(row, whole), parent=parent) for parent in parents)
        return (
            page
            for each in ranges
            for page in paging.pages(self.get, row, each, most, where=predicates, privacy=self.privacy)
        )

    def _ending(self, stream: Stream, whole: KeyRange) -> KeyRange:
        """Return a range with its end: one that may have to be divided by time ends now if nothing else is asked."""
        if stream.paging is not Paging.DATED or whole.upper is not None:
            return whole
        # The clock of an answer has whole seconds, cut off.
        return replace(whole, upper=shift(instant(self.server_time()), 1))

    @_by_stream
    def records(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        page_size: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Return every record of `stream` as a dict, page by page; the arguments are those of `pages`.

        Type checkers know the record of a stream that is named by a literal (`commercetools_source.records`).
        """
        pages = self.pages(stream, where=where, since=since, until=until, page_size=page_size)
        # One page in memory at a time, however many records there are.
        return (decoded(record) for page in pages for record in page.records)

    def count(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
    ) -> int:
        """Return how many records `records` would yield, mostly without reading them.

        It takes a request for each 10,000 records, one for all of a stream, and one for each parent where it has some.
        """
        row, predicates, whole = _selected(stream, where, since, until)
        size = self.config.page_size
        parents = parents_of(self.get, row, size, self.config.store_key)
        ranges = (replace(self._ending(row, whole), parent=parent) for parent in parents)
        return sum(count_records(self.get, row, each, size, predicates) for each in ranges)

    def arrow(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        page_size: int | None = None,
    ) -> pa.RecordBatchReader:
        """Return the records of `stream` as Arrow record batches, read as they are asked for; the arguments of `pages`.

        A column is a field of the API, typed as in Parquet files: times are UTC, nested values JSON texts. Fields
        without a column and values that do not fit theirs are in `_unfit`, a JSON object. DuckDB, Polars and
        pandas take the reader as it is. Needs the extra `arrow`.
        """
        from commercetools_source.arrow.reader import record_reader

        pages = self.pages(stream, where=where, since=since, until=until, page_size=page_size)
        return record_reader(find(stream), (page.records for page in pages))

    def polars(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        page_size: int | None = None,
    ) -> pl.DataFrame:
        """Return the records of `stream` as a Polars frame with the columns of `arrow`; needs the extra `polars`."""
        from commercetools_source.arrow.reader import polars_frame

        return polars_frame(lambda: self.arrow(stream, where=where, since=since, until=until, page_size=page_size))

    def pandas(
        self,
        stream: str | Stream,
        *,
        where: str | Sequence[str] = (),
        since: Time | None = None,
        until: Time | None = None,
        page_size: int | None = None,
    ) -> pd.DataFrame:
        """Return the records of `stream` as a pandas frame with the columns of `arrow`; needs the extra `pandas`.

        Its columns have Arrow's types (`pandas.ArrowDtype`): whole numbers stay whole where some are missing.
        """
        from commercetools_source.arrow.reader import pandas_frame

        return pandas_frame(lambda: self.arrow(stream, where=where, since=since, until=until, page_size=page_size))


def _selected(
    stream: str | Stream, where: str | Sequence[str], since: Time | None, until: Time | None
) -> tuple[Stream, tuple[str, ...], KeyRange]:
    """Return what the arguments of `Client.pages` select, without the parents; raises ConfigError."""
    row = find(stream)
    several = where if isinstance(where, Iterable) and not isinstance(where, (str, Mapping)) else (where,)
    predicates = tuple(checked_predicate(row, text) for text in several)
    start, end = time_of(since, "since"), time_of(until, "until")
    # Texts of one form, so they compare as times; an empty window of equal ends is legal and gives nothing.
    if start is not None and end is not None and start > end:
        raise ConfigError(f"since is {start} and until is {end}: nothing can lie between; since must be earlier")
    return row, predicates, range_of(row, (), start, end)


def _checked_size(size: int) -> int:
    try:
        checked: int = SETTINGS["page_size"].parse(size)
    except ValueError as problem:
        raise ConfigError(f"page_size is {size!r}; {problem}") from None
    return checked
