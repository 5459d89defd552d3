"""Definitions of attributes and custom fields that the platform refuses: names and keys that come twice, or conflict.

https://docs.commercetools.com/api/projects/productTypes#attributedefinitiondraft,
https://docs.commercetools.com/api/projects/types#fielddefinition
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.attributes import rows_of
from commercetools_source.sandbox.platform.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["refuse_definitions"]

Row = dict[str, Any]

_LISTS: Mapping[str, str] = {"/product-types": "attributes", "/types": "fieldDefinitions"}


def refuse_definitions(path: str, new: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> None:
    """Raise a 400 for a new type or product type whose definitions repeat, or contradict those of another one.

    `others`: the types at the same path. At other paths there is nothing to refuse.
    """
    field = _LISTS.get(path)
    definitions: Sequence[Row] = new.get(field) or () if field is not None else ()
    names = [row["name"] for row in definitions]
    for number, row in enumerate(definitions):
        _refuse_values(row["type"])
        if row["name"] in names[:number]:
            message = f"A duplicate value '\"{row['name']}\"' exists for field '{field}[{number}].name'."
            raise refuse(400, "DuplicateField", message, field=f"{field}[{number}].name", duplicateValue=row["name"])
    if path == "/product-types":
        _refuse_attributes(definitions, others)
    elif path == "/types":
        _refuse_fields(new, definitions, others)


def _refuse_values(value_type: Mapping[str, Any]) -> None:
    """Raise a 400 for an enumeration, or a set of one, that has a key twice."""
    if "elementType" in value_type:
        _refuse_values(value_type["elementType"])
    keys = [value["key"] for value in value_type.get("values") or ()]
    twice = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if twice:
        message = f"The enum values contain duplicate keys: {', '.join(twice)}."
        raise refuse(400, "DuplicateEnumValues", message, duplicates=twice)


def _refuse_attributes(definitions: Sequence[Row], others: Iterable[Mapping[str, Any]]) -> None:
    for row in definitions:
        if row["level"] == "Product" and row["attributeConstraint"] != "None":
            # https://docs.commercetools.com/api/projects/productTypes#attributedefinitiondraft
            message = f"The attribute '{row['name']}' of the level Product must have the constraint None."
            raise refuse(400, "InvalidOperation", message)
    by_name = {row["name"]: row for row in definitions}
    for other in others:
        for row in rows_of(other.get("attributes")):
            if row["name"] in by_name:
                _refuse_other(by_name[row["name"]], row, other)


def _refuse_other(row: Row, existing: Row, other: Mapping[str, Any]) -> None:
    """Raise a 400 where an attribute of one name is defined otherwise in another product type."""
    name = row["name"]
    extra = {
        "conflictingProductTypeId": other["id"],
        "conflictingProductTypeName": other.get("name", ""),
        "conflictingAttributeName": name,
    }
    if _without_values(row["type"]) != _without_values(existing["type"]):
        message = f"The attribute with name {name} has a different type on product type {other.get('name')}."
        raise refuse(400, "AttributeDefinitionTypeConflict", message, **extra)
    if {**row, "type": None} != {**existing, "type": None}:
        message = f"An attribute definition with name {name} already exists on product type {other.get('name')}."
        raise refuse(400, "AttributeDefinitionAlreadyExists", message, **extra)


def _refuse_fields(new: Mapping[str, Any], definitions: Sequence[Row], others: Iterable[Mapping[str, Any]]) -> None:
    by_name = {row["name"]: row for row in definitions}
    for other in others:
        if not set(other.get("resourceTypeIds") or ()) & set(new["resourceTypeIds"]):
            continue
        for row in rows_of(other.get("fieldDefinitions")):
            if row["name"] in by_name and _without_values(by_name[row["name"]]["type"]) != _without_values(row["type"]):
                # No public source has the code of this one.
                message = f"The field '{row['name']}' has a different type on type '{other.get('key')}'."
                raise refuse(400, "InvalidOperation", message)


def _without_values(value_type: Any) -> Any:
    """Return a type of values without those of an enumeration, which may differ."""
    if not isinstance(value_type, dict):
        return value_type
    return {name: _without_values(value) for name, value in value_type.items() if name != "values"}
