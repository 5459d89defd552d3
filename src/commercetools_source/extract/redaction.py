"""Leave out of records what must not leave, and change what was chosen: wherever the contract has it. Pure functions.

Secrets are always left out; what becomes of personal data, `Privacy` says. A record is parsed only if it can hold
either, and then only along the fields that lead there; all other values keep their bytes.
"""

from __future__ import annotations

from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.contract import Expression, published
from commercetools_source.catalog.secrets import SECRETS
from commercetools_source.extract.disguise import disguise
from commercetools_source.extract.privacy import KEEP, by_name, is_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.secrets import Secret
    from commercetools_source.extract.privacy import Privacy

__all__ = ["chosen_for", "redactor", "secret_fields"]

Rules = dict[str, Expression | str]
"""What to do with fields of an object: a choice such as "drop", or look into it by its expression. Others stay."""

_DROP = "drop"
_FEW = 3
"""Names that are looked for before a value is parsed: more of them cost as much as the parse."""
_ESCAPED = b"\\u00"
"""How each letter of a field's name can be written instead (RFC 8259, section 7); then a search for it fails."""


@cache
def redactor(item: str, privacy: Privacy = KEEP) -> Callable[[msgspec.Raw], msgspec.Raw] | None:
    """Return what leaves out and changes values in a record of the contract's type `item`; None if it has none."""
    view = _view(privacy)
    if item not in view.holders:
        return None
    record_type = Expression(item)
    if not privacy.keeps_all:
        return lambda record: view.redacted(record, record_type)
    signs = _signs(item, view)

    def redact(record: msgspec.Raw) -> msgspec.Raw:
        body = bytes(record)
        # A search in bytes takes a fraction of a parse, and most records have none of them.
        for first, others in signs:
            if first in body and all(sign in body for sign in others):
                return view.redacted(record, record_type)
        return record

    return redact


@cache
def secret_fields(item: str) -> tuple[str, ...]:
    """Return the top-level fields that are secret, if a record of the type `item` has secrets nowhere else."""
    rules = _view(KEEP).rules(item)
    whole = all(rule == _DROP for rule in rules.values())
    return tuple(rules) if whole and not published().types[item].variants else ()


@cache
def chosen_for(item: str, privacy: Privacy) -> str:
    """Return the choice as it is stored for records of the type `item`; "" where it makes no difference."""
    return privacy.text if not privacy.keeps_all and item in _view(privacy).touched else ""


@cache
def _view(privacy: Privacy) -> _View:
    return _View(privacy)


