"""Columns whose values are of several JSON kinds, as JSON text: consumers that want one type for a column get one.

`custom_objects.value`, `reviews.target` and a dozen columns of `messages` are such columns. A consumer that
makes a column of the first kind that a schema names fails at the others.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["json_types", "mixed_columns", "row_with_text", "with_text"]

_ANYTHING = ("object", "array", "string", "number", "boolean")
_NULL = b"null"


def json_types(schema: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a schema allows besides null; all of them where it names none."""
    # A schema without a type takes any, which is several.
    types = schema.get("type", _ANYTHING)
    return [name for name in ([types] if isinstance(types, str) else types) if name != "null"]


@cache
def mixed_columns(stream: str) -> frozenset[str]:
    """Return the columns of a stream whose values may be of several JSON types."""
    properties = json_schema(STREAMS[stream])["properties"].items()
    return frozenset(column for column, schema in properties if len(json_types(schema)) > 1)


def with_text(record: msgspec.Raw, columns: Collection[str]) -> msgspec.Raw:
    """Return `record` with the values of `columns` as JSON text; null stays null, all other bytes stay as they are."""
    fields: dict[str, Any] = decode_fields(record)
    texts = {name: fields[name] for name in columns if name in fields and bytes(fields[name]) != _NULL}
    if not texts:
        return record
    # Only the columns that are changed are decoded; all other bytes are copied.
    return msgspec.Raw(msgspec.json.encode({**fields, **{name: bytes(raw).decode() for name, raw in texts.items()}}))


def row_with_text(row: Mapping[str, Any], columns: Collection[str]) -> dict[str, Any]:
    """Return a decoded record as `with_text` does."""
    return {name: _text(value) if name in columns else value for name, value in row.items()}


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
