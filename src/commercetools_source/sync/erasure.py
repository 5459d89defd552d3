"""Forgotten persons in an open destination: found, emptied or taken out, and kept from coming back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.events import Notice
from commercetools_source.extract import forgotten as persons
from commercetools_source.extract.abilities import Erasable, Shared, Versioned
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.fields import decode_fields
from commercetools_source.extract.forgotten import PERSON_STREAMS, Erasure, eraser, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery, Destination
    from commercetools_source.extract.selection import Selection

__all__ = [
    "Owners",
    "catch_up",
    "erase",
    "erasure_of",
    "id_of",
    "left_elsewhere",
    "left_of_other_choices",
    "search",
    "without_forgotten",
]


@dataclass(frozen=True, slots=True)
class Owners:
    """The ids of the rows of one stream that are persons', and how many `rows` there are of each `customer`.

    `removed` are to be taken out, `emptied` stay without what is personal.
    """

    stream: Stream
    rows: Mapping[str, int]
    emptied: frozenset[str]
    removed: frozenset[str]


def erasure_of(destination: Destination) -> Erasure:
    """Return whom an open destination has forgotten; raises DestinationError and StateError."""
    text = destination.forgotten() if isinstance(destination, Erasable) else None
    return Erasure(persons.decode(text))


def without_forgotten(destination: Destination, erasure: Erasure, delivery: Delivery) -> Delivery:
    """Return a delivery without what is of forgotten persons; what it shows of them is stored before it is.

    A run that is cut off before `catch_up` reads these records no more, so the next one has to know what they showed.
    """
    delivery = erasure.delivery(delivery)
    if not erasure.is_stored and isinstance(destination, Erasable):
        _store(destination, erasure, pending=True)
    return delivery


def catch_up(destination: Destination, erasure: Erasure) -> None:
    """Erase what a run shows to be a forgotten person's: a record may come after its Messages."""
    if erasure.has_grown and isinstance(destination, Erasable):
        erase(destination, erasure, search(destination, erasure))


def search(destination: Erasable, erasure: Erasure) -> list[Owners]:
    """Return the rows of all persons of `erasure`, which learns of each row what else is theirs."""
    # What they are about is known by then.
    last = [stream for stream in PERSON_STREAMS if stream.name in {"messages", "change_history"}]
    first = [stream for stream in PERSON_STREAMS if stream not in last]
    while True:
        erasure.has_grown = False
        owners = [_owners(destination, erasure, stream) for stream in first]
        if not erasure.has_grown:
            owners += [_owners(destination, erasure, stream) for stream in last]
        if not erasure.has_grown:
            return owners


def erase(destination: Erasable, erasure: Erasure, owners: Iterable[Owners]) -> dict[str, int]:
    """Empty or take out what `search` returned, and return how many rows changed, by stream.

    Repeated after it was cut off, by the next run too, it ends the same: whom to forget is stored first.
    """
    _store(destination, erasure, pending=True)
    changed = {}
    for found in owners:
        # What was removed before it was cut off is in no row any more, and may be in relations still.
        removed = found.removed | erasure.removed(found.stream)
        rows = destination.rewrite(found.stream, removed, None) if removed else 0
        if found.emptied:
            rows += destination.rewrite(found.stream, found.emptied, eraser(found.stream))
        changed[found.stream.name] = rows
    _store(destination, erasure, pending=False)
    return changed


def _store(destination: Erasable, erasure: Erasure, *, pending: bool) -> None:
    destination.store_forgotten(persons.encode(erasure.forgotten(pending=pending)))
    erasure.is_stored = True


def id_of(stream: Stream, record: msgspec.Raw) -> str:
    """Return the id of the resource that a row of the stream is, or of which it is a version."""
    return msgspec.json.decode(decode_fields(record)[stream.resource_id], type=str)


def _owners(destination: Erasable, erasure: Erasure, stream: Stream) -> Owners:
    rows: Counter[str] = Counter()
    emptied, removed = set[str](), set[str]()
    for record in destination.scan(stream, fields_of(stream)):
        owner = erasure.owner(stream, record)
        if owner is not None:
            rows[owner.customer] += 1
            (removed if owner.rows else emptied).add(id_of(stream, record))
    return Owners(stream, rows, frozenset(emptied), frozenset(removed))


def left_elsewhere(destination: Destination) -> list[str]:
    """Return where erased rows stay: older versions of a lake, and perhaps what no listing of a bucket shows."""
    if isinstance(destination, Versioned):
        return [f"{destination.name}: {destination.older_versions()}"]
    if "://" not in destination.name:
        return []
    where = "where the bucket keeps older versions, deleted objects or parts of uploads that were cut off"
    return [f"{destination.name}: {where}, remove those"]


def left_of_other_choices(
    destination: Destination, streams: Iterable[Stream], states: Mapping[str, StreamState], selection: Selection
) -> list[Notice]:
    """Return where values may be that a full read of `streams` leaves out, and the choice in `states` kept."""
    names = []
    for stream in streams:
        state, chosen = states.get(stream.name, StreamState()), selection.privacy_of(stream)
        if state != StreamState() and state.privacy not in {chosen, "drop"} and chosen:
            names.append(stream.name)
    if not names:
        return []
    places = left_elsewhere(destination)
    if isinstance(destination, Shared) and not places:
        places = [f"{destination.name}: in blocks of the file that are free; for a file without them begin a new one"]
    what = f"personal data of {', '.join(names)}, read with another choice before, may still be elsewhere"
    return [Notice("personal", f"{what}: {place}") for place in places]
