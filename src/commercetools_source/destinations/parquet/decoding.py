"""The decoders of a Parquet folder: one for the files of each stream, one for those that a full read loads."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import OWN, Decoder
from commercetools_source.catalog.schema import KINDS_BY_SQL, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.folder import Folder
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Clock", "Decoders"]


class Decoders:
    """Decoders by stream, each with the columns that its files have, then those that only the schema has."""

    def __init__(self, folder: Folder, fields: Callable[[Stream], Sequence[Column]]) -> None:
        self._folder = folder
        self._fields = fields
        self._decoders: dict[tuple[str, bool], Decoder] = {}

    def clear(self) -> None:
        """Forget columns that were added and not stored."""
        self._decoders.clear()

    def of(self, delivery: Delivery) -> Decoder:
        """Return the decoder for a delivery."""
        stream, phase = delivery.stream, delivery.phase
        if phase.first:
            self._decoders.pop((stream.name, True), None)
        decoder = self._decoders.get((stream.name, phase.full))
        if decoder is None:
            decoder = Decoder(stream.name, self._columns(delivery), stream.key)
            self._decoders[stream.name, phase.full] = decoder
        if phase.last:
            self._decoders.pop((stream.name, True), None)
        if phase.swaps:  # the files are other ones now, with other columns
            self._decoders.pop((stream.name, False), None)
        return decoder

    def _columns(self, delivery: Delivery) -> list[Column]:
        # A full read that begins has no files yet, so the schema alone decides.
        entry = None if delivery.phase.first else self._folder.entry(delivery.stream.name)
        stored = {} if entry is None else entry.loading_columns if delivery.phase.full else entry.columns
        # A column keeps the type that its files have, whatever the schema says by now.
        present = [Column(name, KINDS_BY_SQL[sql], nullable=True) for name, sql in stored.items() if name not in OWN]
        return [*present, *(field for field in self._fields(delivery.stream) if field.name not in stored)]


class Clock:
    """When rows are stored: later each time, because the later of two equal versions is newer."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=timezone.utc)

    def start(self, seconds: float) -> None:
        """Give no time before this one, in seconds since 1970; for a clock that was set back."""
        self._last = datetime.fromtimestamp(seconds, timezone.utc)

    def now(self) -> datetime:
        """Return a time in UTC, without a zone."""
        self._last = max(datetime.now(timezone.utc), self._last + timedelta(microseconds=1))
        return self._last.replace(tzinfo=None)
