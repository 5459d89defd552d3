"""Records with the same key: a project has each key once, so all but one of them were deleted unseen.

No Message tells of a deleted Type or product type, and of other records only if the project keeps Messages
(https://docs.commercetools.com/api/projects/messages). Whoever got the key last was changed then, and after
the last change of what had it before: `lastModifiedAt` decides, even where a key was moved.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from commercetools_source.model.custom.definitions import SOURCES
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import all_relations

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

__all__ = ["is_referred_by_key", "newest_by_key", "newest_of_key"]

_CHANGED = ("lastModifiedAt", "createdAt", "id")
"""What orders records by their last change."""


def newest_by_key(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return `records` without those whose key a record has that was changed later.

    Their times are all texts of the API, or all datetimes.
    """
    by_key: dict[str, Mapping[str, Any]] = {}
    without_key = []
    for record in records:
        key = record.get("key")
        # Most resources need no key; without one no record can stand in another's place.
        if not isinstance(key, str) or not key:
            without_key.append(record)
        elif key not in by_key or _changed(record) > _changed(by_key[key]):
            by_key[key] = record
    return [*without_key, *by_key.values()]


def _changed(record: Mapping[str, Any]) -> tuple[str, ...]:
    # Texts of one form compare as their times do; the id decides between equal ones, the same way each time.
    return tuple(str(record.get(name) or "") for name in _CHANGED)


@cache
def _referred_by_key() -> frozenset[str]:
    keys = [key for relation in all_relations().values() for key in relation.foreign_keys if key.to == ("key",)]
    return frozenset({*SOURCES, *(key.relation for key in keys)})


def is_referred_by_key(stream: str) -> bool:
    """Return whether a key of `stream` must lead to one record: because others hold it, or are defined under it."""
    return stream in _referred_by_key()


def newest_of_key(stream: str, columns: Container[str]) -> str:
    """Return the QUALIFY clause that does in a query of `stream` what `newest_by_key` does.

    "" where nobody refers by key, or where a table with these columns cannot tell.
    """
    names = [name for name in _CHANGED if name in columns]
    if not is_referred_by_key(stream) or "key" not in columns or not names:
        return ""
    # A record without a date has been changed by nobody that we know of.
    order = ", ".join(f"{quoted(name)} DESC NULLS LAST" for name in names)
    return f' QUALIFY "key" IS NULL OR row_number() OVER (PARTITION BY "key" ORDER BY {order}) = 1'
