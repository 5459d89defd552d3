"""The smallest draft that the platform takes for each path, made of what the sandbox knows of its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.changes.validation import type_id
from commercetools_source.sandbox.contract import facets, parse
from commercetools_source.sandbox.data.expand import collection_of
from commercetools_source.sandbox.platform.endpoints import STREAMS

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox

_SCALARS: dict[str, Any] = {
    "string": "text",
    "int": 1,
    "number": 1,
    "bool": True,
    "datetime": "2026-01-31T10:00:00.000Z",
    "date": "2026-01-31",
    "time": "10:00:00.000",
    "any": "text",
    "object": {},
}
_STREAM_OF = {path: name for name, (path, staged) in STREAMS.items() if staged is None}
# A text of which the form matters.
_TEXTS = {
    "currencyCode": "EUR",
    "currency": "EUR",
    "cartPredicate": "1 = 1",
    "condition": 'key = "x"',
    "country": "DE",
    "email": "a@example.com",
    "orderHint": "0.5",
    "predicate": "1 = 1",
    "sortOrder": "0.5",
    "validUntil": "2026-02-28T10:00:00.000Z",
}


def minimal(sandbox: Sandbox, path: str) -> dict[str, Any]:
    """Return the smallest draft; what it must refer to is created in the sandbox first."""
    name = accepted().draft(path)
    assert name is not None
    draft: dict[str, Any] = value_of(sandbox, name)
    # Needed, unless the customer is authenticated elsewhere.
    return {**draft, "password": "secret"} if path == "/customers" else draft


def value_of(  # noqa: PLR0911 - one for each kind
    sandbox: Sandbox, expression: str, field: str = "", least: int = 0
) -> Any:
    """Return the smallest value of a type; a list has as many items as it must have."""
    expected = parse(expression)
    if expected.wrappers:
        return [value_of(sandbox, expected.base)] * least if expected.wrappers[0] == "[" else {}
    name, types = expected.base, accepted().types
    row = types.get(name, {})
    if name in _SCALARS or "is" in row:
        return _TEXTS.get(field) or _SCALARS[row.get("is", name)]
    if "enum" in row:
        return row["enum"][0]
    if "map" in row:
        return {"en": "text"} if row["map"] == "string" else {}
    if "variants" in row:
        tag, variant = next(iter(row["variants"].items()))
        return {**value_of(sandbox, variant), row["tag"]: tag}
    if name.endswith(("ResourceIdentifier", "Reference")) and "typeId" in row["fields"]:
        target = _target(sandbox, _STREAM_OF[collection_of(type_id(name))])
        return {"typeId": type_id(name), "id": target["id"]}
    return {
        field: within(name, field, value_of(sandbox, kind.rstrip("!"), field, limit(name, field, "minItems", 0)))
        for field, kind in row["fields"].items()
        if kind.endswith("!")
    }


def limit(name: str, field: str, facet: str, otherwise: int) -> int:
    """Return a limit of a type's field."""
    return int(facets().get(name, {}).get(field, {}).get(facet, otherwise))


def within(name: str, field: str, value: Any) -> Any:
    """Return a number that a type's field may have: `value`, or the nearest one; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    least, most = limit(name, field, "minimum", value), limit(name, field, "maximum", value)
    return min(max(value, least), max(least, most))


def _target(sandbox: Sandbox, stream: str) -> dict[str, Any]:
    """Return a new record that a draft may refer to, which has what another one is made of."""
    if stream == "carts":
        return sandbox.create(stream, {"customerId": sandbox.create("customers")["id"]})
    if stream == "staged_quotes":
        cart = sandbox.create("carts")
        return sandbox.create(stream, {"quotationCart": {"typeId": "cart", "id": cart["id"]}})
    return sandbox.create(stream)
