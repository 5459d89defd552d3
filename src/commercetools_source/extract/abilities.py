"""What a destination may be able to do besides taking deliveries: a protocol for each ability, and the values of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import duckdb

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.events import Notice
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.run_record import RunRecord

__all__ = [
    "Advising",
    "Changes",
    "Comparable",
    "Counting",
    "Declarable",
    "Deletable",
    "DeletionSink",
    "Difference",
    "Erasable",
    "FileBacked",
    "Hurrying",
    "Listed",
    "Merging",
    "Observer",
    "Publishable",
    "Queryable",
    "RunStore",
    "Shared",
    "StateStore",
    "Tombstone",
    "Typed",
    "Versioned",
    "lost_streams",
    "merges",
    "open_to_read",
]


@runtime_checkable
class Advising(Protocol):
    """A destination with words of its own for its users: a front-end's."""

    anew: str
    """What they do to have a stream read from its start."""


@runtime_checkable
class StateStore(Protocol):
    """A destination that keeps states of its own: they can be looked at without a change to it, and reset."""

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states of what is there already; create, change and remove nothing until it is closed.

        Others may look at it meanwhile. Raises DestinationError and StateError. Where nothing is stored yet that is a
        DestinationError for a path on this machine, and {} for a URL, which nobody can look for without opening it.
        """
        ...

    def reset(self, stream: Stream) -> bool:
        """Drop the state of `stream` and what was loaded of a read under way; return whether there was any.

        Its rows stay until the next run, which reads the stream from its start, replaces them.
        """
        ...


def open_to_read(destination: Destination) -> Mapping[str, StreamState]:
    """Open a destination for a command that changes nothing, and return its stored states."""
    return destination.open_read_only() if isinstance(destination, StateStore) else destination.open()


@runtime_checkable
class FileBacked(Protocol):
    """A destination whose streams are files that somebody can take away."""

    def lost(self) -> Mapping[str, str]:
        """Return by stream which of its files was missing when it was opened, so that the next run reads it whole."""
        ...


def lost_streams(destination: Destination) -> Mapping[str, str]:
    """Return by stream why nothing counts any more of what an open destination held of it."""
    return destination.lost() if isinstance(destination, FileBacked) else {}


@runtime_checkable
class Merging(Protocol):
    """A destination whose readers see each record once, in its newest version, however often it was delivered.

    Only there may a run read what is not settled yet: the next run delivers it again.
    """

    merges: bool


def merges(destination: object) -> bool:
    """Return whether a destination is `Merging`, so that a run reads what is not settled yet, too."""
    return isinstance(destination, Merging) and destination.merges


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the rows of one stream: those that were added, got another version, or went with a full read."""

    new: int = 0
    changed: int = 0
    deleted: int = 0

    def __add__(self, other: Changes) -> Changes:
        """Return both together."""
        return Changes(self.new + other.new, self.changed + other.changed, self.deleted + other.deleted)


@runtime_checkable
class Counting(Protocol):
    """A destination that knows which of the records delivered were new to it."""

    def changes(self) -> Mapping[str, Changes]:
        """Return by stream what was stored since it was opened; a stream of which that is not known is left out."""
        ...


@runtime_checkable
class Typed(Protocol):
    """A destination with typed columns: `drift` counts values that did not fit theirs, by stream and field."""

    drift: dict[tuple[str, str], int]


@runtime_checkable
class RunStore(Protocol):
    """A destination that keeps a record of each of the newest 1,000 runs beside what it stored."""

    def write_run(self, record: RunRecord) -> None:
        """Store a record in place of one with the same `run`; to be called while it is open to write.

        Raises DestinationError.
        """
        ...

    def runs(self, limit: int) -> Sequence[RunRecord]:
        """Return the newest records, the newest first; to be called while it is open. Raises DestinationError."""
        ...


@runtime_checkable
class Publishable(Protocol):
    """A destination that cannot be read while it is written, so that readers need a copy."""

    def check_publish(self, target: Path) -> None:
        """Raise what `publish` would raise for `target`, before a run that would end with it; changes nothing."""
        ...

    def publish(self, target: Path) -> None:
        """Put a copy of what is stored in the place of the file `target`, as a whole; to be called while it is closed.

        Raises ConfigError and DestinationError.
        """
        ...


@runtime_checkable
class Hurrying(Protocol):
    """A destination whose operations may take long, and can be taken back."""

    def hurry(self) -> None:
        """Raise KeyboardInterrupt from now on where an operation takes longer than seconds, with nothing of it stored.

        Any thread or signal handler may call it.
        """
        ...


