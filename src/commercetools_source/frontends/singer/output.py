"""What the engine delivers, as Singer messages: SCHEMA, RECORDs or BATCHes, then the STATE that is true with them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.batch import Batcher
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage

from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.fields import decode_fields
from commercetools_source.frontends.mixed_columns import mixed_columns, with_text
from commercetools_source.frontends.singer import bookmarks
from commercetools_source.frontends.singer.catalog import DELETED_AT, FULL_TABLE
from commercetools_source.frontends.singer.lines import LineWriter, PlainStateMessage, envelope
from commercetools_source.frontends.singer.selection import project, tree_of
from commercetools_source.frontends.words import SINGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import TapState
    from singer_sdk.mapper import StreamMap

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.frontends.singer.selection import Tree
    from commercetools_source.frontends.singer.streams import CommercetoolsStream

__all__ = ["SingerOutput"]

_BATCH_BYTES = 64 << 20
_LOOKED_AT = 20
"""In how many records of a delivery fields are looked for that SCHEMA does not have."""


class SingerOutput:
    """A destination of `sync` that writes Singer messages for `streams`.

    `state` is the tap's own state value; it is brought up to date with each delivery, so it is always
    what the last STATE said. `version` is the table version of full reads that begin now, None if
    versions are not asked for. A STATE comes after every `state_bytes` of records at the latest.
    """

    name = "standard output"
    anew = SINGER.anew

    def __init__(
        self,
        streams: Iterable[CommercetoolsStream],
        writer: LineWriter,
        state: TapState,
        version: int | None,
        state_bytes: int,
    ) -> None:
        self.batch_bytes = state_bytes
        self._streams = {stream.name: stream for stream in streams}
        self._writer = writer
        self._state = state
        self._version = version
        self._versions: dict[str, int] = {}
        self._earlier: dict[str, int] = {}
        self._whole: set[str] = set()
        self._outputs: dict[str, _StreamOutput] = {}

    def open(self) -> Mapping[str, StreamState]:
        """Return the states to go on from; raises StateError when one cannot be used, with nothing written."""
        stored = bookmarks.bookmarks_in(self._state)
        self._state.setdefault("bookmarks", {})
        states = {}
        for name, stream in self._streams.items():
            bookmark = stored.get(name, {})
            states[name] = self._start(stream, bookmarks.read(stream.row, bookmark))
            version = bookmark.get(bookmarks.VERSION)
            if isinstance(version, int):
                self._earlier[name] = version
            # A version goes on only with a state that goes on: a read from the start needs a new one.
            if self._version is not None and isinstance(version, int) and states[name] != StreamState():
                self._versions[name] = version
                self._whole.update({name} if states[name].mode == "full" else ())
            self._outputs[name] = _StreamOutput(stream)
            self.batch_bytes = max(self.batch_bytes, _BATCH_BYTES if self._outputs[name].batches else 0)
        return states

    def write(self, delivery: Delivery) -> None:
        """Write the messages of one delivery, its STATE last."""
        stream = self._streams[delivery.stream.name]
        output = self._output_of(stream)
        # Before the records are written: the first delivery of a full read begins the version that they carry.
        version = self._version_of(delivery)
        output.write(delivery.records, self._writer, version)
        # Behind the records: who acts on it removes the rows of older versions, which must be replaced by then. A
        # record that could not be read is one to keep.
        complete = stream.name in self._whole and delivery.phase.swaps and not delivery.state.quarantined
        if complete and version is not None and not output.batches:
            self._writer.write_messages(
                ActivateVersionMessage(stream=stream_map.stream_alias, version=version) for stream_map in output.maps
            )
        self._state["bookmarks"][stream.name] = bookmarks.write(delivery.stream, delivery.state, version)
        self._writer.write_message(PlainStateMessage(value=self._state))

    def wants_deletions(self, stream: Stream) -> bool:
        """Return whether deletions of `stream` become records."""
        return self._streams[stream.name].tells_deletions

    def delete(self, stream: Stream, tombstones: Sequence[Tombstone]) -> int:
        """Write a record with the time in `_sdc_deleted_at` for each deletion; the state stays as it is."""
        records = [tombstone.record(DELETED_AT) for tombstone in tombstones]
        # Under the version of the rows that the target holds: another one would be thrown away.
        version = self._versions.get(stream.name, self._version)
        self._output_of(self._streams[stream.name]).delete(records, self._writer, version)
        return len(records)

    def notices(self) -> list[Notice]:
        """Return a notice for each stream whose records have fields that its SCHEMA lacks."""
        return [
            Notice(
                name,
                f"its records have fields that SCHEMA lacks: {', '.join(map(repr, sorted(output.unknown)))};"
                " they are sent, and most targets leave them out",
            )
            for name, output in self._outputs.items()
            if output.unknown
        ]

    def close(self) -> None:
        """Do nothing: every write was flushed."""

    def _output_of(self, stream: CommercetoolsStream) -> _StreamOutput:
        """Return how the records of `stream` leave, its SCHEMA being written."""
        output = self._outputs[stream.name]
        if not output.opened:
            stream._write_schema_message()  # noqa: SLF001 - the SDK offers no other way to one stream's SCHEMA
            output.opened = True
        return output

    @staticmethod
    def _start(stream: CommercetoolsStream, state: StreamState) -> StreamState:
        """Return `state`, but nothing where a stream with a cursor is to be read whole anew."""
        # A stream without a cursor is read whole anyway, and its interrupted read may go on.
        forced = stream.row.cursor is not None and stream.replication_method == FULL_TABLE
        return StreamState() if forced and state.mode != "full" else state

    def _version_of(self, delivery: Delivery) -> int | None:
        if self._version is None:
            return None
        name = delivery.stream.name
        if delivery.phase.first:
            # Larger than the one before, also where the clock was set back: targets pass over what is older.
            self._versions[name] = max(self._version, self._earlier.get(name, 0) + 1)
            self._whole.add(name)
        return self._versions.setdefault(name, self._version)


class _StreamOutput:
    """How the records of one stream leave: copied, projected, mapped, or in batch files."""

    def __init__(self, stream: CommercetoolsStream) -> None:
        self.opened = False
        self.maps: list[StreamMap] = list(stream.stream_maps)
        self.batches = _batch_config(stream)
        self._name = stream.name
        self._tap_name = stream.tap_name
        self._is_plain = stream.is_plain
        self._tree: Tree = tree_of(stream.mask)
        self._texts = mixed_columns(stream.name)
        self._columns = frozenset(stream.schema["properties"])
        self.unknown: set[str] = set()
        # With deletions among its records, a map meets each column, so that its expressions can name them.
        self._blank = dict.fromkeys(stream.schema["properties"]) if stream.tells_deletions else {}

    def delete(self, records: Sequence[msgspec.Raw], writer: LineWriter, version: int | None) -> None:
        """Write deletions, which may have nothing but their key. Raises ConfigError when a stream map needs more."""
        if self._is_plain:
            self.write(records, writer, version)
            return
        try:
            for _, mapped in self._mapped(self.maps, records):
                if mapped.get(DELETED_AT) is None:
                    raise ConfigError(f"it leaves out {DELETED_AT}")  # noqa: TRY301 - told like what a map raises
        except Exception as error:
            raise ConfigError(
                f"the stream map of {self._name} cannot be applied to a deleted record, of which often only the id is"
                f" known ({error}); keep {DELETED_AT}, let every expression accept None, or switch emit_deletions off"
            ) from error
        self.write(records, writer, version)

    def write(self, records: Sequence[msgspec.Raw], writer: LineWriter, version: int | None) -> None:
        """Write `records` in the way of this stream."""
        if not records:
            return
        self._look_for_unknown(records)
        # Most targets make a column of one type; JSON text fits whatever the value is.
        if self._texts:
            records = [with_text(record, self._texts) for record in records]
        if self._tree:
            records = [project(record, self._tree) for record in records]
        now = datetime.now(timezone.utc)
        if self.batches is not None:
            for stream_map in self.maps:
                self._write_batches(stream_map, records, writer, self.batches)
        elif self._is_plain:
            # Not decoded: the record goes out with the bytes that the API sent.
            head, tail = envelope(self._name, now.isoformat(), version)
            writer.write_records(head, tail, records)
        else:
            writer.write_messages(
                RecordMessage(stream=stream_map.stream_alias, record=mapped, version=version, time_extracted=now)
                for stream_map, mapped in self._mapped(self.maps, records)
            )

    def _look_for_unknown(self, records: Sequence[msgspec.Raw]) -> None:
        """Note fields that SCHEMA does not have in some of `records`: to look into all of them would cost a tenth."""
        # A few of each delivery, spread over it: a field that is new comes in many records.
        for record in records[:: max(1, len(records) // _LOOKED_AT)]:
            self.unknown.update(decode_fields(record).keys() - self._columns)

    def _write_batches(
        self, stream_map: StreamMap, records: Iterable[msgspec.Raw], writer: LineWriter, config: BatchConfig
    ) -> None:
        from singer_sdk.helpers._batch import SDKBatchMessage

        batcher = Batcher(self._tap_name, stream_map.stream_alias, config)
        rows = (mapped for _, mapped in self._mapped([stream_map], records))
        for manifest in batcher.get_batches(rows):
            writer.write_message(
                SDKBatchMessage(stream=stream_map.stream_alias, encoding=config.encoding, manifest=manifest)
            )

    def _mapped(
        self, maps: Iterable[StreamMap], records: Iterable[msgspec.Raw]
    ) -> Iterator[tuple[StreamMap, dict[str, Any]]]:
        """Yield each record as each map makes it, without those that a map filters out."""
        for record in records:
            plain = {**self._blank, **msgspec.json.decode(record)}
            for stream_map in maps:
                mapped = stream_map.transform(plain)
                if mapped is not None:
                    yield stream_map, mapped


def _batch_config(stream: CommercetoolsStream) -> BatchConfig | None:
    """Return the SDK's setting `batch_config`; raises ConfigError where it lacks something."""
    try:
        return stream.get_batch_config(stream.config)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"batch_config cannot be used, it must have encoding and storage: {error}") from None
