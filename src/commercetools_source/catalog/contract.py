"""The platform's published contract as values: what a type holds, what an endpoint takes.

The data is made by `tools/contract.py` from the platform's OpenAPI specification; this module only
gives it a shape to work with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog import kinds
from commercetools_source.catalog.secrets import never_leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCALARS", "Contract", "Endpoint", "Expression", "Type", "load", "parse", "published"]

SCALARS = frozenset({*kinds.SCALARS, "any", "object"})


def _written_as(*types: str) -> frozenset[str]:
    return frozenset(name for name in kinds.SCALARS if kinds.KINDS[name].json["type"] in types)


_WIDER = (("number", _written_as("integer", "number")), ("string", _written_as("string")))
"""Scalars that hold what others of them hold too, as JSON writes it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a field holds: a scalar or named type (`name`), a list of `items`, a map to `values`, one of `options`."""

    name: str = ""
    items: Expression | None = None
    values: Expression | None = None
    options: tuple[Expression, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    """One type of the contract.

    An object has `fields`; a union also `tag` and `variants` (tag value to type name); an enum its
    values, a map the expression of its `values`; `alias` is another name for a scalar.
    """

    fields: Mapping[str, Expression] = field(default_factory=dict)
    tag: str = ""
    variants: Mapping[str, str] = field(default_factory=dict)
    enum: tuple[str, ...] = ()
    values: Expression | None = None
    alias: Expression | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One list endpoint: the type of a record, its query parameters, scopes of which any one allows to read it.

    `erases`: whether to delete a record can be asked to erase its personal data everywhere (`dataErasure`).
    """

    item: str
    params: frozenset[str]
    scopes: frozenset[str]
    methods: frozenset[str]
    erases: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """All endpoints by path below the project key, all types by name."""

    endpoints: Mapping[str, Endpoint]
    types: Mapping[str, Type]
    # The schemas of all streams ask 6,000 times for the fields of 259 types.
    _fields: dict[str, Mapping[str, Expression]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def fields(self, name: str) -> Mapping[str, Expression]:
        """Return the fields of a type, those of all its variants included; where they differ, what fits them all."""
        if name not in self._fields:
            self._fields[name] = self._merged(name)
        return self._fields[name]

    def _merged(self, name: str) -> dict[str, Expression]:
        row = self.types.get(name, Type())
        merged: dict[str, Expression] = {}
        for variant in dict.fromkeys(row.variants.values()):
            for key, value in self.types[variant].fields.items():
                # Another variant may lack the field.
                optional = replace(value, required=False)
                merged[key] = self.wider(merged.get(key, optional), optional)
        # What the union itself says of a field holds for all its variants.
        return {**merged, **row.fields}

    def scalar(self, value: Expression) -> str:
        """Return which of SCALARS a value is written as: a string for an enumeration, "" for what has parts."""
        row = self.types.get(value.name)
        if row is None:
            return value.name
        if row.alias is not None:
            return self.scalar(row.alias)
        return "string" if row.enum else ""

    def wider(self, first: Expression, second: Expression) -> Expression:
        """Return the narrowest expression that both fit."""
        options = list(first.options or (first,))
        for value in second.options or (second,):
            for index, option in enumerate(options):
                joined = self._joined(option, value)
                if joined is not None:
                    options[index] = joined
                    break
            else:
                options.append(value)
        anything = next((option for option in options if option.name == "any"), None)
        return anything or (options[0] if len(options) == 1 else Expression(options=tuple(options)))

    def _joined(self, first: Expression, second: Expression) -> Expression | None:
        """Return what both fit if JSON writes them in the same way: two lists, two objects, two texts; else None."""
        if first == second:
            return first
        if first.items is not None and second.items is not None:
            return Expression(items=self.wider(first.items, second.items))
        if first.values is not None and second.values is not None:
            return Expression(values=self.wider(first.values, second.values))
        # A list and no list: both stay options.
        if first.items is not None or second.items is not None:
            return None
        forms = {self.scalar(first) or "object", self.scalar(second) or "object"}
        if len(forms) == 1:
            return Expression(forms.pop())
        return next((Expression(name) for name, narrow in _WIDER if forms <= narrow), None)


@cache
def parse(text: str) -> Expression:
    """Return the expression that `text` stands for: `string!`, `[LineItem]`, `{any}`."""
    required = text.endswith("!")
    bare = text[:-1] if required else text
    if bare.startswith("["):
        return Expression(items=parse(bare[1:-1]), required=required)
    if bare.startswith("{"):
        return Expression(values=parse(bare[1:-1]), required=required)
    return Expression(bare, required=required)


@cache
def load() -> Contract:
    """Return the contract that this package was built with, without the fields whose values never leave."""
    contract = published()
    return replace(contract, types={name: _without_secrets(name, row) for name, row in contract.types.items()})


@cache
def published() -> Contract:
    """Return the contract that this package was built with, as the platform publishes it."""
    body = resources.files("commercetools_source.catalog").joinpath("contract.json").read_bytes()
    data: dict[str, Any] = msgspec.json.decode(body)
    endpoints = {
        path: Endpoint(
            row["item"],
            frozenset(row["params"]),
            frozenset(row["scopes"]),
            frozenset(row["methods"]),
            row.get("erases", False),
        )
        for path, row in data["endpoints"].items()
    }
    return Contract(endpoints, {name: _type(row) for name, row in data["types"].items()})


def _without_secrets(name: str, row: Type) -> Type:
    return replace(row, fields={key: value for key, value in row.fields.items() if not never_leaves(name, key)})


def _type(row: dict[str, Any]) -> Type:
    return Type(
        fields={name: parse(text) for name, text in row.get("fields", {}).items()},
        tag=row.get("tag", ""),
        variants=row.get("variants", {}),
        enum=tuple(row.get("enum", ())),
        values=parse(row["map"]) if "map" in row else None,
        alias=parse(row["is"]) if "is" in row else None,
    )
