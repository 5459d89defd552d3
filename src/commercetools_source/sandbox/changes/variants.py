"""What the variants of a product must have, and what no two of them may have alike.

https://docs.commercetools.com/api/projects/productTypes#attributeconstraintenum,
https://docs.commercetools.com/api/errors: DuplicateAttributeValue, DuplicateAttributeValues, DuplicateVariantValues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import refuse, required_field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from commercetools_source.errors import ApiError

__all__ = ["refuse_missing", "refuse_variants"]

Row = dict[str, Any]
Definitions: TypeAlias = "Sequence[Mapping[str, Any]]"


def refuse_missing(data: Mapping[str, Any], definitions: Iterable[Mapping[str, Any]], level: str) -> None:
    """Raise a 400 where product data or a variant lacks a required attribute of its level."""
    values = _values(data)
    for row in definitions:
        if row.get("isRequired") and row.get("level") == level and row["name"] not in values:
            raise required_field(row["name"])


def refuse_variants(
    variants: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], definitions: Definitions
) -> None:
    """Raise a 400 for a variant that lacks an attribute, or has with another one what only one may have.

    Those of `before` stay as they are, so that a shop that was copied can be changed whatever it has.
    """
    for variant in variants:
        if variant in before:
            continue
        refuse_missing(variant, definitions, "Variant")
        for other in variants:
            if other is not variant:
                _refuse_pair(variant, other, definitions)


def _refuse_pair(variant: Mapping[str, Any], other: Mapping[str, Any], definitions: Definitions) -> None:
    values, others = _values(variant), _values(other)
    combined = [row["name"] for row in definitions if row.get("attributeConstraint") == "CombinationUnique"]
    for row in definitions:
        name, constraint = row["name"], row.get("attributeConstraint")
        if constraint == "Unique" and name in values and values[name] == others.get(name):
            message, attribute = "Attribute can't have the same value in a different variant.", _entry(name, values)
            raise refuse(400, "DuplicateAttributeValue", message, attribute=attribute)
        if constraint == "SameForAll" and values.get(name) != others.get(name):
            raise _different(name, values.get(name), others.get(name))
    if any(name in values for name in combined) and all(values.get(name) == others.get(name) for name in combined):
        attributes = [_entry(name, values) for name in combined if name in values]
        message = "The set of attributes must be unique across all variants."
        raise refuse(400, "DuplicateAttributeValues", message, attributes=attributes)
    if _told(variant) == _told(other):
        values = {name: variant[name] for name in ("sku", "prices", "attributes") if name in variant}
        message = "A duplicate combination of the variant values (sku, key, images, prices, attributes) exists."
        raise refuse(400, "DuplicateVariantValues", message, variantValues={"prices": [], "attributes": [], **values})


def _different(name: str, value: Any, allowed: Any) -> ApiError:
    # https://github.com/commercetools/commercetools-php-sdk/issues/490 has the message.
    used = "Using no value" if value is None else f"The value '{value}'"
    message = (
        f"{used} is not valid for field '{name}'. The allowed value is '{allowed}'."
        " The value of the attribute must be the same across all variants."
    )
    return refuse(400, "InvalidField", message, field=name, invalidValue=value, allowedValues=[allowed])


def _told(variant: Mapping[str, Any]) -> list[Any]:
    # Ids of prices are given anew.
    prices = [{**price, "id": None} for price in variant.get("prices") or () if isinstance(price, dict)]
    return [variant.get("sku"), variant.get("key"), variant.get("images") or [], prices, _values(variant)]


def _values(data: Mapping[str, Any]) -> Row:
    # A record of a test may have any value there.
    entries = data.get("attributes")
    return {
        entry["name"]: entry["value"]
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and "value" in entry
    }


def _entry(name: str, values: Mapping[str, Any]) -> Row:
    return {"name": name, "value": values[name]}
