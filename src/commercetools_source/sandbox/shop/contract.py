"""The types of the platform's contract, with what can be reached from each of them: what a `Builder` goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.contract import Expr, parse, published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.sandbox.shop.world import Json

# These enums repeat the variant of a union, so a field that allows one variant shows one value.
_SELF_NAMING = frozenset({"ReferenceTypeId", "MoneyType"})
# The specification inherits this one: a company is the top of its tree.
_IMPOSSIBLE = frozenset({("Company", "parentUnit")})


# Fields that came to the contract when there were shops already: the filler adds them to what is built, and draws no
# dice for them, so that a seed keeps its shop.
_LATER = dict.fromkeys(("CreatedBy", "LastModifiedBy"), ("isPlatformClient", "user"))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: the bit of its pair, the bits of all pairs below it, and its value if that is fixed."""

    key: str
    expr: Expr
    bit: int
    leads_to: int
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Contract:
    """The types of the contract, with what can be reached from each of them.

    A "pair" is (type, field), (type, variant) or (type, enum value); sets of pairs are whole numbers with one bit each.
    """

    types: Mapping[str, Json]
    bits: Mapping[tuple[str, str], int]
    reach: Mapping[str, int]
    tags: Mapping[str, tuple[str, str]]
    heights: Mapping[str, int]
    _plans: dict[str, tuple[Field, ...]] = field(default_factory=dict)

    def fields(self, name: str) -> tuple[Field, ...]:
        """Return the fields of a type that is no union."""
        plan = self._plans.get(name)
        if plan is None:
            shape = self.types[name].get("fields", {})
            tag = self.tags.get(name, ("", ""))
            typed = [(key, parse(text), self.bits.get((name, key), 0)) for key, text in shape.items()]
            plan = self._plans[name] = tuple(
                Field(key, expr, bit, bit | self.reach.get(expr.base, 0), tag[1] if key == tag[0] else None)
                for key, expr, bit in typed
            )
        return plan

    @classmethod
    def of(cls, types: Mapping[str, Json]) -> Contract:
        """Return the contract of `types`, analysed."""
        bits: dict[tuple[str, str], int] = {}
        for name, shape in types.items():
            for member in (*shape.get("enum", ()), *_members(shape)):
                if name not in _SELF_NAMING and (name, member) not in _IMPOSSIBLE:
                    bits.setdefault((name, member), 1 << len(bits))
        # The reach of a type is a fixed point over its children, because types contain each other in cycles.
        below = {name: _children(shape, types) for name, shape in types.items()}
        own_bits = dict.fromkeys(types, 0)
        for (name, _), bit in bits.items():
            own_bits[name] |= bit
        tags = {
            variant: (shape["tag"], value)
            for shape in types.values()
            for value, variant in shape.get("variants", {}).items()
        }
        return cls(types, bits, _closure(own_bits, below), tags, _heights(types))

    def pairs(self, mask: int) -> list[tuple[str, str]]:
        """Return the pairs in the set `mask`."""
        return [pair for pair, bit in self.bits.items() if mask & bit]

    def observe(self, value: Any, expression: Expr, missing: int) -> int:
        """Return what is left of the set `missing` without the pairs that occur in `value`."""
        name = expression.base
        if not missing & self.reach.get(name, 0):
            return missing
        if expression.wrappers:
            inner = Expr(name, expression.wrappers[1:], required=True)
            for element in value.values() if expression.wrappers[0] == "{" else value:
                missing = self.observe(element, inner, missing)
            return missing
        shape = self.types[name]
        if "enum" in shape:
            return missing & ~self.bits.get((name, value), 0)
        if "map" in shape:
            inner = parse(shape["map"])
            return self.observe(value, Expr(inner.base, "{" + inner.wrappers, required=True), missing)
        if "variants" in shape:
            chosen = value.get(shape["tag"])
            missing &= ~self.bits.get((name, chosen), 0)
            if chosen in shape["variants"]:
                missing = self.observe(value, parse(shape["variants"][chosen]), missing)
            return missing
        for key, field_type in shape.get("fields", {}).items():
            if key in value:
                missing = self.observe(value[key], parse(field_type), missing & ~self.bits.get((name, key), 0))
        return missing


def _members(shape: Json) -> dict[str, str]:
    """Return the variants of a union, the fields of any other type; a union's own fields are its variants' fields."""
    members: dict[str, str] = shape["variants"] if "variants" in shape else shape.get("fields", {})
    return members


def _children(shape: Json, types: Mapping[str, Json]) -> list[str]:
    texts = list(_members(shape).values())
    if "map" in shape:
        texts.append(shape["map"])
    return [name for name in {parse(text).base for text in texts} if name in types]


def _closure(own_bits: dict[str, int], below: Mapping[str, list[str]]) -> dict[str, int]:
    reach = own_bits
    changed = True
    while changed:
        changed = False
        for name, children in below.items():
            mask = reach[name]
            for child in children:
                mask |= reach[child]
            if mask != reach[name]:
                reach[name] = mask
                changed = True
    return reach


def _heights(types: Mapping[str, Json]) -> dict[str, int]:
    """Return how deep the smallest record of each type is; where a cycle is required it stays at a large number."""
    endless = 99
    heights = dict.fromkeys(types, endless)
    needed = {
        name: [
            expr.base for expr in map(parse, shape.get("fields", {}).values()) if expr.required and not expr.wrappers
        ]
        for name, shape in types.items()
    }
    changed = True
    while changed:
        changed = False
        for name, shape in types.items():
            if "variants" in shape:
                height = 1 + min(heights.get(variant, 0) for variant in shape["variants"].values())
            else:
                height = 1 + max((heights.get(base, 0) for base in needed[name]), default=0)
            if height < heights[name]:
                heights[name] = height
                changed = True
    return heights


@lru_cache(maxsize=1)
def load() -> Contract:
    """Return the contract that the package carries, without the fields that are no choice of a `Builder`."""
    return Contract.of({name: _without(shape, _LATER.get(name, ())) for name, shape in published()["types"].items()})


def _without(shape: Json, names: tuple[str, ...]) -> Json:
    if not names:
        return shape
    return {**shape, "fields": {key: text for key, text in shape["fields"].items() if key not in names}}
