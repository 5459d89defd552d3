"""Builds records of any type of the platform's contract, so that every field, variant and enum value occurs somewhere.

Only the shapes are known here; what a string or a reference holds is asked of a `Filler`. A `Builder` knows what
has not occurred yet: it takes such choices first, and turns through all of them later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from commercetools_source.sandbox.contract import Expr, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.sandbox.shop.contract import Contract, Field
    from commercetools_source.sandbox.shop.world import Dice, Json

# Deeper than this only required fields are built.
_DEEPEST = 14
# Where nothing is missing any more, optional fields are built with this chance and down to this depth.
_OPTIONAL_PERCENT = 30
_OPTIONAL_DEPTH = 3
_GREEDY_PERCENT = 50
# A list shows at most this many variants at once.
_LONGEST = 30


class Filler(Protocol):
    """Knows what values mean; the builder only knows shapes."""

    def make(self, name: str, owner: str, build: Callable[[str], Any]) -> Any:
        """Return a value of the type `name` inside the type `owner`, or None to leave it to the builder."""

    def scalar(self, scalar_type: str, key: str, owner: str) -> Any:
        """Return a value for the scalar field `key` of the type `owner`."""

    def finish(self, name: str, value: Json, build: Callable[[str], Any]) -> None:
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
            # In the order of the contract: the same seed gives the same records.
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
                # First it is crossed off, then built: what is inside may need the same field again.
                self.missing &= ~member.bit
                value[member.key] = member.fixed or self._value(member.expr, depth + 1, member.key, name)
        self.filler.finish(name, value, lambda inner: self._build(inner, depth + 1, name))
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
            # As many as are missing, so that one list shows all variants of a union.
            return min(max(unseen, 1), _LONGEST)
        return self.dice.below(3) if depth <= _OPTIONAL_DEPTH + 1 else self.dice.below(2)
