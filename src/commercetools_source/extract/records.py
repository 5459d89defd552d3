"""One record: where it stands in the order of its stream, and what is put in or left out. Pure functions."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import cache
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import StateError, UndecodableError
from commercetools_source.extract.fields import decode_fields
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.privacy import KEEP
from commercetools_source.extract.redaction import redactor, secret_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.privacy import Privacy

__all__ = ["decoded", "mark_of", "position_of", "record_shaper", "record_splicer", "refuse_unidentified", "text_in"]


def decoded(record: msgspec.Raw) -> dict[str, Any]:
    """Return `record` as a dict; a number that no float can hold is a Decimal.

    Raises UndecodableError for a whole number of more digits than Python reads.
    """
    try:
        plain: dict[str, Any] = msgspec.json.decode(record)
    except ValueError:
        try:
            # Slower by a call for each number, so only for the rare record that needs it.
            plain = _patient(record)
        except ValueError as error:
            raise UndecodableError(f"a record cannot be read: {error}") from None
    return plain


def _number(text: str) -> float | Decimal:
    value = float(text)
    return value if math.isfinite(value) else Decimal(text)


_patient = msgspec.json.Decoder(float_hook=_number).decode


def position_of(record: msgspec.Raw, key_range: KeyRange) -> Position:
    """Return where `record` stands in the order of `key_range`.

    Raises StateError when it lacks the ordering field.
    """
    fields = decode_fields(record)
    return Position(_text(fields, key_range.field), _text(fields, key_range.tie) if key_range.tie else "")


def text_in(record: msgspec.Raw, path: str) -> str | None:
    """Return the text at dotted `path`, None where there is none."""
    value = _follow(decode_fields(record), path)
    return value if isinstance(value, str) else None


def mark_of(record: msgspec.Raw, stream: Stream) -> Position:
    """Return by what `record` is known again: the date that its stream is read by, and its key.

    Raises StateError when it lacks the date.
    """
    fields = decode_fields(record)
    paths = dict(stream.derived)
    key = [str(_follow(fields, paths.get(column, column))) for column in stream.key]
    return Position(_text(fields, stream.ordering[0]), " ".join(key))


def _text(fields: dict[str, msgspec.Raw], name: str) -> str:
    value = _follow(fields, name)
    # Numbers and nulls have no order that a predicate of text could go on behind.
    if not isinstance(value, str):
        raise StateError(f"a record has no text in {name!r}, by which the stream is read; it cannot be read on")
    return value


def _follow(fields: dict[str, msgspec.Raw], path: str) -> Any:
    name, _, inner_path = path.partition(".")
    # Only this one value is decoded; a product may have a megabyte of others.
    value = msgspec.json.decode(fields[name]) if name in fields else None
    for step in inner_path.split(".") if inner_path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def refuse_unidentified(stream: Stream, records: Sequence[msgspec.Raw]) -> None:
    """Raise StateError for a record without its key: whoever merges rows would lose it.

    A database says so itself; what copies records into lines does not look into them.
    """
    # A page in one call: looking at each record in a function of ours takes half as long as a small record in all.
    others = filterfalse(_beginning(stream.key), records)
    if not all(_has_key(record, stream.key) for record in others):
        raise StateError(
            f"a record of {stream.name} has no {' or no '.join(stream.key)}, which identifies it;"
            " look for a proxy or gateway that changes answers"
        )


@cache
def _beginning(key: tuple[str, ...]) -> Callable[[msgspec.Raw], object]:
    """Return what says whether a record begins with the fields of `key`."""
    # The platform's records begin with the id, some behind their type; spliced columns stand in front, too.
    fields = rb'[^"\\]*",'.join(rb'"%s":"[^"\\ ]' % name.encode() for name in key)
    return re.compile(rb'\{(?:"type":"[^"\\]*",)?' + fields).match


def _has_key(record: msgspec.Raw, key: Sequence[str]) -> bool:
    """Return whether a record has all fields of `key`, wherever they stand: as texts that are not blank, or numbers."""
    fields = decode_fields(record)
    return all(_identifies(bytes(fields.get(name, b""))) for name in key)


def _identifies(value: bytes) -> bool:
    # A blank text may be that of many records: a gateway that hides values leaves nothing else of them.
    return bool(value.strip(b'" ')) and value[:1] not in b"ntf[{"


def record_shaper(
    stream: Stream, parent: Sequence[str], privacy: Privacy = KEEP
) -> Callable[[msgspec.Raw], msgspec.Raw] | None:
    """Return what puts the stream's spliced columns in front of a record and leaves its secrets out.

    Personal data become what `privacy` says.

    None when the stream's records stay as they are.
    """
    redact = redactor(stream.item, privacy)
    secrets = secret_fields(stream.item) if privacy.keeps_all else ()
    # Where a single field is secret, to cut it out of the text is faster than to write the record anew.
    if len(secrets) == 1:
        redact = _drop_field(*secrets)
    splice = record_splicer(stream, parent)
    if redact is None or splice is None:
        return redact or splice
    return lambda record: splice(redact(record))


def record_splicer(stream: Stream, parent: Sequence[str]) -> Callable[[msgspec.Raw], msgspec.Raw] | None:
    """Return what puts the stream's spliced columns in front of a record; None when it has none."""
    if stream.parents is None and not stream.derived:
        return None
    spliced = {}
    if stream.parents is not None:
        spliced = {column: value for column, value in zip(stream.parents.columns, parent, strict=True) if column}

    def splice(record: msgspec.Raw) -> msgspec.Raw:
        fields = decode_fields(record)
        front = {**spliced, **{column: _follow(fields, path) for column, path in stream.derived}}
        # A spliced column wins over a field of its name: two of one name would be no valid record.
        others = {name: value for name, value in fields.items() if name not in front}
        return msgspec.Raw(msgspec.json.encode({**front, **others}))

    return splice


@cache
def _drop_field(name: str) -> Callable[[msgspec.Raw], msgspec.Raw]:
    """Return what leaves one field out of a record: its bytes are cut out, and the others stay as they are."""
    only = msgspec.defstruct("Only", [("value", msgspec.Raw, msgspec.Raw(b""))], rename={"value": name})
    decode: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(only).decode
    key = b'"%s":' % name.encode()

    def cut(record: msgspec.Raw) -> msgspec.Raw:
        value = bytes(decode(record).value)
        if not value:
            return record
        body = bytes(record)
        head, _, tail = body.partition(key)
        # Quotes inside strings are escaped, so `key` matches a key. Comparing the value rules out an equal key of a
        # nested object.
        if tail.startswith(value) and key not in tail:
            inner_path = tail[len(value) :]
            # Together with one comma, in front of it or behind: what is left must be JSON.
            if inner_path.startswith(b","):
                return msgspec.Raw(head + inner_path[1:])
            if head.endswith(b",") and inner_path.startswith(b"}"):
                return msgspec.Raw(head[:-1] + inner_path)
        fields = decode_fields(record)
        return msgspec.Raw(msgspec.json.encode({field: raw for field, raw in fields.items() if field != name}))

    return cut
