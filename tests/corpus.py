"""The generated shop as a corpus of the contract, and the same records with fields missing and with lists empty.

That every field, variant, enum value and Message type of the merged contract occurs in the shop is asserted by
sandbox/test_shop_shapes.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

import msgspec

from commercetools_source.sandbox.contract import parse, published
from commercetools_source.sandbox.shop.generate import generate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Row", "corpus"]

Row = tuple[str, str, bytes]


@cache
def corpus() -> tuple[Row, ...]:
    """Return the rows of the tiny shop, and behind those of each collection its bare ones."""
    # The hour is that of a sandbox's own shop: `generate` remembers that one.
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    whole = list(generate("tiny", 1, hour))
    bare = list(_bare_rows(whole))
    return tuple(sorted((*whole, *bare), key=lambda row: row[:2]))


def _bare_rows(whole: list[Row]) -> Iterator[Row]:
    """Yield a record of each type twice: without what is optional, and with every list and map empty."""
    contract = published()
    seen = set[tuple[str, str]]()
    for path, parent, body in whole:
        record = msgspec.json.decode(body)
        variety = (path, str(record.get("type", "")) if path == "/messages" else "")
        # What has no id has its key by what it refers to, or is the project itself: it cannot be there twice.
        if variety in seen or "id" not in record:
            continue
        seen.add(variety)
        item = str(contract["endpoints"][path]["item"])
        for suffix, optional in (("missing", False), ("emptied", True)):
            bare = _bare(record, item, contract["types"], optional=optional)
            yield path, parent, msgspec.json.encode(_named(bare, suffix))


def _named(record: dict[str, Any], suffix: str) -> dict[str, Any]:
    """Return a copy with an id of its own, and a key of its own where it has to have one."""
    named = {**record, "id": str(uuid5(NAMESPACE_OID, record["id"] + suffix))}
    return named | {"key": f"{record['key']}-{suffix}"} if "key" in record else named


def _bare(value: Any, expression: str, types: Mapping[str, Any], *, optional: bool) -> Any:
    """Return a value with empty lists and maps, and what is optional inside only if `optional`."""
    expected = parse(expression)
    row = types.get(expected.base, {})
    if expected.wrappers or "map" in row:
        return [] if isinstance(value, list) else {}
    if not isinstance(value, dict):
        return value
    if "variants" in row:
        row = types.get(row["variants"].get(value.get(row["tag"]), expected.base), row)
    fields = row.get("fields", {})
    return {
        name: _bare(item, fields.get(name, "any"), types, optional=optional)
        for name, item in value.items()
        if optional or fields.get(name, "").endswith("!")
    }
