"""Write the platform's published contract as compact data: what a record may hold, what an endpoint takes.

    python tools/contract.py            write src/commercetools_source/catalog/contract.json
    python tools/contract.py --check    exit 1 if that file is not what it would write

Names, types and formats only; none of the specification's prose. Type expressions: `string int number bool
datetime date time any object`, a type's name, `[X]` (array), `{X}` (map); a trailing `!` marks what is required.
A field of one of several types is `any`; `choices` of its type's row has them by the tag that tells them apart.
What the platform does and the specification does not say yet comes from additions.json; a row that it says by now
is an error, so that it is taken out of that file. The Change History API's openapi-history.yaml lies beside the
specification.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import additions
import contract_history

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent
SPECIFICATION = ROOT.parent / "shared" / "reference" / "openapi.yaml"
TARGET = ROOT / "src" / "commercetools_source" / "catalog" / "contract.json"
ADDITIONS = TARGET.with_name("additions.json")
HISTORY = "openapi-history.yaml"
PROJECT = "/{projectKey}"

SCALARS: dict[tuple[str | None, str | None], str] = {
    (None, None): "any",
    ("boolean", None): "bool",
    ("integer", "int32"): "int",
    ("integer", "int64"): "int",
    ("integer", None): "int",
    ("number", "double"): "number",
    ("number", None): "number",
    ("string", "date"): "date",
    ("string", "date-only"): "date",
    ("string", "date-time"): "datetime",
    ("string", "datetime"): "datetime",
    ("string", "time-only"): "time",
    ("string", None): "string",
}

# Maps whose values the specification gives as strings, which the RAML it is made from does not.
MAP_VALUES = {
    "FieldContainer": "any",
    "ProductVariantChannelAvailabilityMap": "ProductVariantChannelAvailability",
    "SearchKeywords": "[SearchKeyword]",
    "VariantAttributesChannelAvailabilityMap": "ProductVariantChannelAvailability",
}

# Unions whose mapping lacks the variants that derive from them over an abstract type in between (OrderMessage), with
# the end of a type's name that its tag does not have.
INCOMPLETE = {"Message": "Message"}

# Endpoints of which the answer is one record and not a page.
SINGLE = {"": "Project"}

# Collections that are searched and not listed.
SEARCHED = re.compile(r"/search$")

# A whole other record put into a reference on request (`expand`), which an extraction never asks for.
EXPANDED = "obj"


def is_leftover(name: str) -> bool:
    """Return whether `name` is a RAML pattern that became a property or parameter by mistake."""
    return name.startswith("/")


def expression(schema: dict[str, Any]) -> str:
    """Return the type expression of a schema; raises KeyError for a format that nobody has looked at yet."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    kind, form = schema.get("type"), schema.get("format")
    if kind == "array":
        return f"[{expression(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"{{{expression(values)}}}" if isinstance(values, dict) else "object"
    return SCALARS[kind, form]


