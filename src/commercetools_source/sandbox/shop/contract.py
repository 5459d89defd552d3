"""Builds records of any type of the platform's contract, so that every field, variant and enum value occurs somewhere.

Only the shapes are known here; what a string or a reference holds is asked of a `Filler`. A `Coverage` says what
has not occurred yet: the builder takes such choices first, and turns through all of them later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from commercetools_source.sandbox.contract import Expr, parse, published

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.sandbox.shop.world import Dice, Json

# Deeper than this only required fields are built.
_DEEPEST = 14
# Where nothing is missing any more, optional fields are built with this chance and down to this depth.
_OPTIONAL_PERCENT = 30
_OPTIONAL_DEPTH = 3
_GREEDY_PERCENT = 50
# A list shows at most this many variants at once.
_LONGEST = 30
# These enums repeat the variant of a union, so a field that allows one variant shows one value.
_SELF_NAMING = frozenset({"ReferenceTypeId", "MoneyType"})
# The specification inherits this one: a company is the top of its tree.
_IMPOSSIBLE = frozenset({("Company", "parentUnit")})


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
    """Return the contract that the package carries."""
    return Contract.of(published()["types"])


class Filler(Protocol):
    """Knows what values mean; the builder only knows shapes."""

    def make(self, name: str, owner: str, build: Callable[[str], Any]) -> Any:
        """Return a value of the type `name` inside the type `owner`, or None to leave it to the builder."""

    def scalar(self, scalar_type: str, key: str, owner: str) -> Any:
        """Return a value for the scalar field `key` of the type `owner`."""

    def finish(self, name: str, value: Json) -> None:
        """Correct a record of type `name` that was just built, so that its fields agree."""


@dataclass(slots=True)
class Builder:
    """Builds records, and knows which pairs have not occurred yet."""

    contract: Contract
    filler: Filler
    dice: Dice
    missing: int = 0
    _turns: Counter[str] = field(default_factory=Counter)

    def cover(self, root: str) -> None:
        """Count everything that can be reached from `root` as not seen yet."""
        self.missing = self.contract.reach[root]

    def record(self, root: str, variant: str | None = None) -> Json:
        """Return a record of type `root`, of the given variant if one is named; then less is missing."""
        before = self.missing
        value: Json = self._union(root, 0, variant) if variant else self._build(root, 0, "")
        # `finish` may have removed a pair after it was counted: only the finished record decides.
        self.missing = self.contract.observe(value, parse(root), before)
        return value

    def _bit(self, name: str, member: str) -> int:
        return self.contract.bits.get((name, member), 0)

    def _saw(self, name: str, member: str) -> None:
        self.missing &= ~self._bit(name, member)

    def _build(self, name: str, depth: int, owner: str) -> Any:
        filled = self.filler.make(name, owner, lambda inner: self._build(inner, depth + 1, name))
        if filled is not None:
            self.missing = self.contract.observe(filled, parse(name), self.missing)
            return filled
        shape = self.contract.types[name]
        if "enum" in shape:
            return self._choose(name, shape["enum"])
        if "map" in shape:
            inner = parse(shape["map"])
            return {self.filler.scalar("key", name, name): self._value(inner, depth + 1, name, name)}
        if "variants" in shape:
            return self._union(name, depth, None)
        return self._struct(name, depth)

    def _choose(self, name: str, choices: list[str]) -> str:
        if self.missing & self.contract.reach[name]:
            chosen = next(choice for choice in choices if self.missing & self._bit(name, choice))
            self._saw(name, chosen)
            return chosen
        self._turns[name] += 1
        return choices[self._turns[name] % len(choices)]

    def _union(self, name: str, depth: int, variant: str | None) -> Json:
        shape = self.contract.types[name]
        chosen = variant or self._variant(name, shape["variants"], depth)
        self._saw(name, chosen)
        target = shape["variants"][chosen]
        inner = self.contract.types[target]
        value: Json = self._union(target, depth, None) if "variants" in inner else self._build(target, depth, name)
        value[shape["tag"]] = chosen
        return value

    def _variant(self, name: str, variants: Mapping[str, str], depth: int) -> str:
        reach, missing = self.contract.reach, self.missing
        if depth > _DEEPEST:
            # Too deep: the variant with the smallest record ends the recursion soonest.
            return min(variants, key=lambda value: self.contract.heights[variants[value]])
        if missing & reach[name]:
            for value in variants:
                if missing & self._bit(name, value):
                    return value
            # There is at least one: all that a union leads to, its variants lead to.
            open_ones = [value for value, target in variants.items() if missing & reach[target]]
            # Mostly the one that leads to the most; but that one may be too deep to get there.
            if self.dice.chance(_GREEDY_PERCENT):
                return max(open_ones, key=lambda value: (missing & reach[variants[value]]).bit_count())
            return self.dice.one(open_ones)
        self._turns[name] += 1
        return list(variants)[self._turns[name] % len(variants)]

    def _struct(self, name: str, depth: int) -> Json:
        value: Json = {}
        for member in self.contract.fields(name):
            if member.expr.required or self._includes(member, depth):
                self.missing &= ~member.bit
                value[member.key] = member.fixed or self._value(member.expr, depth + 1, member.key, name)
        self.filler.finish(name, value)
        return value

    def _includes(self, member: Field, depth: int) -> bool:
        if depth > _DEEPEST:
            return False
        if self.missing & member.leads_to:
            return True
        return depth <= _OPTIONAL_DEPTH and self.dice.chance(_OPTIONAL_PERCENT)

    def _value(self, expr: Expr, depth: int, key: str, owner: str) -> Any:
        if not expr.wrappers:
            if expr.base in self.contract.types:
                return self._build(expr.base, depth, owner)
            return self.filler.scalar(expr.base, key, owner)
        inner = Expr(expr.base, expr.wrappers[1:], required=True)
        if expr.wrappers[0] == "{":
            return {self.filler.scalar("key", key, owner): self._value(inner, depth, key, owner)}
        return [self._value(inner, depth, key, owner) for _ in range(self._length(inner, depth))]

    def _length(self, expr: Expr, depth: int) -> int:
        shape = self.contract.types.get(expr.base, {})
        if depth > _DEEPEST:
            return 0
        if self.missing & self.contract.reach.get(expr.base, 0):
            choices: list[str] = [*shape.get("variants", ()), *shape.get("enum", ())]
            unseen = sum(1 for choice in choices if self.missing & self._bit(expr.base, choice) != 0)
            return min(max(unseen, 1), _LONGEST)
        return self.dice.below(3) if depth <= _OPTIONAL_DEPTH + 1 else self.dice.below(2)
