"""The reviewed rows of additions.json: what the platform does and its OpenAPI file does not say yet. Pure.

A row is a fact of one type with the page that states it (`source`): a field (`field`, `is`), a value of an enumeration
(`value`), or a variant of a union (`tag`, `is`). A field that the file has with another type is replaced, so that
what the platform stopped to send can be made optional; old records may still have it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHAPES = ({"field", "is"}, {"value"}, {"tag", "is"})


def load(path: Path) -> list[dict[str, str]]:
    """Return the rows of the file at `path`; raises ValueError for one that is none of the shapes."""
    rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    for row in rows:
        if row.keys() - {"type", "source"} not in SHAPES or not row.get("source", "").startswith("https://"):
            raise ValueError(f"{path.name}: {row} is no field, value or variant with the https page that states it")
    return rows


def merged(name: str, row: dict[str, Any], additions: Iterable[dict[str, str]]) -> dict[str, Any]:
    """Return the contract's row of the type `name` with what `additions` say; ValueError for a variant of no union."""
    for addition in additions:
        if addition["type"] != name:
            continue
        if "value" in addition:
            row = {**row, "enum": [*row.get("enum", ()), addition["value"]]}
        else:
            section, key = ("fields", addition["field"]) if "field" in addition else ("variants", addition["tag"])
            if section == "variants" and "tag" not in row:
                raise ValueError(f"{name} has no field that tells its variants apart, so {key} cannot be added")
            row = {**row, section: dict(sorted({**row.get(section, {}), key: addition["is"]}.items()))}
    return row


def known(row: dict[str, Any], addition: dict[str, str]) -> bool:
    """Return whether the row of a type that the OpenAPI file gives says already what `addition` says."""
    if "value" in addition:
        return addition["value"] in row.get("enum", ())
    section, key = ("fields", addition["field"]) if "field" in addition else ("variants", addition["tag"])
    return bool(row.get(section, {}).get(key) == addition["is"])
