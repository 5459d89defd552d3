"""The JSON Schema of each stream as Mage sees it: the documented one, widened by what the API's contract says.

`documented.json` has the six streams of Mage's own source: names and types that pipelines rely on, so
they stay. A text is a scalar's type or format, `any` an object of any kind, an object one with these
properties, a list one of such items.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.frontends.mixed_columns import json_types, mixed_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["columns_as_text", "schemas"]

_FORMATS = frozenset({"date-time", "date", "time"})
_TEXT = {"type": ["null", "string"]}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every stream by name, in alphabetical order of the names."""
    return {name: msgspec.json.decode(_encoded(name)) for name in sorted(STREAMS)}


# Mage discovers a stream at a time, and a source then asks for all schemas. As JSON: whoever gets one may change it.
@cache
def _encoded(name: str) -> bytes:
    return msgspec.json.encode(_schema(json_schema(STREAMS[name]), _documented().get(name, {})))


# The file is read once for all streams.
@cache
def _documented() -> Mapping[str, Any]:
    folder = resources.files("commercetools_source.frontends.mage")
    documented: dict[str, Any] = json.loads(folder.joinpath("documented.json").read_text(encoding="utf-8"))
    return documented


@cache
def columns_as_text(name: str) -> frozenset[str]:
    """Return the columns of a stream that Mage gets as JSON text, because their values are of several kinds.

    Mage's destinations make a column of the first kind that a schema names, and fail at the others.
    """
    return mixed_columns(name) - frozenset(_documented().get(name, {}))


def _schema(contract: Mapping[str, Any], documented: Mapping[str, Any]) -> dict[str, Any]:
    fields = contract["properties"]
    # Mage's own documentation of the source; its columns must stay as they are there.
    kept = {name: _widened(_told(form), fields.get(name)) for name, form in documented.items()}
    added = {
        # A text where several types are legal: a destination of Mage's makes a column of the first one.
        name: _TEXT if len(json_types(field)) > 1 else _shallow(field)
        for name, field in fields.items()
        if name not in kept
    }
    return {"type": "object", "properties": {**kept, **added}}


def _told(form: Any) -> dict[str, Any]:
    """Return the JSON Schema that a value of `documented.json` stands for."""
    if form == "any":
        return {"type": ["null", "object"], "additionalProperties": True}
    if isinstance(form, str):
        return {"type": ["null", "string"], "format": form} if form in _FORMATS else {"type": ["null", form]}
    if isinstance(form, list):
        return {"type": ["null", "array"], **({"items": _told(form[0])} if form else {})}
    properties = {name: _told(inner) for name, inner in form.items()}
    return {"type": ["null", "object"], **({"properties": properties} if properties else {})}


def _widened(column: Mapping[str, Any], contract: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the documented schema of a `column` with the types added that the API's contract allows besides."""
    if contract is None:
        return dict(column)
    # JSON Schema's number has the whole numbers in it.
    covered = {*column["type"], *(["integer"] if "number" in column["type"] else [])}
    wide = {
        **column,
        "type": [*column["type"], *(form for form in json_types(contract) if form not in covered)],
    }
    if "items" in column:
        wide["items"] = _widened(column["items"], contract.get("items"))
    if "properties" in column:
        fields = contract.get("properties", {})
        wide["properties"] = {name: _widened(inner, fields.get(name)) for name, inner in column["properties"].items()}
    return wide


def _shallow(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return a property of the contract as a column: what is inside an object stays open."""
    types = json_types(contract)
    column: dict[str, Any] = {"type": ["null", *types]}
    if contract.get("format") in _FORMATS:
        column["format"] = contract["format"]
    if types == ["object"]:
        column["additionalProperties"] = True
    if types == ["array"] and "items" in contract:
        column["items"] = _shallow(contract["items"])
    return column
