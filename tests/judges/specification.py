"""The platform's own OpenAPI file, made usable for validators: what its conversion from RAML left behind is repaired.

The file is not part of this repository; tests that need it are skipped where it is absent.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(__file__).parents[2].parent / "shared" / "reference" / "openapi.yaml"
HISTORY = FILE.with_name("openapi-history.yaml")
"""That of the Change History API, which is a service of its own."""
_NEWS = resources.files("commercetools_source.catalog") / "additions.json"
_SCHEMAS = "#/components/schemas/"
# Maps of which the conversion says that their values are texts; this is what the platform's RAML says.
_MAPS: Mapping[str, Any] = {
    "FieldContainer": {},
    "ProductVariantChannelAvailabilityMap": {"$ref": f"{_SCHEMAS}ProductVariantChannelAvailability"},
    "SearchKeywords": {"type": "array", "items": {"$ref": f"{_SCHEMAS}SearchKeyword"}},
    "VariantAttributesChannelAvailabilityMap": {"$ref": f"{_SCHEMAS}ProductVariantChannelAvailability"},
}


def load(file: Path = FILE) -> dict[str, Any]:
    """Return the repaired specification."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    whole: dict[str, Any] = yaml.load(file.read_bytes(), Loader=loader)  # noqa: S506 - a safe one
    schemas = whole["components"]["schemas"]
    for name in schemas.keys() & _MAPS:
        schemas[name]["additionalProperties"] = _MAPS[name]
    for schema in schemas.values():
        for part in _parts(schema):
            _repair(part)
    for path in whole["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                named = operation.get("parameters", ())
                operation["parameters"] = [one for one in named if not one["name"].startswith("/")]
    _make_unions(whole, schemas)
    return whole


def with_news(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the specification with the reviewed values and fields that the platform announced since it was published.

    The file is older than the platform: what `additions.json` names is right although the file refuses it.
    """
    schemas = whole["components"]["schemas"]
    for row in json.loads(_NEWS.read_bytes())["rows"]:
        schema = schemas.get(row["type"], {})
        if "value" in row:
            schema["enum"] = [*schema["enum"], row["value"]]
        # A field that is no longer always sent; new ones are let through by `_repair` already.
        for part in _parts(schema) if row.get("is", "!")[-1] != "!" else ():
            if row.get("field") in part.get("required", ()):
                part["required"].remove(row["field"])
    return whole


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from schema.get("allOf", ())


def _repair(schema: dict[str, Any]) -> None:
    """Take patterns out of `required`; let errors have further fields of any type; let references fit several types."""
    required = [name for name in schema.get("required", ()) if not name.startswith("/")]
    schema.pop("required", None)
    if required:
        schema["required"] = required
    if "properties" in schema:
        schema.pop("additionalProperties", None)
    for value in schema.get("properties", {}).values():
        if "oneOf" in value:
            value["anyOf"] = value.pop("oneOf")


def _make_unions(whole: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Let each type with variants be judged as the variant that a value names.

    OpenAPI's discriminator of a parent type says so, but validators follow it only beside `anyOf`.
    """
    unions: dict[str, dict[str, Any]] = {}
    for name, schema in schemas.items():
        for part in _parts(schema):
            if "mapping" in part.get("discriminator", ()):
                unions[name] = part.pop("discriminator")
    # The mapping of messages lacks those that have a supertype in between (OrderMessage), and a few more.
    for name in _descendants("Message", schemas) if "Message" in unions else ():
        unions["Message"]["mapping"].setdefault(name.removesuffix("Message"), _SCHEMAS + name)
    for reference in _references(whole):
        name = reference["$ref"].removeprefix(_SCHEMAS)
        if name in unions:
            reference["$ref"] = f"{_SCHEMAS}{name}.any"
    for name, union in unions.items():
        mapping = {
            tag: f"{target}.any" if target != _SCHEMAS + name and target.removeprefix(_SCHEMAS) in unions else target
            for tag, target in union["mapping"].items()
        }
        # What a tag may be without a type of its own has the parent's fields.
        for tag in _tags(schemas, name, union["propertyName"]):
            mapping.setdefault(tag, _SCHEMAS + name)
        targets = [{"$ref": target} for target in sorted(set(mapping.values()))]
        schemas[f"{name}.any"] = {"anyOf": targets, "discriminator": {**union, "mapping": mapping}}


def _descendants(name: str, schemas: dict[str, Any]) -> list[str]:
    parent = {"$ref": _SCHEMAS + name}
    children = [child for child, schema in schemas.items() if parent in schema.get("allOf", ())]
    return [*children, *(one for child in children for one in _descendants(child, schemas))]


def _tags(schemas: dict[str, Any], name: str, field: str) -> list[str]:
    for part in _parts(schemas[name]):
        kind = part.get("properties", {}).get(field, {}).get("$ref", "").removeprefix(_SCHEMAS)
        if kind in schemas:
            return list(schemas[kind].get("enum", ()))
    return []


def _references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the places that speak of another type, but not those that inherit from one."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        if "$ref" in value:
            yield value
        for name, inner in value.items():
            parents = name == "allOf" and isinstance(inner, list)
            yield from _references([part for part in inner if "$ref" not in part] if parents else inner)
