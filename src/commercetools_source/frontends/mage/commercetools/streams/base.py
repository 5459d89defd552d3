"""Reads one stream page by page, through the engine, from a bookmark of Mage's."""

# ruff: noqa: G004 - Mage's logger takes whole messages

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.privacy import privacy_of
from commercetools_source.extract.records import decoded
from commercetools_source.extract.selection import Selection, refuse_future_start
from commercetools_source.frontends.mage import bookmarks as bookmark
from commercetools_source.frontends.mage import deletions
from commercetools_source.frontends.mage.commercetools.client import Client, hook_of, settings_of
from commercetools_source.frontends.mage.writing import Page
from commercetools_source.frontends.words import MAGE
from commercetools_source.sync.access import unseen_changes
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.client import Client as ApiClient
    from commercetools_source.config import Config
    from commercetools_source.extract.paging import Get

__all__ = ["BaseStream"]

_SAMPLE = 100


class BaseStream:
    """Reads the collection at `URL_PATH`. `client` is a `Client`, or anything with its `request`."""

    KEY_PROPERTIES: list[str] = []  # noqa: RUF012 - documented, and Mage's own classes replace it
    URL_PATH: str | None = None
    ROW: Stream | None = None

    def __init__(self, client: Any, config: dict[str, Any], stream: Any, logger: Any) -> None:
        self.client = client
        self.config = config
        self.stream = stream
        self.logger = logger

    def load_data(
        self, bookmarks: Mapping[str, Any] | None = None, *, start_date: datetime | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the stream's records, up to 500 at a time, complete however many there are.

        With `bookmarks` those that changed since, and those that a run which was cut off had left;
        each page carries the bookmark that is true once its records are stored. Otherwise all, or
        those changed since `start_date`. Deleted records come first, where they are asked for. Raises
        CommercetoolsError that says what to do.
        """
        row = self._row()
        if row is None:
            return
        api, config = self._api(), self._settings()
        selection = Selection.of(config, self._bound(config), MAGE.anew)
        if start_date:
            selection = replace(selection, start_date=instant(start_date))
        refuse_future_start(selection.start_date, shift(selection.bound, config.settle_seconds))
        stored = bookmark.checked(bookmarks, row, selection)
        if isinstance(self.client, Client):
            notices = (unseen_changes(self.client.api, [row], MAGE.anew), undefined_names(self.client.api))
            for notice in filter(None, notices):
                hook_of(self.logger)(notice)
        # A byte: Mage gets each page as it comes, with a bookmark of its own.
        limits = Limits(workers=config.concurrency, page_size=config.page_size, batch_bytes=1)
        get = api.get if api is not None else _get_by(self.client)
        brief = api.get_briefly if api is not None else get
        if deletions.wanted(self.config, getattr(self.stream, "replication_method", None), row):
            stored = yield from deletions.told(brief, row, stored, selection, config, self.logger, Page)
        run = Extraction(get, [row], {row.name: stored}, selection, limits, hook_of(self.logger))
        for delivery in run.deliveries():
            rows = [decoded(record) for record in delivery.records]
            yield Page(rows, bookmark.written(stored, delivery.state, row))
        # After the pages: what was read is stored by then, and the error tells that it is not all.
        lack = run.outcomes[row.name].lack
        if lack is not None:
            raise CommercetoolsError(lack)
        self.logger.info(f"Finish loading data for stream {type(self).__name__}.")

    def sample(self) -> list[dict[str, Any]]:
        """Return the first page that has records, 100 at most; empty when there are none."""
        row = self._row()
        if row is None:
            return []
        pages = self.client.api.pages(row, page_size=_SAMPLE)
        # The first parents of a stream that is listed below others may have no records.
        page = next((page for page in pages if page.records), None)
        return [decoded(record) for record in page.records] if page is not None else []

    def _api(self) -> ApiClient | None:
        # `type`, because a class derived from it may answer otherwise, and then its own `request` is what counts.
        return self.client.api if type(self.client) is Client else None

    def _settings(self) -> Config:
        api = self._api()
        return api.config if api is not None else settings_of(self.config)

    def _bound(self, config: Config) -> str:
        """Return the time up to which a run reads: by the platform's clock, with whatever client can ask for it."""
        # A client derived from ours, too: by a clock of this machine that is ahead, changes would be passed over.
        if isinstance(self.client, Client):
            return self.client.api.settled_time()
        return shift(instant(datetime.now(timezone.utc)), -config.settle_seconds)

    def _row(self) -> Stream | None:
        """Return the catalogue's row for `URL_PATH`; a path without a row is read as its collection is elsewhere.

        Raises ConfigError for a collection that nobody knows where personal data are to be left out.
        """
        path = self.URL_PATH
        if self.ROW is not None or path is None:
            return self.ROW
        rows = {row.path: row for row in reversed(list(STREAMS.values()))}
        if path in rows:
            return rows[path]
        # In a store or for an associate it has the same records, with the same secrets, personal data and deletions.
        row = rows.get("/" + path.partition("?")[0].rstrip("/").rpartition("/")[2])
        if row is None and not privacy_of(self._settings()).keeps_all:
            raise ConfigError(
                f"nobody knows what is personal in {path}, because the platform's contract names no such collection;"
                " set personal to keep and leave personal_fields out for a source with this stream"
            )
        # Orders are read as most collections are: by id, and with a time of change.
        row = row or replace(STREAMS["orders"], deleted_messages=(), resource_type=None)
        return replace(row, name=type(self).__name__, path=path)


def _get_by(client: Any) -> Get:
    """Return a `Get` that goes through the documented `request`, so that what a client changes there counts."""

    def get(
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None,  # noqa: ARG001 - such a client has a patience of its own
    ) -> Any:
        answer = client.request(path=path, params=list(params))
        # Such a client may leave the numbers out: what it answers has been through its own checks.
        if isinstance(answer, dict) and isinstance(answer.get("results"), list):
            count = len(answer["results"])
            answer = {"count": count, **({} if count else {"total": 0}), **answer}
        return parse(msgspec.json.encode(answer))

    return get
