"""Leave secrets out of records: where the contract has one, whatever lies above it. Pure functions.

A record is parsed only if its bytes can hold a secret, and then only along the fields that lead to one; all
other values keep their bytes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.contract import Expression, published
from commercetools_source.catalog.secrets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commercetools_source.catalog.secrets import Secret

__all__ = ["redactor", "secret_fields"]

Rules = dict[str, Expression | None]
"""What to do with fields of an object: None leaves a field out, an expression looks into it. Others stay."""

_ESCAPED = b"\\u00"
"""How each letter of a field's name can be written instead (RFC 8259, section 7); then a search for it fails."""


@cache
def redactor(item: str) -> Callable[[msgspec.Raw], msgspec.Raw] | None:
    """Return what leaves the secrets out of a record of the contract's type `item`; None if it can have none."""
    if item not in _with_secrets():
        return None
    signs, record_type = _signs(item), Expression(item)

    def redact(record: msgspec.Raw) -> msgspec.Raw:
        body = bytes(record)
        for first, others in signs:
            if first in body and all(sign in body for sign in others):
                return _redacted(record, record_type)
        return record

    return redact


def secret_fields(item: str) -> tuple[str, ...]:
    """Return the top-level fields that are secret, if a record of the type `item` has secrets nowhere else."""
    rules = _rules(item)
    return tuple(rules) if not any(rules.values()) and not published().types[item].variants else ()


def _redacted(raw: msgspec.Raw, expression: Expression) -> msgspec.Raw:
    inner = expression.items or expression
    start = bytes(memoryview(raw)).lstrip()[:1]
    if start == b"[":
        return _encoded([_redacted(element, inner) for element in msgspec.json.decode(raw, type=list[msgspec.Raw])])
    if start != b"{":  # nothing can be left out of null, a number or a text
        return raw
    fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    values = inner.values or published().types[inner.name].values
    if values is not None:
        return _encoded({name: _redacted(value, values) for name, value in fields.items()})
    rules = _rules(_variant(inner.name, fields))
    hidden = {name for name, rule in rules.items() if rule is None}
    return _encoded(
        {name: _looked_into(value, rules.get(name)) for name, value in fields.items() if name not in hidden}
    )


def _looked_into(value: msgspec.Raw, rule: Expression | None) -> msgspec.Raw:
    return value if rule is None else _redacted(value, rule)


def _encoded(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _variant(name: str, fields: Mapping[str, msgspec.Raw]) -> str:
    """Return the type of an object of the type `name`: a variant where its tag is one, or the union itself."""
    row = published().types[name]
    tag = msgspec.json.decode(fields[row.tag]) if row.tag in fields else None
    variant = row.variants.get(tag) if isinstance(tag, str) else None
    return name if variant is None else _variant(variant, fields)


@cache
def _rules(name: str) -> Rules:
    """Return the rules of a type; for a union, those of an object whose variant the contract does not know.

    There a field is left out if it is a secret in every variant that has it.
    """
    row = published().types[name]
    rules: Rules = {}
    for field, value in row.fields.items():
        if (name, field) in SECRETS and not SECRETS[name, field].leaves:
            rules[field] = None
        elif (value.items or value.values or value).name in _with_secrets():
            rules[field] = value
    if not row.variants:
        return rules
    variants = dict.fromkeys(row.variants.values())
    for variant in variants:
        for field, rule in _rules(variant).items():
            holders = [_rules(other) for other in variants if field in published().types[other].fields]
            if rule is not None or all(field in other and other[field] is None for other in holders):
                rules.setdefault(field, rule)
    return rules


@cache
def _with_secrets() -> frozenset[str]:
    """Return the types whose values can hold a secret, at any depth."""
    hidden = {secret.type for secret in SECRETS.values() if not secret.leaves}
    size = 0
    while size != len(hidden):
        size = len(hidden)
        hidden |= {name for name in published().types if not hidden.isdisjoint(_inner(name))}
    return frozenset(hidden)


def _inner(name: str) -> Iterator[str]:
    """Yield the names of the types of a type's fields, variants and values."""
    row = published().types.get(name)
    if row is not None:
        yield from row.variants.values()
        for value in (*row.fields.values(), *filter(None, (row.values,))):
            yield (value.items or value.values or value).name


def _signs(item: str) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Return what a record with a secret has in its bytes: both parts of at least one pair.

    Beside the secret's own name that is the name of the field that it lies in, or the tag of its variant:
    `value` alone is in most Messages. The longest text, which is the rarest, is looked for first.
    """
    reached, waiting = set[str](), [item]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [inner for inner in _inner(name) if inner in _with_secrets()]
    signs: dict[tuple[str, ...], None] = {}
    for secret in SECRETS.values():
        if not secret.leaves and secret.type in reached:
            signs |= dict.fromkeys([(secret.field,)] if secret.type == item else _contexts(secret, sorted(reached)))
    texts = [sorted((f'"{text}"'.encode() for text in together), key=len, reverse=True) for together in signs]
    return ((_ESCAPED, ()), *((first, tuple(others)) for first, *others in texts))


def _contexts(secret: Secret, holders: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield what stands in a record with the secret inside one of the types `holders`."""
    for name in holders:
        row = published().types[name]
        for tag, variant in row.variants.items():
            if variant == secret.type:
                yield (secret.field,) if secret.field in _rules(name) else (tag, secret.field)
        for field, value in row.fields.items():
            if (value.items or value.values or value).name == secret.type:
                yield field, secret.field
