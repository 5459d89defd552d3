"""The Change History API's contract as rows beside those of the API: its list endpoint, a record, and what it leads to.

It has a specification of its own, whose types of the same name are others. What both have alike keeps its name; all
else is called `History...`. The 374 types of a change are one row, since a table can have only one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIST = "/{projectKey}"
PATH = "history:/"
RECORD = "Record"
CHANGE = "Change"
PREFIX = "History"

# Types of both specifications that say the same of a record.
SHARED = frozenset({"KeyReference", "LocalizedString", "Money", "Reference", "ReferenceTypeId"})

# The specification has it as a text; its own page says date and time (UTC):
# https://docs.commercetools.com/api/history/change-history#record
TIMES = {(RECORD, "modifiedAt"): "datetime!"}


def rows(
    doc: Mapping[str, Any], specified: Callable[[str], dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], set[str]]:
    """Return the row of the endpoint by its path, the rows of the types by name, and the shared types they lead to.

    `specified` gives the row of one type of this specification.
    """
    listing = doc["paths"][LIST]["get"]
    endpoint = {
        "item": PREFIX + RECORD,
        "params": sorted(parameter["name"] for parameter in listing["parameters"] if parameter["in"] == "query"),
        # Besides this one, those of whatever is to be seen: the catalogue has them by resource type.
        "scopes": ["view_audit_log"],
        "methods": ["GET"],
    }
    types: dict[str, Any] = {}
    shared: set[str] = set()
    waiting = [RECORD, "ChangeHistoryResourceType", "PlatformInitiatedChange", "Source"]
    while waiting:
        name = waiting.pop()
        if name in SHARED:
            shared.add(name)
        elif name not in types and name in doc["components"]["schemas"]:
            row = change(doc, specified) if name == CHANGE else specified(name)
            waiting.extend(names_in(row))
            fields = {field: TIMES.get((name, field), kind) for field, kind in row.get("fields", {}).items()}
            types[name] = {**row, **({"fields": fields} if fields else {})}
    renamed = {
        called(name): {key: renamed_in(value, types) for key, value in row.items()} for name, row in types.items()
    }
    return {PATH: endpoint}, renamed, shared


def called(name: str) -> str:
    """Return the name of one of this specification's own types beside those of the API."""
    return PREFIX + name.removeprefix("ChangeHistory")


def change(doc: Mapping[str, Any], specified: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """Return one row for every type of change: a field that is a text, number or flag in all that have it, else any."""
    mapping = doc["components"]["schemas"][CHANGE]["discriminator"]["mapping"].values()
    variants = [specified(reference.rsplit("/", 1)[1])["fields"] for reference in dict.fromkeys(mapping)]
    kinds: dict[str, set[str]] = {}
    for fields in variants:
        for field, kind in fields.items():
            kinds.setdefault(field, set()).add(kind.rstrip("!"))
    merged = {
        field: next(iter(names)) if names <= {"string"} or names <= {"bool"} else "any"
        for field, names in sorted(kinds.items())
    }
    return {"fields": {field: kind + "!" * (field in {"change", "type"}) for field, kind in merged.items()}}


def names_in(row: Mapping[str, Any]) -> set[str]:
    """Return the names of all types that a row speaks of."""
    spoken = [*row.get("fields", {}).values(), *row.get("variants", {}).values(), row.get("map", ""), row.get("is", "")]
    spoken += [name for choice in row.get("choices", {}).values() for name in choice["variants"].values()]
    return {word for text in spoken for word in re.findall(r"\w+", text)}


def renamed_in(value: Any, types: Mapping[str, Any]) -> Any:
    """Return a part of a row in which the types of this specification have their new names."""
    if isinstance(value, dict):
        return {key: renamed_in(inner, types) for key, inner in value.items()}
    if not isinstance(value, str):
        return value
    return re.sub(r"\w+", lambda word: called(word[0]) if word[0] in types else word[0], value)