class _View:
    """The rules of one choice, type by type."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._names = dict(privacy.names)
        self._rules: dict[str, Rules] = {}
        self._needle_rows: dict[str, tuple[bytes, ...]] = {}
        # The same customer is in many orders, and an HMAC costs more than the rest of the field.
        self._disguise = lru_cache(16_384)(disguise(privacy.key))

    @cached_property
    def holders(self) -> frozenset[str]:
        """The types whose values can hold what is left out or changed, at any depth."""
        return _leading_to({secret.type for secret in SECRETS.values() if not secret.leaves} | self._seeds())

    @cached_property
    def touched(self) -> frozenset[str]:
        """The types whose values can hold what the choice changes, secrets apart."""
        return _leading_to(self._seeds())

    def _seeds(self) -> set[str]:
        types = {name for (name, _), choice in self._privacy.choices.items() if choice != "keep"}
        return types | (set(by_name()) if self._names else set())

    def redacted(self, raw: msgspec.Raw, expression: Expression) -> msgspec.Raw:
        """Return a value of the contract's type `expression` without what must not leave."""
        inner = expression.items or expression
        # A search in bytes takes a fraction of a parse, and most values have nothing to hide.
        needles = self._needles((inner.values or inner).name)
        if needles:
            body = bytes(raw)
            if not any(map(body.__contains__, needles)):
                return raw
        view = memoryview(raw)
        start = view[0] if view[0] in _STARTS else bytes(view).lstrip()[0]
        if start == _LIST:
            return _encoded([self.redacted(element, inner) for element in _elements(raw)])
        if start != _OBJECT:  # nothing can be left out of null, a number or a text
            return raw
        fields = _fields(raw)
        row = published().types.get(inner.name)
        values = inner.values or (row.values if row is not None else None)
        if values is not None:
            return self._map(fields, values)
        name = _variant(inner.name, fields)
        rules = self.rules(name)
        if self._names and is_by_name(name) and "name" in fields:
            choice = self._names.get(_text(fields["name"]), "keep")
            rules = {**rules, **{field: choice for field in fields if field.lower().endswith("value")}}
        return raw if rules.keys().isdisjoint(fields) else self._ruled(fields, rules)

    def _map(self, fields: dict[str, msgspec.Raw], values: Expression) -> msgspec.Raw:
        # Custom fields and attributes: the contract knows no type below, only the names that were chosen.
        if values.name == "any":
            return self._ruled(fields, self._names)
        return _encoded({name: self.redacted(value, values) for name, value in fields.items()})

    def _ruled(self, fields: dict[str, msgspec.Raw], rules: Mapping[str, Expression | str]) -> msgspec.Raw:
        for name in rules.keys() & fields:
            rule = rules[name]
            # First, because comparing an expression with a text takes longer than all else here.
            if isinstance(rule, Expression):
                fields[name] = self.redacted(fields[name], rule)
            elif rule == _DROP:
                del fields[name]
            elif rule != "keep":
                changed = self._disguise(bytes(fields[name]), rule, "mail" in name.lower())
                if changed is None:
                    del fields[name]
                else:
                    fields[name] = changed
        return _encoded(fields)

    def rules(self, name: str) -> Rules:
        """Return the rules of a type; for a union, those of an object whose variant the contract does not know.

        There a field is left out if it is a secret in every variant that has it, or personal in any.
        """
        if name not in self._rules:
            self._rules[name] = self._made(name)
        return self._rules[name]

    def _needles(self, name: str) -> tuple[bytes, ...]:
        """Return texts one of which a value of the type `name` has if it hides anything; none if they are many."""
        if name not in self._needle_rows:
            names = self._telling(name, frozenset())
            texts = (_ESCAPED, *(f'"{text}"'.encode() for text in sorted(names)))
            self._needle_rows[name] = texts if len(names) <= _FEW else ()
        return self._needle_rows[name]

    def _telling(self, name: str, above: frozenset[str]) -> frozenset[str]:
        """Return names, one of which stands in a value of the type `name` in which something is hidden."""
        row = published().types.get(name)
        if row is None or (row.values is not None and row.values.name == "any"):
            return frozenset(self._names)
        names = {field for field, rule in self.rules(name).items() if isinstance(rule, str)}
        names |= set(self._names) if is_by_name(name) else set()
        above |= {name}
        for field, rule in self.rules(name).items():
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
            choice = self._privacy.choices.get((name, field))
            if (name, field) in SECRETS and not SECRETS[name, field].leaves:
                rules[field] = _DROP
            elif choice is not None:
                rules |= {field: choice} if choice != "keep" else {}
            elif (value.items or value.values or value).name in self.holders:
                rules[field] = value
        if not row.variants:
            return rules
        variants = dict.fromkeys(row.variants.values())
        for variant in variants:
            for field, rule in self.rules(variant).items():
                # `value` is a token in one Message and a name in another; without a known tag the name must not go.
                if rule != _DROP or (variant, field) not in SECRETS or self._is_secret(variants, field):
                    rules.setdefault(field, rule)
        return rules

    def _is_secret(self, variants: Iterable[str], field: str) -> bool:
        types = published().types
        return all(self.rules(other).get(field) == _DROP for other in variants if field in types[other].fields)


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_LIST, _OBJECT = b"[{"
_STARTS = frozenset(b'[{"ntf-0123456789')
"""First bytes of a JSON value that no space stands before."""


def _encoded(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _text(raw: msgspec.Raw) -> str:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else ""


def _variant(name: str, fields: Mapping[str, msgspec.Raw]) -> str:
    """Return the type of an object of the type `name`: a variant where its tag is one, or the union itself."""
    row = published().types[name]
    if not row.tag:
        return name
    tag = msgspec.json.decode(fields[row.tag]) if row.tag in fields else None
    variant = row.variants.get(tag) if isinstance(tag, str) else None
    return name if variant is None else _variant(variant, fields)


def _inner(name: str) -> Iterator[str]:
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
        for name in set(_inner(user)):
            users.setdefault(name, []).append(user)
    return users


def _signs(item: str, view: _View) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Return what a record with a secret has in its bytes: both parts of at least one pair.

    Beside the secret's own name that is the name of the field that it lies in, or the tag of its variant:
    `value` alone is in most Messages. The longest text, which is the rarest, is looked for first.
    """
    reached, waiting = set[str](), [item]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [inner for inner in _inner(name) if inner in view.holders]
    signs: dict[tuple[str, ...], None] = {}
    for secret in SECRETS.values():
        if not secret.leaves and secret.type in reached:
            pairs = [(secret.field,)] if secret.type == item else _contexts(secret, sorted(reached), view)
            signs |= dict.fromkeys(pairs)
    texts = [sorted((f'"{text}"'.encode() for text in together), key=len, reverse=True) for together in signs]
    return ((_ESCAPED, ()), *((first, tuple(others)) for first, *others in texts))


def _contexts(secret: Secret, holders: Iterable[str], view: _View) -> Iterator[tuple[str, ...]]:
    """Yield what stands in a record with the secret inside one of the types `holders`."""
    for name in holders:
        row = published().types[name]
        for tag, variant in row.variants.items():
            if variant == secret.type:
                yield (secret.field,) if secret.field in view.rules(name) else (tag, secret.field)
        for field, value in row.fields.items():
            if (value.items or value.values or value).name == secret.type:
                yield field, secret.field
