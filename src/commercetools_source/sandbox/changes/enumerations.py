"""Update actions of Types that take values of an enumeration away; what records have of them stays as it is.

https://docs.commercetools.com/api/releases/2026-09-03-added-update-actions-to-remove-enumvalues-from-custom-type-fielddefinitions
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.attributes import rows_of
from commercetools_source.sandbox.platform.refusals import invalid_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.sandbox.changes.drafts import Drafts

__all__ = ["REMOVALS"]


def _remove(kind: str, _: Drafts, record: dict[str, Any], action: Mapping[str, Any]) -> None:
    """Take values away from the field of this kind that the action names; raises a 400 for what is not there."""
    rows = {row["name"]: row for row in rows_of(record.get("fieldDefinitions")) if row["type"].get("name") == kind}
    name, keys = action["fieldName"], action["keys"]
    if name not in rows:
        raise invalid_field("fieldName", name, f"a field of the type {kind}", sorted(rows))
    field_type = rows[name]["type"]
    present = [value["key"] for value in field_type["values"]]
    for number, key in enumerate(keys):
        if key not in present:
            raise invalid_field(f"keys[{number}]", key, f"one of {', '.join(present)}", present)
    field_type["values"] = [value for value in field_type["values"] if value["key"] not in keys]


REMOVALS: Mapping[tuple[str, str], Callable[[Drafts, dict[str, Any], Mapping[str, Any]], None]] = MappingProxyType(
    {
        ("Type", "removeEnumValues"): partial(_remove, "Enum"),
        ("Type", "removeLocalizedEnumValues"): partial(_remove, "LocalizedEnum"),
    }
)
