"""What a list request is answered with: the envelope of a page, and what of it cannot be read."""

from __future__ import annotations

import json
from codecs import utf_8_decode
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec

from commercetools_source.errors import ON_THE_WAY, StateError, UndecodableError, printable
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Envelope", "Rows", "decode_object", "decode_page", "decode_rows", "refuse_odd"]

_CHUNK = 1 << 12
"""Bytes whose text is checked at once. Texts of 64 KB, which many threads make and drop between pages that stay, leave
gaps in the C library's heap that grow to 600 MB; those of 4 KB take no longer and leave none."""
_SHOWN = 40
"""So many characters are shown of what stands in the place of a number."""
_UNCOUNTED = "no page: an empty list without a count"
_NO_OBJECT = "the record is no JSON object"
_DEEP = "the record is nested deeper than this machine can read"


class Envelope(msgspec.Struct):
    """A page: `results` as the platform sent them, `limit` and `offset` as it understood them, `total` if asked for.

    `count`: how many results the platform put into it (https://docs.commercetools.com/api/types#pagedqueryresponse).
    `odd`: which of the numbers is none, with what stands there; "" if each is a whole number from 0 on, or missing.
    """

    results: list[msgspec.Raw]
    count: int | None = None
    limit: int | None = None
    total: int | None = None
    odd: str = ""
    offset: int | None = None


class Rows(NamedTuple):
    """The `rows` of a page as plain values; `total` and `odd` as an `Envelope` has them."""

    rows: list[dict[str, Any]]
    total: int | None
    odd: str


def refuse_odd(label: str, odd: str) -> None:
    """Raise StateError for answers of `label` in which something else stands in place of a number of records."""
    if odd:
        raise StateError(f"answers of {label} have the {odd}, which is no number of records; {ON_THE_WAY}")


_Record = TypeVar("_Record")


class _Sent(msgspec.Struct, Generic[_Record]):
    """A page as it was sent: its numbers may be anything, which says nothing against its records."""

    results: list[_Record]
    count: Any = None
    limit: Any = None
    total: Any = None
    offset: Any = None


# Made once: a decoder analyses its type when it is made (https://jcristharif.com/msgspec/perf-tips.html).
_decode = msgspec.json.Decoder(_Sent[msgspec.Raw]).decode
_decode_fields = msgspec.json.Decoder(_Sent[dict[str, msgspec.Raw]]).decode


def decode_page(
    body: bytes, redact: Callable[[dict[str, msgspec.Raw]], msgspec.Raw] | None = None
) -> tuple[Envelope, int]:
    """Return the envelope of a page and its size; its records as `redact` makes them of their fields.

    Raises UndecodableError when a record in it is no JSON object in UTF-8, and ValueError when the
    body is no page at all: that may be a fault of the connection, so it is worth repeating.
    """
    try:
        _check_text(body)
        if b"\n" in body:  # a pretty-printed answer would break line protocols; its records are written compactly
            body = msgspec.json.format(body, indent=-1)
        envelope = _enveloped(body, redact)
    except RecursionError:
        raise UndecodableError(_DEEP) from None
    except ValueError as error:
        reason = _reason_unless_broken(body, error)
        if reason is None:
            raise
        raise UndecodableError(reason) from None
    # Its first byte, and not a parse of each record, which would take as long as the page itself.
    if redact is None and not all(bytes(memoryview(record)[:1]) == b"{" for record in envelope.results):
        raise UndecodableError(_NO_OBJECT)
    # Some gateways answer what they do not understand with an empty list; the platform counts each of its pages.
    if not envelope.results and envelope.count is None and envelope.total is None and not envelope.odd:
        raise ValueError(_UNCOUNTED)
    return envelope, len(body)


def _enveloped(body: bytes, redact: Callable[[dict[str, msgspec.Raw]], msgspec.Raw] | None) -> Envelope:
    if redact is None:
        whole = _decode(body)
        return _counted(whole, whole.results)
    # One parse splits the page into records and these into fields: a second one would take as long again.
    split = _decode_fields(body)
    return _counted(split, [redact(fields) for fields in split.results])


def _counted(page: _Sent[Any], results: list[msgspec.Raw]) -> Envelope:
    sent = {"count": page.count, "limit": page.limit, "total": page.total}
    numbers = {name: _whole(value) for name, value in sent.items()}
    offset = _whole(page.offset)
    return Envelope(results, numbers["count"], numbers["limit"], numbers["total"], _odd(sent), offset)


def _odd(sent: dict[str, Any]) -> str:
    """Return the first of the numbers that is none, with what stands there; "" if all are."""
    odd = next((name for name, value in sent.items() if value is not None and _whole(value) is None), "")
    return f"{odd} {printable(json.dumps(sent[odd]), _SHOWN)}" if odd else ""


def _whole(value: Any) -> int | None:
    """Return a number of records; None for what is none. 5.0 is one: JSON has one kind of number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def decode_object(body: bytes) -> bytes:
    """Return a body that is one JSON object, compactly; raises as `decode_page` does."""
    try:
        _check_text(body)
        decode_fields(body)
        compact: bytes = msgspec.json.format(body, indent=-1)
    except RecursionError:
        raise UndecodableError(_DEEP) from None
    return compact


def decode_rows(body: bytes) -> Rows:
    """Return the rows of a page as plain values; what cannot be read of a text is replaced.

    For looking at single fields. Raises ValueError when the body is no page, UndecodableError.
    """
    try:
        # The standard library's, because msgspec takes no control characters in strings.
        answer = json.loads(body.decode(errors="replace"), strict=False)
    except RecursionError:
        raise UndecodableError(_DEEP) from None
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no page")
    sent = {name: answer.get(name) for name in ("count", "total")}
    if not rows and sent["count"] is None and sent["total"] is None:
        raise ValueError(_UNCOUNTED)
    return Rows(rows, _whole(sent["total"]), _odd(sent))


def _check_text(body: bytes) -> None:
    """Raise UnicodeDecodeError when `body` is not UTF-8; in chunks, which stay in the processor's cache."""
    # ASCII is UTF-8, and this test compares whole words of memory.
    if body.isascii():
        return
    view, start = memoryview(body), 0
    while start < len(body):
        end = start + _CHUNK
        _, length = utf_8_decode(view[start:end], "strict", end >= len(body))
        start += length


def _reason_unless_broken(body: bytes, error: ValueError) -> str | None:
    """Return what is wrong with the texts in `body`, None when it is not even the JSON of a page.

    The standard library's parser lets pass what a lenient server lets through: control characters, half of a
    surrogate pair, NaN. A body that was cut off or damaged on its way does not get through there either.
    """
    try:
        # Bytes that are no UTF-8 become lone surrogates, so that the JSON around them can still be judged.
        answer = json.loads(body.decode(errors="surrogateescape"), strict=False)
    except RecursionError:
        return _DEEP
    except ValueError:
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        return None
    if not all(isinstance(row, dict) for row in answer["results"]):
        return _NO_OBJECT
    return (
        "the record's text is not UTF-8"
        if isinstance(error, UnicodeDecodeError)
        else "the record's text is no valid JSON"
    )
