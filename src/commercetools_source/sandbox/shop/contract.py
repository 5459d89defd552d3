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

# Below this depth only what is required is built.
_DEEPEST = 14
# Where nothing is missing any more, optional fields are built with this chance and down to this depth.
_OPTIONAL_PERCENT = 30
_OPTIONAL_DEPTH = 3
_GREEDY_PERCENT = 50
# So many elements of a list show different variants at once.
_LONGEST = 30
# Their values only repeat which variant of a union a value is, so a place that allows one variant shows one value.
_SELF_NAMING = frozenset({"ReferenceTypeId", "MoneyType"})
# The specification inherits this one: a company is the top of its tree.
_IMPOSSIBLE = frozenset({("Company", "parentUnit")})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: its own pair, all pairs that it leads to, and its value if that is fixed."""

    key: str
    kind: Expr
    own: int
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
        found = self._plans.get(name)
        if found is None:
            shape = self.types[name].get("fields", {})
            tag = self.tags.get(name, ("", ""))
            kinds = [(key, parse(text), self.bits.get((name, key), 0)) for key, text in shape.items()]
            found = self._plans[name] = tuple(
                Field(key, kind, bit, bit | self.reach.get(kind.base, 0), tag[1] if key == tag[0] else None)
                for key, kind, bit in kinds
            )
        return found

    @classmethod
    def of(cls, types: Mapping[str, Json]) -> Contract:
        """Return the contract of `types`, analysed."""
        bits: dict[tuple[str, str], int] = {}
        for name, shape in types.items():
            for part in (*shape.get("enum", ()), *_parts(shape)):
                if name not in _SELF_NAMING and (name, part) not in _IMPOSSIBLE:
                    bits.setdefault((name, part), 1 << len(bits))
        below = {name: _children(shape, types) for name, shape in types.items()}
        own = dict.fromkeys(types, 0)
        for (name, _), bit in bits.items():
            own[name] |= bit
        tags = {
            variant: (shape["tag"], value)
            for shape in types.values()
            for value, variant in shape.get("variants", {}).items()
        }
        return cls(types, bits, _closure(own, below), tags, _heights(types))

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
            for part in value.values() if expression.wrappers[0] == "{" else value:
                missing = self.observe(part, inner, missing)
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
        for key, kind in shape.get("fields", {}).items():
            if key in value:
                missing = self.observe(value[key], parse(kind), missing & ~self.bits.get((name, key), 0))
        return missing


def _parts(shape: Json) -> dict[str, str]:
    """Return the variants of a union, the fields of any other type; a union's own fields are its variants' fields."""
    parts: dict[str, str] = shape["variants"] if "variants" in shape else shape.get("fields", {})
    return parts


def _children(shape: Json, types: Mapping[str, Json]) -> list[str]:
    texts = list(_parts(shape).values())
    if "map" in shape:
        texts.append(shape["map"])
    return [name for name in {parse(text).base for text in texts} if name in types]


def _closure(own: dict[str, int], below: Mapping[str, list[str]]) -> dict[str, int]:
    reach = own
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
            part.base for part in map(parse, shape.get("fields", {}).values()) if part.required and not part.wrappers
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

    def scalar(self, kind: str, key: str, owner: str) -> Any:
        """Return a value for the scalar field `key` of the type `owner`."""

    def finish(self, name: str, value: Json) -> None:
        """Correct a record of type `name` that was just built, so that its parts fit together."""


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
        # While it was built, a part may have been seen that `finish` took out again.
        self.missing = self.contract.observe(value, parse(root), before)
        return value

    def _bit(self, name: str, part: str) -> int:
        return self.contract.bits.get((name, part), 0)

    def _saw(self, name: str, part: str) -> None:
        self.missing &= ~self._bit(name, part)

    def _build(self, name: str, depth: int, owner: str) -> Any:
        made = self.filler.make(name, owner, lambda inner: self._build(inner, depth + 1, name))
        if made is not None:
            self.missing = self.contract.observe(made, parse(name), self.missing)
            return made
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
        for part in self.contract.fields(name):
            if part.kind.required or self._wanted(part, depth):
                self.missing &= ~part.own
                value[part.key] = part.fixed or self._value(part.kind, depth + 1, part.key, name)
        self.filler.finish(name, value)
        return value

    def _wanted(self, part: Field, depth: int) -> bool:
        if depth > _DEEPEST:
            return False
        if self.missing & part.leads_to:
            return True
        return depth <= _OPTIONAL_DEPTH and self.dice.chance(_OPTIONAL_PERCENT)

    def _value(self, kind: Expr, depth: int, key: str, owner: str) -> Any:
        if not kind.wrappers:
            if kind.base in self.contract.types:
                return self._build(kind.base, depth, owner)
            return self.filler.scalar(kind.base, key, owner)
        inner = Expr(kind.base, kind.wrappers[1:], required=True)
        if kind.wrappers[0] == "{":
            return {self.filler.scalar("key", key, owner): self._value(inner, depth, key, owner)}
        return [self._value(inner, depth, key, owner) for _ in range(self._length(inner, depth))]

    def _length(self, kind: Expr, depth: int) -> int:
        shape = self.contract.types.get(kind.base, {})
        if depth > _DEEPEST:
            return 0
        if self.missing & self.contract.reach.get(kind.base, 0):
            choices: list[str] = [*shape.get("variants", ()), *shape.get("enum", ())]
            unseen = sum(1 for choice in choices if self.missing & self._bit(kind.base, choice) != 0)
            return min(max(unseen, 1), _LONGEST)
        return self.dice.below(3) if depth <= _OPTIONAL_DEPTH + 1 else self.dice.below(2)
