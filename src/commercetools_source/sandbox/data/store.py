"""The sandbox's memory: records as the bytes that are served, with sorted indexes that are built when first used.

A collection knows nothing of HTTP or of what its records mean; views derive their records from another collection.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.platform.ids import order_key
from commercetools_source.sandbox.query.bounds import Ordering, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Collection", "Index", "Prober", "Record", "View"]

_TIMES = ("createdAt", "lastModifiedAt")


class _Head(msgspec.Struct):
    """What is read from every record when it is stored."""

    id: str = ""
    createdAt: str = ""  # noqa: N815 - the platform's name
    lastModifiedAt: str = ""  # noqa: N815 - the platform's name


_HEAD = msgspec.json.Decoder(_Head)


class Record:
    """One record: its bytes, and what the indexes need of it."""

    __slots__ = ("body", "created", "id", "modified", "order")

    def __init__(self, body: bytes, *, fallback_id: str = "") -> None:
        head = _HEAD.decode(body)
        self.body = body
        self.id = head.id or fallback_id
        self.order = order_key(self.id)
        self.created = head.createdAt
        self.modified = head.lastModifiedAt

    def decoded(self) -> dict[str, Any]:
        """Return the record as plain values, fresh each time."""
        value: dict[str, Any] = msgspec.json.decode(self.body)
        return value


class Prober:
    """Reads chosen top-level fields of records, skipping the rest at the speed of the JSON scanner."""

    def __init__(self) -> None:
        self._decoders: dict[frozenset[str], Callable[[bytes], dict[str, Any]]] = {}

    def probe(self, fields: frozenset[str]) -> Callable[[Record], dict[str, Any]]:
        """Return the function from a record to its values of `fields`; absent ones are absent."""
        # These are read when a record is stored, so that no index has to look into its JSON again.
        if fields <= {"id", *_TIMES}:
            return lambda record: {"id": record.id, "createdAt": record.created, "lastModifiedAt": record.modified}
        decode = self._decoders.get(fields)
        if decode is None:
            decode = self._decoders[fields] = self._make(fields)
        return lambda record: decode(record.body)

    @staticmethod
    def _make(fields: frozenset[str]) -> Callable[[bytes], dict[str, Any]]:
        names = {f"f{number}": name for number, name in enumerate(sorted(fields))}
        rows = [(slot, Any, None) for slot in names]
        # A struct type of just these fields lets msgspec skip all others; slots, because a field may be no identifier.
        # Without `gc`: a probe holds no cycles, and millions of them would keep the collector busy.
        decoder = msgspec.json.Decoder(msgspec.defstruct("Probe", rows, rename=names, gc=False))

        def decode(body: bytes) -> dict[str, Any]:
            probe = decoder.decode(body)
            return {name: value for slot, name in names.items() if (value := getattr(probe, slot)) is not None}

        return decode


class Index:
    """Records in one order; a range of it is found by bisection."""

    def __init__(self, ordering: Ordering, key: Callable[[Record], bytes], records: Iterable[Record]) -> None:
        self.ordering = ordering
        self.key = key
        # Bytes: one comparison orders value and tie, and ids as the platform orders them.
        self.records = sorted(records, key=key)
        self.keys = [key(record) for record in self.records]

    def span(self, bounds: Range) -> tuple[int, int]:
        """Return the positions of the range: first, and one after the last."""
        # bisect_left for both ends, because a range is half-open and its cuts lie between keys.
        first = 0 if bounds.low is None else bisect_left(self.keys, bounds.low)
        last = len(self.keys) if bounds.high is None else bisect_left(self.keys, bounds.high)
        return first, max(first, last)

    def add(self, record: Record) -> None:
        """Insert a record in order."""
        key = self.key(record)
        position = bisect_left(self.keys, key)
        self.keys.insert(position, key)
        self.records.insert(position, record)

    def drop(self, record: Record) -> None:
        """Remove a record."""
        key = self.key(record)
        position = bisect_left(self.keys, key)
        # Keys may be equal where ties are no ids, so identity decides.
        while position < len(self.keys) and self.keys[position] == key:
            if self.records[position] is record:
                del self.keys[position], self.records[position]
                return
            position += 1


class Collection:
    """Records by id.

    `tie` is the unique field that breaks ties of time; `texts` are fields with an index of their own.
    """

    def __init__(self, prober: Prober, *, tie: str = "id", texts: Sequence[str] = ()) -> None:
        self.prober = prober
        self.tie = tie
        self.texts = tuple(texts)
        self.revision = 0
        self._records: dict[str, Record] = {}
        self._indexes: dict[str, Index] = {}
        self._lookups: dict[str, dict[str, Record]] = {}
        self._views: list[View] = []

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        # A copy of the references: a hook may change the collection while it is read.
        return iter(list(self._records.values()))

    def load(self, record: Record) -> None:
        """Add a record while nobody reads yet: no index, no view."""
        self._records[record.id] = record

    def get(self, identifier: str) -> Record | None:
        """Return the record with this id."""
        return self._records.get(identifier)

    def find(self, field: str, value: str) -> Record | None:
        """Return the record whose top-level text `field` is `value`."""
        lookup = self._lookups.get(field)
        if lookup is None:
            probe = self.prober.probe(frozenset({field}))
            lookup = self._lookups[field] = {
                # Few fields are asked for, so a lookup is made when one is.
                text: record
                for record in self
                if isinstance(text := probe(record).get(field), str)
            }
        return lookup.get(value)

    def put(self, record: Record) -> None:
        """Add the record, or replace the one with its id."""
        old = self._records.get(record.id)
        self._records[record.id] = record
        self._changed(old, record)

    def remove(self, identifier: str) -> Record | None:
        """Remove the record and return it, None when there is none."""
        old = self._records.pop(identifier, None)
        if old is not None:
            self._changed(old, None)
        return old

    def _changed(self, old: Record | None, new: Record | None) -> None:
        self.revision += 1
        # Indexes and lookups first: views read from this collection.
        self._find_anew(old, new)
        for index in self._indexes.values():
            if old is not None:
                index.drop(old)
            if new is not None:
                index.add(new)
        for view in self._views:
            view.follow(old, new)

    def _find_anew(self, old: Record | None, new: Record | None) -> None:
        for field, lookup in self._lookups.items():
            probe = self.prober.probe(frozenset({field}))
            gone = probe(old).get(field) if old is not None else None
            if isinstance(gone, str) and lookup.get(gone) is old:
                del lookup[gone]
            value = probe(new).get(field) if new is not None else None
            if new is not None and isinstance(value, str):
                lookup[value] = new

    def orderings(self) -> list[Ordering]:
        """Return the orders in which the collection keeps indexes, the cheapest first."""
        return [
            Ordering(self.tie, self.tie),
            *(Ordering(field, self.tie) for field in (*_TIMES, *self.texts) if field != self.tie),
        ]

    def index(self, ordering: Ordering) -> Index:
        """Return the index of one of `orderings()`."""
        if ordering.field not in self._indexes:
            self._indexes[ordering.field] = Index(ordering, self._key(ordering), self._records.values())
        return self._indexes[ordering.field]

    def _key(self, ordering: Ordering) -> Callable[[Record], bytes]:
        # The three orders of nearly every request; their keys are ready in the record.
        if self.tie == "id" and ordering.field == "id":
            return lambda record: record.order
        if self.tie == "id" and ordering.field == "createdAt":
            return lambda record: record.created.encode() + b"\0" + record.order
        if self.tie == "id" and ordering.field == "lastModifiedAt":
            return lambda record: record.modified.encode() + b"\0" + record.order
        probe = self.prober.probe(frozenset({ordering.field, ordering.tie, "id"}))

        def key(record: Record) -> bytes:
            values = probe(record)
            return ordering.key(str(values.get(ordering.field, "")), str(values.get(ordering.tie, "")))

        return key

    def view(self, view: View) -> View:
        """Fill `view` from this collection and keep it in step from now on."""
        for record in self:
            derived = view.derive(record)
            if derived is not None:
                view.load(derived)
        self._views.append(view)
        return view

    def forget(self, view: View) -> None:
        """Keep a view in step no longer."""
        self._views.remove(view)


class View(Collection):
    """A collection whose records are made from those of another; `derive` returns None for those that are not in it."""

    def __init__(
        self,
        prober: Prober,
        derive: Callable[[Record], Record | None],
        *,
        tie: str = "id",
        texts: Sequence[str] = (),
    ) -> None:
        super().__init__(prober, tie=tie, texts=texts)
        self.derive = derive

    def follow(self, old: Record | None, new: Record | None) -> None:
        """Take over a change of the other collection."""
        derived = self.derive(new) if new is not None else None
        # What is derived may be none any more, or have another id than before.
        if old is not None and (derived is None or derived.id != old.id):
            self.remove(old.id)
        if derived is not None:
            self.put(derived)
