"""Python values as Arrow arrays, laid out here: their bytes in a row, which Arrow only looks over.

`pyarrow.array` does the same for scalars, but it loads pandas wherever that is installed, which takes a
quarter of a second and 50 MB; and it takes twice the time for texts.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import msgspec

from commercetools_source.catalog.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa

    from commercetools_source.catalog.kinds import Kind

__all__ = [
    "MISSING",
    "arrow_type",
    "integers",
    "json_texts",
    "moments",
    "repeated",
    "scalars",
    "stored_type",
    "strings",
]

MISSING = msgspec.Raw(b"")
"""Stands for JSON that is not there."""
_NULL = msgspec.Raw(b"null")
_NULL_SIZE = 4
_EXACT = 1 << 53
"""Doubles hold every whole number up to this one."""


def arrow_type(column_type: Kind) -> Any:
    """Return the Arrow type of a kind."""
    return _arrow(KINDS[column_type].arrow)


def stored_type(column_type: Kind) -> Any:
    """Return the Arrow type of a kind for those who read it elsewhere: times are said to be UTC."""
    return _stored(arrow_type(column_type))


def _stored(in_memory: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_list(in_memory):
        return pa.list_(_stored(in_memory.value_type))
    if pa.types.is_timestamp(in_memory):
        return pa.timestamp("us", tz="UTC")
    return pa.string() if pa.types.is_time(in_memory) else in_memory  # Spark refuses a file with times of day in it


def _arrow(text: str) -> Any:
    import pyarrow as pa

    if text.startswith("list<"):
        return pa.list_(_arrow(text[5:-1]))
    if text.startswith("map<"):
        return pa.map_(*map(_arrow, text[4:-1].split(", ")))
    if text.startswith("decimal128("):
        return pa.decimal128(*map(int, text[11:-1].split(", ")))
    by_name: Any = pa.type_for_alias  # its overloads know no name that is not a literal
    return by_name(text)


def scalars(column_type: Kind, values: Sequence[Any]) -> pa.Array[Any]:
    """Return decoded values, None among them, in the Arrow type of `column_type`.

    Raises ArrowInvalid or OverflowError when one does not fit exactly.
    """
    import pyarrow as pa

    target = arrow_type(column_type)
    if pa.types.is_integer(target):
        return integers(values)
    if pa.types.is_floating(target):
        return _doubles(values)
    if pa.types.is_boolean(target):
        return _booleans(values)
    is_time = pa.types.is_time(target)
    if is_time:  # Arrow parses no times of day, only moments
        values = [None if value is None else f"1970-01-01T{value}Z" for value in values]
    texts = strings(values)
    if is_time or pa.types.is_timestamp(target):  # a zone is demanded, so that the result is surely UTC
        texts = texts.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
    return texts.cast(target)


def strings(values: Sequence[str | None]) -> pa.Array[Any]:
    """Return texts as an array of strings."""
    flags = _flags(values)
    there = cast("Sequence[str]", values) if flags is None else ["" if value is None else value for value in values]
    text = "".join(there)
    # Of ASCII one character is one byte, so that no text is encoded only to know its length.
    if text.isascii():
        return _strings(list(map(len, there)), text.encode(), flags)
    pieces = [value.encode() for value in there]
    return _strings(list(map(len, pieces)), b"".join(pieces), flags)


def integers(values: Sequence[int | None]) -> pa.Array[Any]:
    """Return whole numbers as int64; raises OverflowError when one is larger."""
    import pyarrow as pa

    return _numbers("q", pa.int64(), values)


def moments(values: Sequence[datetime | None]) -> pa.Array[Any]:
    """Return times without a zone as timestamps in microseconds."""
    import pyarrow as pa

    return _numbers("q", pa.timestamp("us"), [None if value is None else _microseconds(value) for value in values])


def repeated(value: datetime, count: int) -> pa.Array[Any]:
    """Return `count` times the same time, as `moments` does."""
    import pyarrow as pa

    return pa.Array.from_buffers(
        pa.timestamp("us"), count, [None, pa.py_buffer(array("q", [_microseconds(value)]) * count)]
    )


def json_texts(raws: Sequence[msgspec.Raw]) -> pa.Array[Any]:
    """Return JSON texts byte for byte; missing and null are both null."""
    import pyarrow as pa

    # Only texts of four bytes can be null, so that no other is compared.
    sizes = [0 if raw is MISSING else memoryview(raw).nbytes for raw in raws]
    shown = sizes
    if _NULL_SIZE in sizes:
        shown = [0 if size == _NULL_SIZE and raw == _NULL else size for raw, size in zip(raws, sizes, strict=True)]
    flags = bytes(map(bool, shown)) if 0 in shown else None
    texts = _strings(sizes, b"".join(cast("Sequence[bytes]", raws)), flags)  # Raw has the buffer protocol
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:  # not UTF-8: an answer damaged on its way, kept as far as it can be read
        pairs = zip(raws, shown, strict=True)
        return strings([bytes(raw).decode(errors="replace") if size else None for raw, size in pairs])
    return texts


def _strings(sizes: Sequence[int], text: bytes, flags: bytes | None) -> pa.Array[Any]:
    import pyarrow as pa

    ends = array("i", [0])
    ends.extend(accumulate(sizes))
    return pa.StringArray.from_buffers(len(sizes), pa.py_buffer(ends), pa.py_buffer(text), _bits(flags))


def _doubles(values: Sequence[Any]) -> pa.Array[Any]:
    import pyarrow as pa

    whole = [value for value in values if isinstance(value, int)]
    if whole and not -_EXACT <= min(whole) <= max(whole) <= _EXACT:
        raise OverflowError("a whole number has more digits than a double holds")
    return _numbers("d", pa.float64(), values)


def _booleans(values: Sequence[bool | None]) -> pa.Array[Any]:
    import pyarrow as pa

    bits = _bits(bytes(map(bool, values)))
    return pa.Array.from_buffers(pa.bool_(), len(values), [_bits(_flags(values)), bits])


def _numbers(code: str, arrow: Any, values: Sequence[Any]) -> pa.Array[Any]:
    import pyarrow as pa

    flags = _flags(values)
    there = values if flags is None else [0 if value is None else value for value in values]
    buffers = [_bits(flags), pa.py_buffer(array(code, there))]
    return pa.Array.from_buffers(arrow, len(values), buffers)


def _flags(values: Sequence[Any]) -> bytes | None:
    """Return a 1 for each value and a 0 for each None; None where there is no None."""
    return bytes([value is not None for value in values]) if None in values else None


def _bits(flags: bytes | None) -> Any:
    """Return flags as Arrow packs them, one bit each."""
    import pyarrow as pa

    if flags is None:
        return None
    return pa.Array.from_buffers(pa.int8(), len(flags), [None, pa.py_buffer(flags)]).cast(pa.bool_()).buffers()[1]


def _microseconds(moment: datetime) -> int:
    from datetime import timedelta

    return (moment - type(moment)(1970, 1, 1)) // timedelta(microseconds=1)
