"""What a delivery of JSON lines changes: nothing indexes their records, so an incremental read is judged by its dates.

What was created since the last run's end is new, what was changed since is changed, and what is older is the look-back,
read once more. A full read is compared with the lines that it replaces.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.extract.abilities import Changes
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from commercetools_source.catalog.stream import Stream

__all__ = ["MOST_BYTES", "replaced", "since", "versions_in"]

MOST_BYTES = 64_000_000
"""Of more bytes a full read is not compared with what it replaces: that would take seconds."""
_CREATED = "createdAt"

Versions = dict[tuple[bytes, ...], bytes]
"""The version of each record, or the whole record where it has none, by its key."""


def since(stream: Stream, records: Iterable[msgspec.Raw], cursor: str) -> Changes:
    """Return what records of an incremental read from `cursor`, an API timestamp, say of themselves."""
    created = changed = 0
    # As JSON text: the fields of a record stay bytes, and are compared so.
    bound = msgspec.json.encode(cursor)
    for record in records:
        fields = decode_fields(record)
        # Texts of timestamps in one form sort as the times do; a record without its date sorts first.
        if bytes(fields.get(_CREATED, b"")) >= bound:
            created += 1
        elif bytes(fields.get(stream.cursor or "", b"")) >= bound:
            changed += 1
    return Changes(created, changed)


def versions_in(paths: Sequence[Path], key: Sequence[str]) -> Versions:
    """Return what is in files of JSON lines; raises OSError, and ValueError for a line that is no JSON object."""
    versions: Versions = {}
    decode = _identity(tuple(key))
    for path in paths:
        with path.open("rb") as lines:
            for line in lines:
                *record_key, version = map(bytes, msgspec.structs.astuple(decode(line)))
                # The later line of a file replaces the earlier one, as readers of the files have it.
                versions[tuple(record_key)] = version or line
    return versions


@cache
def _identity(key: tuple[str, ...]) -> Callable[[bytes], msgspec.Struct]:
    """Return what reads the fields of a key and `version` from a line: all others are skipped, in half of the time."""
    names = {f"field{number}": name for number, name in enumerate((*key, "version"))}
    fields = [(name, msgspec.Raw, msgspec.Raw(b"")) for name in names]
    return msgspec.json.Decoder(msgspec.defstruct("Identity", fields, rename=names)).decode


def replaced(before: Versions, after: Mapping[tuple[bytes, ...], bytes]) -> Changes:
    """Return how the records after a full read differ from those before."""
    common = before.keys() & after.keys()
    changed = sum(before[key] != after[key] for key in common)
    return Changes(len(after) - len(common), changed, len(before) - len(common))
