"""Read the TypeScript declarations of the platform's own SDK as rows in the notation of contract.json. Pure.

The package `@commercetools/platform-sdk` on npm is generated from the platform's RAML, and is published more often
than the OpenAPI file. Its declarations have one form for each kind of type, so that a few patterns read them; dates
are strings in them and integers numbers.
"""

from __future__ import annotations

import re
from typing import Any

SCALARS = {"string": "string", "number": "number", "boolean": "bool", "any": "any", "object": "object"}

# A value that stands for any other one makes an open enumeration: `'Classic' | 'Modular' | (string & {})`.
_OPEN = "(string & {})"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends ([\w, ]+))? \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_ALIAS = re.compile(r"^export type (\w+) = (.*?);$", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^ {4}(?:readonly )?'?(\w+)'?(\??): (.*?);$", re.DOTALL | re.MULTILINE)


def declared(text: str) -> dict[str, dict[str, Any]]:
    """Return what declarations say: `fields`, `bases` and tag values (`constants`) of types, `enum`, `variants`."""
    text = _COMMENT.sub("", text)
    types: dict[str, dict[str, Any]] = {}
    for name, bases, body in _INTERFACE.findall(text):
        fields, constants = {}, {}
        for field, optional, value in _FIELD.findall(body):
            constant = re.fullmatch(r"'([^']*)'", value)
            fields[field] = f"{expression(value)}{'' if optional else '!'}"
            if constant:
                constants[field] = constant[1]
        types[name] = {"fields": fields, "bases": re.findall(r"\w+", bases), "constants": constants}
    for name, value in _ALIAS.findall(text):
        options = [option.strip() for option in value.replace(_OPEN, "").split("|") if option.strip()]
        if all(option.startswith("'") for option in options):
            types[name] = {"enum": [option.strip("'") for option in options]}
        elif all(option[0].isupper() and option.isidentifier() for option in options):
            types[name] = {"variants": options}
    return types


def expression(value: str) -> str:
    """Return the type expression of a TypeScript type; `any` where it is none that the contract could have."""
    value = value.strip()
    if value.endswith("[]"):
        return f"[{expression(value[:-2].strip('()'))}]"
    if re.fullmatch(r"'[^']*'", value):
        return "string"
    # A type whose variants have their own names is declared as `IMessage`, and `_Money` is Money and what extends it.
    name = value.removeprefix("_")
    return SCALARS.get(value, name if name.isidentifier() else "any")


def fields_of(types: dict[str, dict[str, Any]], name: str) -> dict[str, str]:
    """Return the fields of a declared type, inherited ones included."""
    row = types.get(name, {})
    inherited: dict[str, str] = {}
    for base in row.get("bases", ()):
        inherited |= fields_of(types, base)
    own: dict[str, str] = row.get("fields", {})
    return inherited | own


def variants_of(types: dict[str, dict[str, Any]], union: str, tag: str = "") -> dict[str, str]:
    """Return the variants of a declared union by their value of the field `tag`, or of their only constant field."""
    tagged = {}
    for variant in types.get(union, {}).get("variants", ()):
        constants = types.get(variant, {}).get("constants", {})
        value = constants.get(tag) if tag or len(constants) != 1 else next(iter(constants.values()))
        if value is not None:
            tagged[value] = variant
    return tagged
