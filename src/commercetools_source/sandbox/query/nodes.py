"""The tree of a predicate as frozen values. `evaluate.py` applies it to records and types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commercetools_source.sandbox.platform.refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = [
    "And",
    "Compare",
    "Contains",
    "Defined",
    "Empty",
    "In",
    "Loose",
    "Matches",
    "Nested",
    "Node",
    "Not",
    "Or",
    "Value",
    "Variable",
    "Within",
    "bind",
]


class Loose(str):
    """A value that came as a query parameter: text, number or boolean, whatever the field is."""

    __slots__ = ()


Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`:name`, filled from the query parameters `var.name`."""

    name: str


@dataclass(frozen=True, slots=True)
class And:
    """All conditions hold."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one condition holds."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Nested:
    """`field(...)`: the condition holds for the object, or for one object of the array."""

    field: str
    condition: Node


@dataclass(frozen=True, slots=True)
class Compare:
    """`field = value` and the like; `op` is one of = != < <= > >=."""

    field: str
    op: str
    value: Value | Variable


@dataclass(frozen=True, slots=True)
class In:
    """`field in (...)`, negated by `not in`."""

    field: str
    values: tuple[Value | Variable, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """`field contains all (...)` or `contains any (...)`."""

    field: str
    values: tuple[Value | Variable, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Empty:
    """`field is empty`: an array without items."""

    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Defined:
    """`field is defined`: there is a value."""

    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """`field within circle(longitude, latitude, metres)`."""

    field: str
    longitude: float
    latitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Matches:
    """`field matches ignore case "text"`."""

    field: str
    text: Value | Variable


Node = And | Or | Not | Nested | Compare | In | Contains | Empty | Defined | Within | Matches


def bind(node: Node, variables: Mapping[str, Sequence[str]], parameter: str = "where") -> Node:
    """Return the tree with its variables replaced; raises a 400 that names one without a value."""
    return _Binder(variables, parameter).node(node)


@dataclass(frozen=True, slots=True)
class _Binder:
    variables: Mapping[str, Sequence[str]]
    parameter: str

    def node(self, node: Node) -> Node:
        if isinstance(node, And | Or):
            return replace(node, conditions=tuple(map(self.node, node.conditions)))
        if isinstance(node, Not | Nested):
            return replace(node, condition=self.node(node.condition))
        if isinstance(node, Compare):
            return replace(node, value=self.values((node.value,))[0])
        if isinstance(node, Matches):
            return replace(node, text=self.values((node.text,))[0])
        if isinstance(node, In | Contains):
            return replace(node, values=self.values(node.values))
        return node

    def values(self, values: tuple[Value | Variable, ...]) -> tuple[Value, ...]:
        spread: list[Value] = []
        for value in values:
            # A variable may stand for several values, each given as a parameter of its own: `var.x=a&var.x=b`.
            spread += map(Loose, self._given(value.name)) if isinstance(value, Variable) else (value,)
        return tuple(spread)

    def _given(self, name: str) -> Sequence[str]:
        given = self.variables.get(name)
        if not given:
            raise malformed(self.parameter, f"No value was given for the predicate variable '{name}'.")
        return given