class Types:
    """The schemas of a specification and what is added to them, as rows of the data file."""

    def __init__(self, schemas: dict[str, Any], added: Sequence[dict[str, str]] = ()) -> None:
        self.schemas = schemas
        self.added = added
        self.names = {*schemas, *(row["type"] for row in added)}

    def row(self, name: str) -> dict[str, Any]:
        """Return the row of one type: an enum, a map, a scalar, or fields with a tag and variants if it is a union."""
        return additions.merged(name, self.specified(name) if name in self.schemas else {}, self.added)

    def superseded(self) -> list[dict[str, str]]:
        """Return the added rows that the specification says itself."""
        return [
            row
            for row in self.added
            if row["type"] in self.schemas and additions.known(self.specified(row["type"]), row)
        ]

    def specified(self, name: str) -> dict[str, Any]:
        """Return the row of one type as the specification has it."""
        schema = self.schemas[name]
        if "enum" in schema:
            return {"enum": schema["enum"]}
        if name in MAP_VALUES:
            return {"map": MAP_VALUES[name]}
        parts = list(self.parts(schema))
        fields: dict[str, str] = {}
        required: set[str] = set()
        for part in parts:
            required |= {field for field in part.get("required", ()) if not is_leftover(field)}
            for field, value in (part.get("properties") or {}).items():
                if not is_leftover(field) and field != EXPANDED:
                    fields[field] = expression(value)
        if fields:
            row: dict[str, Any] = {
                "fields": {field: kind + "!" * (field in required) for field, kind in sorted(fields.items())}
            }
            properties = {field: value for part in parts for field, value in (part.get("properties") or {}).items()}
            choices = {field: self.choice(value.get("oneOf", ())) for field, value in sorted(properties.items())}
            told = {field: choice for field, choice in choices.items() if choice}
            return {**self.union(schema, name), **row, **({"choices": told} if told else {})}
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            return {"map": expression(values)}
        return {"is": expression(schema)}

    def parts(self, schema: dict[str, Any]) -> Any:
        """Yield the object schemas of which `schema` is made, inherited ones first."""
        for part in schema.get("allOf", ()):
            yield from self.parts(self.schemas[part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part)
        if "allOf" not in schema:
            yield schema

    def union(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        """Return tag and variants if `schema` itself is a union; a variant does not inherit them."""
        for part in [schema, *(part for part in schema.get("allOf", ()) if "$ref" not in part)]:
            if "discriminator" in part:
                variants = {
                    tag: reference.rsplit("/", 1)[1] for tag, reference in part["discriminator"]["mapping"].items()
                }
                variants.update(self.unmapped(name, set(variants.values())) if name in INCOMPLETE else {})
                if set(variants.values()) != {name}:
                    return {"tag": part["discriminator"]["propertyName"], "variants": dict(sorted(variants.items()))}
        return {}

    def choice(self, options: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return tag and variants of a value that is one of `options`, if a union above them tells them apart."""
        names = [str(option.get("$ref", "")).rsplit("/", 1)[-1] for option in options]
        if not names or not all(names):
            return {}
        for above in sorted(set.intersection(*map(self.bases, names))):
            if union := self.union(self.schemas[above], above):
                variants = {tag: name for tag, name in union["variants"].items() if name in names}
                return {**union, "variants": variants}
        return {}

    def unmapped(self, union: str, mapped: set[str]) -> dict[str, str]:
        """Return the types that derive from `union` at some distance, are not `mapped`, and have none below them."""
        bases = {name: self.bases(name) for name in self.schemas}
        above = {base for name in bases for base in bases[name]}
        leaves = [name for name in bases if union in bases[name] and name not in above | mapped]
        return {name.removesuffix(INCOMPLETE[union]): name for name in leaves}

    def bases(self, name: str) -> set[str]:
        """Return the types that a type derives from, at any distance."""
        direct = {str(part["$ref"]).rsplit("/", 1)[1] for part in self.schemas[name].get("allOf", ()) if "$ref" in part}
        return direct.union(*(self.bases(base) for base in direct))


def reachable(types: Types, roots: set[str]) -> dict[str, Any]:
    """Return the rows of `roots` and of everything they lead to."""
    rows: dict[str, Any] = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name in rows or name not in types.names:
            continue
        rows[name] = types.row(name)
        waiting.extend(contract_history.names_in(rows[name]))
    return dict(sorted(rows.items()))


def endpoints(doc: dict[str, Any], types: Types) -> dict[str, Any]:
    """Return one row per endpoint that answers with a page of records, and for the project itself."""
    found = {}
    for path, operations in doc["paths"].items():
        if not path.startswith(PROJECT) or "get" not in operations:
            continue
        short = path[len(PROJECT) :]
        page = answer_type(operations["get"])
        item = SINGLE.get(short) or item_of(types, page)
        if item is None or SEARCHED.search(short):
            continue
        listing = operations["get"]
        found[short or "/"] = {
            "item": item,
            **({"page": page} if short not in SINGLE else {}),
            "params": sorted(
                parameter["name"]
                for parameter in listing.get("parameters", ())
                if parameter["in"] == "query" and not is_leftover(parameter["name"])
            ),
            "scopes": sorted(
                {
                    scope.split(":")[0]
                    for option in listing.get("security", ())
                    for scopes in option.values()
                    for scope in scopes
                }
            ),
            "methods": sorted(method.upper() for method in operations if method in {"get", "head", "post"}),
            **({"erases": True} if erases(doc, path) else {}),
        }
    return dict(sorted(found.items()))


def erases(doc: dict[str, Any], path: str) -> bool:
    """Return whether to delete a record of a collection can be asked to erase personal data everywhere."""
    offered = (
        parameter["name"]
        for below, operations in doc["paths"].items()
        if re.fullmatch(re.escape(path) + r"/(\{ID\}|\{key\})", below)
        for parameter in operations.get("delete", {}).get("parameters", ())
    )
    return "dataErasure" in offered


def answer_type(operation: dict[str, Any]) -> str:
    """Return the name of the type of a 200 answer, or nothing."""
    content = operation.get("responses", {}).get("200", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return str(reference).rsplit("/", 1)[-1]


def item_of(types: Types, page: str) -> str | None:
    """Return the type of one record of a page, or None if the type is no page."""
    if page not in types.schemas:
        return None
    results = types.row(page).get("fields", {}).get("results", "")
    inner = re.fullmatch(r"\[(\w+)\]!?", results)
    return inner[1] if inner and "offset" in types.row(page).get("fields", {}) else None


def render(source: Path, added: Path) -> str:
    """Return the text of the data file: one endpoint and one type per line; raises ValueError for superseded rows."""
    raw = source.read_bytes()
    doc = yaml.load(raw, Loader=yaml.CSafeLoader)
    types = Types(doc["components"]["schemas"], additions.load(added))
    if superseded := types.superseded():
        lines = "".join(f"\n  {compact(row)}" for row in superseded)
        raise ValueError(f"{source} has these rows of {added} by now; take them out of it:{lines}")
    paths = endpoints(doc, types)
    roots = {row["item"] for row in paths.values()}
    info = {"title": doc["info"]["title"], "version": doc["info"]["version"]}
    info["sha256"] = hashlib.sha256(raw).hexdigest()
    beside: dict[str, Any] = {}
    # Its own file, because it is a service of its own with a specification of its own.
    if (history := source.with_name(HISTORY)).exists():
        raw = history.read_bytes()
        doc = yaml.load(raw, Loader=yaml.CSafeLoader)
        listed, beside, shared = contract_history.rows(doc, Types(doc["components"]["schemas"]).specified)
        paths, roots = {**paths, **listed}, roots | shared
        info["history"] = hashlib.sha256(raw).hexdigest()
    sections = {"endpoints": paths, "types": dict(sorted({**reachable(types, roots), **beside}.items()))}
    text = [f'{{\n"source": {compact(info)}']
    for title, section in sections.items():
        lines = ",\n".join(f"{compact(name)}: {compact(row)}" for name, row in section.items())
        text.append(f',\n"{title}": {{\n{lines}\n}}')
    return "".join(text) + "\n}\n"


def compact(value: Any) -> str:
    """Return `value` as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Write or check the data file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "specification", type=Path, nargs="?", default=SPECIFICATION, help="the platform's openapi.yaml"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is not current")
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--additions", type=Path, default=ADDITIONS, help="the reviewed rows beside the specification")
    given = parser.parse_args()
    try:
        text = render(given.specification, given.additions)
    except ValueError as error:
        parser.error(str(error))
    if not given.check:
        given.target.write_text(text, encoding="utf-8")
        print(f"{given.target}: {len(text)} characters")
        return 0
    current = given.target.exists() and given.target.read_text(encoding="utf-8") == text
    print("current" if current else f"{given.target} differs; run `make contract`")
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
