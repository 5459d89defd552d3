"""The platform's published contract as the whole sandbox reads it: contract.json, and its type expressions.

The client reads the same file with code of its own: a fault there must not be hidden by the same fault here.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Expr", "element", "facets", "is_array", "parse", "published", "with_choices"]


class Expr(msgspec.Struct, frozen=True):
    """A type expression of the contract: `[Money]!` is a required list of Money.

    `wrappers` has one of "[{" for each list or map around `base`, the outermost first.
    """

    base: str
    wrappers: str
    required: bool


# Expressions stand in the contract some thousand times, and each record asks for them again.
@lru_cache(maxsize=8192)
def parse(text: str) -> Expr:
    """Return what a type expression says."""
    required = text.endswith("!")
    text = text.rstrip("!")
    wrappers = ""
    while text[0] in "[{":
        wrappers += text[0]
        text = text[1:-1].rstrip("!")
    return Expr(text, wrappers, required)


@cache
def element(expression: str) -> str:
    """Return what a value or the items of an array are, without the mark of required fields."""
    parsed = parse(expression)
    maps = parsed.wrappers.lstrip("[")
    return "".join([*maps, parsed.base, *("]" if wrapper == "[" else "}" for wrapper in reversed(maps))])


def is_array(expression: str) -> bool:
    """Return whether values of the type are arrays."""
    return parse(expression).wrappers.startswith("[")


@cache
def published() -> dict[str, Any]:
    """Return the contract that ships with the package: `endpoints` by path, `types` by name."""
    body = files("commercetools_source").joinpath("catalog", "contract.json").read_bytes()
    contract: dict[str, Any] = msgspec.json.decode(body)
    return {**contract, "types": with_choices(contract["types"])}


def with_choices(types: Mapping[str, Any]) -> dict[str, Any]:
    """Return `types` with a union of its own, such as Review.target, for each field that is of one of several types."""
    named = dict(types)
    for name, row in types.items():
        for field, union in row.get("choices", {}).items():
            named[f"{name}.{field}"] = union
            required = "!" * parse(row["fields"][field]).required
            named[name] = {**named[name], "fields": {**named[name]["fields"], field: f"{name}.{field}{required}"}}
    return named


@cache
def facets() -> dict[str, dict[str, dict[str, float]]]:
    """Return the limits of numbers and lists by type and field: `minimum`, `maximum`, `minItems`, `maxItems`.

    facets.json beside this module is made of the platform's RAML files by tools/facets.py.
    """
    body = files("commercetools_source").joinpath("sandbox", "facets.json").read_bytes()
    limits: dict[str, dict[str, dict[str, float]]] = msgspec.json.decode(body)
    return limits
