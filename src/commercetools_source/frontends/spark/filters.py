"""Spark's filters in the API's query language. Pure; a filter is whatever has an `attribute` and a `value`.

What is sent selects at least what the filter does, because Spark applies it once more: its times have microseconds,
the API's have milliseconds.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.contract import load
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.extract.keyset import comparison, literal

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Relation

__all__ = ["predicate_of"]

_EQUAL = frozenset({"EqualTo", "EqualNullSafe"})
_FROM = frozenset({"GreaterThan", "GreaterThanOrEqual"})
_TO = frozenset({"LessThan", "LessThanOrEqual"})
_MOST_KEYS = 100
"""Keys in one predicate: a URL of some 4 KB, where 15 KB are refused (docs: HTTP API)."""


def predicate_of(stream: Stream, condition: Any, relation: Relation | None = None) -> str | None:
    """Return the predicate of a filter, named as the classes of `pyspark.sql.datasource` are; None: it has none.

    `relation`: what the columns are of, in place of the stream's records.
    """
    endpoint = load().endpoints.get(stream.path)
    name, value = ".".join(getattr(condition, "attribute", ())), getattr(condition, "value", None)
    if relation is not None:
        name = _fields_of_the_record(relation).get(name, "")
    # A field that the contract does not know might be no field for the platform either, which is a 400.
    if (endpoint is not None and "where" not in endpoint.params) or name not in load().fields(stream.item):
        return None
    sign = type(condition).__name__
    if name in stream.key:
        return _of_key(name, sign, value)
    if name in {stream.cursor, stream.ordering[0]} and isinstance(value, datetime) and value.tzinfo is not None:
        # At the end of the calendar there is no later millisecond, or none in UTC. Spark filters anyway.
        with suppress(OverflowError):
            return _of_time(name, sign, instant(value))
    return None


def _fields_of_the_record(relation: Relation) -> dict[str, str]:
    """Return by column which field of the record it holds: the `id` of a line item is not the order's."""
    return {
        column.name: column.path[0]
        for column in relation.columns
        if column.source == "value" and len(column.path) == 1 and (column.level == 0 or not relation.parent)
    }


def _of_key(name: str, sign: str, value: Any) -> str | None:
    if sign in _EQUAL and isinstance(value, str):
        return comparison(name, "=", value)
    if sign == "In" and 0 < len(value) <= _MOST_KEYS and all(isinstance(key, str) for key in value):
        return f"{name} in ({', '.join(map(literal, value))})"
    return None


def _of_time(name: str, sign: str, time: str) -> str | None:
    # A millisecond more: a filter in microseconds may lie within the platform's millisecond.
    begin, end = comparison(name, ">=", time), comparison(name, "<", shift(time, 0.001))
    if sign in _EQUAL:
        return f"{begin} and {end}"
    if sign in _FROM:
        return begin
    return end if sign in _TO else None
