"""What becomes of each field of each type of the contract, by a choice; a choice is `Privacy`. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import Expression, published
from commercetools_source.catalog.lazy import lazy
from commercetools_source.catalog.secrets import SECRETS, never_leaves
from commercetools_source.extract.privacy import CHANGE, by_name, may_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commercetools_source.extract.privacy import Privacy

__all__ = ["DROP", "ESCAPED", "FieldRules", "Rules", "inner_types"]

Rules = dict[str, Expression | str]
"""What to do with fields of an object: a choice such as "drop", or look into it by its expression. Others stay."""

DROP = "drop"
_COMMON = frozenset({"value"})
"""Names that are a token in one Message and a colour in another: without a known tag the colour must not go."""
_FEW = 3
"""Names that are looked for before a value is parsed: more of them cost as much as the parse."""
ESCAPED = b"\\u00"
"""How each letter of a field's name can be written instead (RFC 8259, section 7); then a search for it fails."""


class FieldRules:
    """The rules of one choice, type by type. `names`: what becomes of custom fields and attributes, by their names."""

    def __init__(self, privacy: Privacy) -> None:
        self._choices = privacy.choices
        self.names = dict(privacy.names)
        self._rules: dict[str, Rules] = {}

    @lazy
    def holders(self) -> frozenset[str]:
        """The types whose values can hold what is left out or changed, at any depth."""
        return _leading_to({secret.type for secret in SECRETS.values() if not secret.leaves} | self._seeds())

    @lazy
    def touched(self) -> frozenset[str]:
        """The types whose values can hold what the choice changes, secrets apart."""
        return _leading_to(self._seeds())

    def _seeds(self) -> set[str]:
        types = {name for (name, _), choice in self._choices.items() if choice != "keep"}
        return types | ({CHANGE, *by_name()} if self.names else set())

    def of(self, name: str) -> Rules:
        """Return the rules of a type; for a union, those of an object whose variant the contract does not know.

        There a field is left out if it is a secret or personal in any variant; one of `_COMMON` if in every one that
        has it.
        """
        if name not in self._rules:
            self._rules[name] = self._made(name)
        return self._rules[name]

    def needles(self, name: str) -> tuple[bytes, ...]:
        """Return texts one of which, or ESCAPED, is in a value of the type `name` that hides anything.

        None if they are many.
        """
        names = self._telling(name, frozenset())
        return tuple(f'"{text}"'.encode() for text in sorted(names)) if len(names) <= _FEW else ()

    def _telling(self, name: str, above: frozenset[str]) -> frozenset[str]:
        """Return names, one of which stands in a value of the type `name` in which something is hidden."""
        row = published().types.get(name)
        if row is None or (row.values is not None and row.values.name == "any"):
            return frozenset(self.names)
        names = {field for field, rule in self.of(name).items() if isinstance(rule, str)}
        names |= set(self.names) if may_name(name) else set()
        above |= {name}
        for field, rule in self.of(name).items():
            if isinstance(rule, Expression):
                names |= self._shortest(field, rule, above)
        for inner in {*row.variants.values(), *((row.values.name,) if row.values is not None else ())} - above:
            names |= self._telling(inner, above)
        return frozenset(names)

    def _shortest(self, field: str, rule: Expression, above: frozenset[str]) -> frozenset[str]:
        # The field itself tells as surely as what lies in it; a single name below is rarer and asks for fewer parses.
        inner = (rule.items or rule.values or rule).name
        below = frozenset() if inner in above else self._telling(inner, above)
        return below if len(below) == 1 else frozenset({field})

    def _made(self, name: str) -> Rules:
        row = published().types[name]
        rules: Rules = {}
        for field, value in row.fields.items():
            choice = self._choices.get((name, field))
            if never_leaves(name, field):
                rules[field] = DROP
            elif choice is not None:
                rules |= {field: choice} if choice != "keep" else {}
            elif (value.items or value.values or value).name in self.holders:
                rules[field] = value
        if not row.variants:
            return rules
        variants = dict.fromkeys(row.variants.values())
        for variant in variants:
            for field, rule in self.of(variant).items():
                if rule != DROP or (variant, field) not in SECRETS or self._is_secret(variants, field):
                    rules.setdefault(field, rule)
        return rules

    def _is_secret(self, variants: Iterable[str], field: str) -> bool:
        types = published().types
        return field not in _COMMON or all(
            self.of(other).get(field) == DROP for other in variants if field in types[other].fields
        )


def inner_types(name: str) -> Iterator[str]:
    """Yield the names of the types of a type's fields, variants and values."""
    row = published().types.get(name)
    if row is not None:
        yield from row.variants.values()
        for value in (*row.fields.values(), *filter(None, (row.values,))):
            yield (value.items or value.values or value).name


def _leading_to(hidden: Iterable[str]) -> frozenset[str]:
    """Return the types `hidden` and all whose values can hold a value of theirs, at any depth."""
    reached, waiting = set[str](), list(hidden)
    while waiting:
        name = waiting.pop()
        if name not in reached:  # types contain each other in circles (nested attributes)
            reached.add(name)
            waiting += _users().get(name, ())
    return frozenset(reached)


@cache
def _users() -> Mapping[str, Sequence[str]]:
    """Return for each type of the contract those with a field, variant or value of it."""
    users: dict[str, list[str]] = {}
    for user in published().types:
        for name in set(inner_types(user)):
            users.setdefault(name, []).append(user)
    return users
