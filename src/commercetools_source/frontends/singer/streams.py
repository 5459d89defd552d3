"""The catalogue's rows as streams of the SDK."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk import Stream as SingerStream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.stream import Paging
from commercetools_source.errors import ForbiddenError
from commercetools_source.frontends.mixed_columns import mixed_columns, row_with_text
from commercetools_source.frontends.singer.catalog import DELETED_AT, DELETED_AT_SCHEMA, FULL_TABLE, keep_deletions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk import Tap
    from singer_sdk.singerlib import MetadataMapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.client import Client

__all__ = ["CommercetoolsStream", "Reader", "open_unions", "schema_of"]


def open_unions(schema: Any) -> Any:
    """Return a JSON Schema in which a nested value of several types is described by its types only.

    Singer's tools take a schema with `properties` for that of an object, whatever its type says, and
    stumble over the text that the value may be as well.
    """
    if isinstance(schema, list):
        return [open_unions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    types = schema.get("type")
    if isinstance(types, list) and len({*types} - {"null"}) > 1:
        return {"type": types}
    return {name: open_unions(value) for name, value in schema.items()}


def schema_of(row: Stream) -> dict[str, Any]:
    """Return the SCHEMA of a stream: one type for each column, text where the values are of several types."""
    schema: dict[str, Any] = open_unions(json_schema(row))
    schema["properties"].update({name: {"type": ["null", "string"]} for name in mixed_columns(row.name)})
    return schema


class Reader(Protocol):
    """What a stream asks of its tap."""

    @property
    def emits_deletions(self) -> bool:
        """Whether deletions become records."""
        ...

    def connect(self) -> Client:
        """Return a client for the configured project."""
        ...

    def extract(self, streams: Iterable[Any]) -> None:
        """Read `streams` onto standard output."""
        ...

    def refused(self, stream: Any, error: ForbiddenError) -> None:
        """Note that `--test` may not read `stream`."""
        ...


class CommercetoolsStream(SingerStream):
    """One row of the catalogue. A real run goes through the tap's engine; the SDK's own loop serves `--test` only."""

    # Records come as JSON and leave as JSON; nothing needs converting, and unknown fields are kept.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, reader: Reader, row: Stream) -> None:
        schema = schema_of(row)
        self.tells_deletions = reader.emits_deletions and bool(row.deleted_messages)
        # Before the SDK builds its maps from the schema: they must know the column.
        if self.tells_deletions:
            schema["properties"][DELETED_AT] = DELETED_AT_SCHEMA
        # Without a catalog all streams are read but those that somebody has to name.
        self.selected_by_default = not row.by_name
        super().__init__(tap, schema=schema, name=row.name)
        self.row = row
        self.reader = reader
        self.primary_keys = list(row.key)
        self.replication_key = row.cursor
        if row.cursor is None:
            self.forced_replication_method = FULL_TABLE

    @property
    def metadata(self) -> MetadataMapping:
        """What is selected; deletions always are, where they are told."""
        sdk_metadata: MetadataMapping = super().metadata
        if self.tells_deletions:
            keep_deletions(sdk_metadata)
        return sdk_metadata

    @property
    def is_plain(self) -> bool:
        """Whether records leave as they are, but for deselected columns: nothing is mapped or flattened."""
        # One map that changes nothing, and no flattening: everything else must see values.
        # A map of the SDK may rename, hash or drop fields, so records then take the slow way through it.
        maps = self.stream_maps
        return len(maps) == 1 and isinstance(maps[0], SameRecordTransform) and not maps[0].flattening_enabled

    @property
    def emit_activate_version_messages(self) -> bool:
        """False towards the SDK, which would send them before the records; the tap sends them behind."""
        return False

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - no partitions
        """Yield every record, page by page; in a dry run as many as it asks for, and none where a scope is missing."""
        limit = self.ABORT_AT_RECORD_COUNT
        if limit is not None:
            return self._some(limit)
        return self._all()

    def _all(self) -> Iterator[dict[str, Any]]:
        with self.reader.connect() as client:
            yield from map(self._row, client.records(self.row))

    def _row(self, record: dict[str, Any]) -> dict[str, Any]:
        return row_with_text(record, mixed_columns(self.row.name))

    def _some(self, count: int) -> list[dict[str, Any]]:
        with self.reader.connect() as client:
            # A dry run costs one page, and no record that it does not ask for.
            most = 1 if self.row.paging is Paging.SINGLE else min(count, client.config.page_size)
            try:
                return list(map(self._row, islice(client.records(self.row, page_size=most), count)))
            except ForbiddenError as error:
                self.reader.refused(self, error)
        return []

    def _sync_records(
        self, context: Mapping[str, Any] | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        if self.ABORT_AT_RECORD_COUNT is not None:
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        self.reader.extract([self])

    def _sync_batches(self, batch_config: Any, context: Mapping[str, Any] | None = None) -> None:
        if self.ABORT_AT_RECORD_COUNT is not None:
            super()._sync_batches(batch_config, context)
            return
        self.reader.extract([self])

    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> None:
        """Return None: the engine fixes the upper end of a run by the server's clock."""

    def _increment_stream_state(self, latest_record: Any, *, context: Any = None) -> None:
        """Leave the state alone: it advances with the engine's deliveries, not with single records."""

    def _write_starting_replication_value(self, context: Any) -> None:
        """Leave the state alone, as above."""
