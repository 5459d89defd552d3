"""The class that Mage runs: what it must say about streams, and what differs from Mage's base class on purpose."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.lazy import lazy
from commercetools_source.frontends.mage import deletions, writing
from commercetools_source.frontends.mage.bases import of_mage
from commercetools_source.frontends.mage.commercetools import checks
from commercetools_source.frontends.mage.commercetools.client import Client
from commercetools_source.frontends.mage.commercetools.schemas import STREAMS
from commercetools_source.frontends.mage.documented import columns_as_text, schemas
from commercetools_source.frontends.mixed_columns import row_with_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from commercetools_source.frontends.mage.commercetools.streams.base import BaseStream
    from commercetools_source.frontends.mage.standin.sources.base import Source
    from commercetools_source.frontends.mage.standin.sources.catalog import CatalogEntry, Schema
else:
    Source = of_mage("sources.base").Source

__all__ = ["Commercetools"]


class Commercetools(Source):
    """commercetools as a source of Mage: every stream of the catalogue, in full or by what changed.

    Nothing is sent before data is asked for: templates and discovery need no network. `args` is a
    command line; without it none is read, not even `sys.argv`.
    """

    def __init__(self, **kwargs: Any) -> None:
        with _command_line(kwargs.get("args") or ()):
            super().__init__(**kwargs)

    @lazy
    def client(self) -> Client:
        """The client, which fetches its token when it is first used."""
        return Client(self.config or {}, self.logger)

    def load_data(
        self,
        stream: CatalogEntry,
        bookmarks: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,  # noqa: ARG002 - Mage's batches; this source reads all in one run
        sample_data: bool = False,  # noqa: FBT001, FBT002 - the documented signature
        start_date: datetime | None = None,
        **_extra: Any,
    ) -> Iterator[list[dict[str, Any]]]:
        """Return an iterator over the pages of `stream`, each a list of records.

        `bookmarks` is the stream's stored bookmark: only what changed since is read. `sample_data`
        asks for one page. Raises KeyError at once when the stream is unknown.
        """
        reader = self._class_of(str(stream.tap_stream_id))(self.client, self.config or {}, stream, self.logger)
        if sample_data:
            return iter([reader.sample()])
        return reader.load_data(bookmarks, start_date=start_date)

    def get_table_key_properties(self, stream_id: str) -> list[str]:
        """Return the columns that identify a row."""
        return list(self._class_of(stream_id).KEY_PROPERTIES)

    def get_valid_replication_keys(self, stream_id: str) -> list[str]:
        """Return the column that may serve as a bookmark; none where the API cannot say what changed."""
        row = self._class_of(stream_id).ROW
        return [row.cursor] if row is not None and row.cursor else []

    def get_stream_ids(self) -> list[str]:
        """Return the ids of all streams, in alphabetical order."""
        return sorted(STREAMS)

    def load_schemas_from_folder(self) -> dict[str, Schema]:
        """Return the JSON Schema of every stream by id, from the catalogue; another folder's files if one is set."""
        # A folder that a user names has schemas of a user, which win over ours.
        if self.schemas_folder != "schemas":
            return super().load_schemas_from_folder()
        schema_class = of_mage("sources.base").Schema
        return {name: schema_class.from_dict(schema) for name, schema in schemas().items()}

    def discover(self, streams: Sequence[str] | None = None) -> Any:
        """Return the catalog of all streams, or of those in `streams`. Raises KeyError when one is unknown."""
        # All names are looked at before the first schema is made.
        for name in streams or ():
            self._class_of(name)
        return super().discover(streams=list(streams) if streams else None)

    def internal_column_schema(
        self,
        stream: CatalogEntry,
        bookmarks: Mapping[str, Any] | None = None,  # noqa: ARG002 - the documented signature
    ) -> dict[str, dict[str, Any]]:
        """Return the column for the time of a record's deletion, where deletions are told."""
        row = self._class_of(str(stream.tap_stream_id)).ROW
        has_deletions = deletions.wanted(self.config, stream.replication_method, row)
        return {deletions.COLUMN: deletions.SCHEMA} if has_deletions else {}

    def test_connection(self) -> None:
        """Return when credentials, project and scopes are good; raise within 6 seconds otherwise, naming the fault."""
        checks.check(self.config or {}, self.logger)

    def count_records(
        self,
        stream: CatalogEntry,
        bookmarks: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,  # noqa: ARG002 - as in load_data
        **_extra: Any,
    ) -> int:
        """Return how many records a sync would read, as the platform counts them."""
        row = self._class_of(str(stream.tap_stream_id)).ROW
        return checks.count(self.client.api, row, bookmarks) if row is not None else 0

    def sync_stream(self, stream: CatalogEntry, properties: Mapping[str, Any] | None = None) -> int:
        """Write all rows of `stream` and its state; return how many rows."""
        return writing.sync_stream(self, stream, properties)

    def write_records(
        self, stream: CatalogEntry, rows: Sequence[dict[str, Any]], properties: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write the lines of one page, then its STATE; return `final_record` and `max_bookmark`.

        Columns whose values are of several kinds, such as a custom object's `value`, are written as JSON text.
        """
        return writing.write_records(self, stream, self._as_columns(stream, rows), properties)

    def _as_columns(self, stream: CatalogEntry, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        texts = columns_as_text(str(stream.tap_stream_id))
        if not texts:
            return rows
        text_rows = [row_with_text(row, texts) for row in rows]
        return writing.Page(text_rows, rows.bookmark) if isinstance(rows, writing.Page) else text_rows

    @staticmethod
    def _class_of(stream_id: str) -> type[BaseStream]:
        if stream_id not in STREAMS:
            raise KeyError(f"there is no stream {stream_id!r}; the streams are {', '.join(sorted(STREAMS))}")
        return STREAMS[stream_id]


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    """Let Mage's base class, which parses `sys.argv` wherever it is, see these arguments only."""
    before = sys.argv
    sys.argv = [*before[:1], *arguments]
    try:
        yield
    finally:
        sys.argv = before