@runtime_checkable
class Queryable(Protocol):
    """A destination that can be asked with DuckDB's SQL."""

    def querying(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Give a connection in which the schema `main` has a table or view of each stream, the newest rows only.

        To be called while it is open, and closes nothing; nothing is changed. Raises DestinationError, for what DuckDB
        raises inside too.
        """
        ...


@runtime_checkable
class Declarable(Protocol):
    """A destination whose files a warehouse can read as external tables."""

    def external_tables(self, dialect: str) -> tuple[str, str]:
        """Return SQL that declares the tables in `dialect`, and what must be done before it can run ("": nothing).

        Nothing is changed. Raises DestinationError and StateError, and KeyError for a dialect that it does not know.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """A destination that notices things about the data it stores."""

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed since it was opened; called once, when everything was written."""
        ...


class Listed(msgspec.Struct, frozen=True):
    """One record as a listing shows it."""

    id: str
    version: int
    lastModifiedAt: str  # noqa: N815 - the API's name


@dataclass(frozen=True, slots=True)
class Difference:
    """How a destination differs from a listing: ids it lacks, has in an older version, or has although they are gone.

    `held` counts the rows of the destination that are not marked as deleted, `listed` those of the listing. `doubled`:
    ids of which it has several rows that are not marked as deleted.
    """

    missing: tuple[str, ...]
    stale: tuple[str, ...]
    gone: tuple[str, ...]
    held: int
    listed: int
    doubled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deletion that a Message tells of: the record's `id`, and the API timestamp of its end."""

    id: str
    time: str
    message: msgspec.Raw

    def record(self, *columns: str) -> msgspec.Raw:
        """Return the record with `time` in `columns`: as it was at last if the Message holds that, else only its id.

        The Messages of orders, payment methods and recurring orders do (docs: Message types).
        """
        fields = decode_fields(self.message)
        resource_field = msgspec.json.decode(fields["type"], type=str).removesuffix("Deleted")
        payload = bytes(fields.get(resource_field[0].lower() + resource_field[1:], b""))
        last = decode_fields(payload) if payload.startswith(b"{") else {}
        json_id = msgspec.json.encode(self.id)
        # What the Message holds may be another record than the one that went.
        if bytes(last.get("id", b"")) != json_id:
            last = {"id": msgspec.Raw(json_id)}
        return msgspec.Raw(msgspec.json.encode({**last, **dict.fromkeys(columns, self.time)}))


@runtime_checkable
class DeletionSink(Protocol):
    """A destination that passes deletions on, and was asked to: that they cannot be read is then an error."""

    def wants_deletions(self, stream: Stream) -> bool:
        """Return whether deletions of `stream` are wanted."""
        ...

    def delete(self, stream: Stream, found: Sequence[Tombstone]) -> int:
        """Pass deletions on; the same one may come again. Returns how many."""
        ...


@runtime_checkable
class Comparable(Protocol):
    """What a destination can do besides taking deliveries, so that deletions can be seen in it."""

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Mark the rows with these ids as deleted at these API timestamps; return how many were not marked before."""
        ...

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the rows of `stream` differ from a listing of all records created before `cursor`.

        A record changed at or after `cursor` is not stale: the next run brings it. With `since` the
        listing has only what was last changed from then on, and rows changed earlier are not judged.
        """
        ...


@runtime_checkable
class Deletable(Comparable, Protocol):
    """A destination that can take deleted rows out, too."""

    def remove(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Take out the rows with these ids, those that are marked too; return how many there were."""
        ...


@runtime_checkable
class Erasable(Protocol):
    """A destination in which single records can be emptied or taken out for good. To be called while it is open."""

    def forgotten(self) -> bytes | None:
        """Return what `store_forgotten` stored last; None if nothing. Raises DestinationError."""
        ...

    def store_forgotten(self, text: bytes) -> None:
        """Store whom to forget, apart from all streams: no read and no reset changes it. Raises DestinationError."""
        ...

    def scan(self, stream: Stream, fields: Sequence[str], before: str | None = None) -> Iterator[msgspec.Raw]:
        """Yield each stored row of `stream` as a JSON object of those of `fields` that it has.

        Every version of a record, those of a read under way and of deleted records too; with `before` only of records
        that were last changed before this API timestamp. To be read to its end before another method is called.
        """
        ...

    def rewrite(self, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None) -> int:
        """Let each row of these resources be what `change` makes of its record; None: take it out. Return how many.

        `ids` are those in the stream's column `resource_id`. What `change` is given has the fields of the record in
        which texts can be. Relations follow. Rows that are equal afterwards are not counted. Raises DestinationError.
        """
        ...

    def scrub(self) -> None:
        """Close it, and let no freed space hold what was stored before. Raises DestinationError."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A destination in which others may have tables, too. To be called while it is open."""

    def tables_of_others(self) -> Sequence[str]:
        """Return the names of tables that nothing here has made, such as those of dbt."""
        ...


@runtime_checkable
class Historian(Protocol):
    """A destination in which the rows that others take the place of can be kept, too."""

    def keep_history(self, streams: Iterable[Stream]) -> None:
        """Keep those of these streams from the next `open` on; once begun, every command that writes goes on with it.

        Each has versions, an id and a date of change.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A destination in which rows as they were can be asked for, whether or not anybody said so."""

    def history(self) -> str:
        """Return how a person asks for them."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """A destination that keeps what was stored before, as long as its owner wants."""

    def older_versions(self) -> str:
        """Return what has it, and how its owner removes that."""
        ...
