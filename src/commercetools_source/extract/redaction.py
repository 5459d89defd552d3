"""Leave out of records what must not leave, and change what was chosen: wherever the contract has it. Pure functions.

Secrets are always left out; what becomes of personal data, `Privacy` says. Only fields that lead to either are parsed;
all other values keep their bytes.
"""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.contract import Expression, published
from commercetools_source.catalog.secrets import SECRETS
from commercetools_source.extract.disguise import disguise
from commercetools_source.extract.fields import decode_fields
from commercetools_source.extract.privacy import KEEP, may_name
from commercetools_source.extract.rules import DROP, ESCAPED, FieldRules, inner_types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.secrets import Secret
    from commercetools_source.extract.privacy import Privacy

    Fields = dict[str, msgspec.Raw]
    Change = Callable[[msgspec.Raw], msgspec.Raw | None]
    """Gives a field's value what may leave instead of it; None: the field is left out."""

__all__ = ["chosen_for", "field_redactor", "redactor", "secret_fields"]

_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_LIST, _OBJECT = b"[{"
_NAMES = ("name", "attributeName", "fieldName")
"""Fields with the name of a custom field or attribute whose value stands beside it."""
_STARTS = frozenset(b'[{"ntf-0123456789')
"""First bytes of a JSON value that no space stands before."""

_REPEATED = 4_096
"""Values of one type that are remembered: the same address, and the same client, is in many records."""
_SMALL = 1_024
"""Bytes of the largest value that is remembered."""


@cache
def redactor(item: str, privacy: Privacy = KEEP) -> Callable[[msgspec.Raw], msgspec.Raw] | None:
    """Return what leaves out and changes values in a record of the contract's type `item`; None if it has none."""
    view = _view(privacy)
    if item not in view.rules.holders:
        return None
    parsed = view.parsed(Expression(item))
    if not privacy.keeps_all:
        return lambda record: parsed(bytes(record))
    signs = _signs(item, view.rules)

    def redact(record: msgspec.Raw) -> msgspec.Raw:
        body = bytes(record)
        # A search in bytes takes a fraction of a parse, and most records have none of them.
        for first, others in signs:
            if first in body and all(sign in body for sign in others):
                return parsed(body)
        return record

    return redact


@cache
def field_redactor(item: str, privacy: Privacy) -> Callable[[Fields], msgspec.Raw] | None:
    """Return what `redactor` does, for a record whose fields are parsed already; it changes them.

    None where records are not to be parsed for it: they have nothing, or secrets alone.
    """
    view = _view(privacy)
    if privacy.keeps_all or item not in view.rules.holders:
        return None
    change = view.object(item)

    def redact(fields: Fields) -> msgspec.Raw:
        change(fields)
        return _encoded(fields)

    return redact


@cache
def secret_fields(item: str) -> tuple[str, ...]:
    """Return the top-level fields that are secret, if a record of the type `item` has secrets nowhere else."""
    rules = _view(KEEP).rules.of(item)
    whole = all(rule == DROP for rule in rules.values())
    return tuple(rules) if whole and not published().types[item].variants else ()


@cache
def chosen_for(item: str, privacy: Privacy) -> str:
    """Return the choice as it is stored for records of the type `item`; "" where it makes no difference."""
    return privacy.text if not privacy.keeps_all and item in _view(privacy).rules.touched else ""


@cache
def _view(privacy: Privacy) -> _View:
    return _View(privacy)


class _View:
    """The rules of one choice as functions, made type by type when the first value comes."""

    def __init__(self, privacy: Privacy) -> None:
        self.rules = FieldRules(privacy)
        needles = [f'"{name}"'.encode() for name in self.rules.names]
        self._parsed_within = _parsed(needles, lambda: self._within, self._change_within)
        self._plans: dict[str, Mapping[str, Change]] = {}
        self._changes: dict[Expression, Change] = {}
        # The same customer is in many orders, and an HMAC costs more than the rest of the field.
        self._disguise = lru_cache(16_384)(disguise(privacy.key, privacy.watching))

    def change(self, expression: Expression) -> Change:
        """Return what leaves of a value of the contract's type `expression`, remembered for small ones."""
        inner = expression.items or expression
        if inner not in self._changes:
            parsed = self.parsed(inner)
            repeated = lru_cache(_REPEATED)(parsed)

            def change(raw: msgspec.Raw) -> msgspec.Raw:
                body = bytes(raw)
                return repeated(body) if len(body) <= _SMALL else parsed(body)

            self._changes[inner] = change
        return self._changes[inner]

    def parsed(self, expression: Expression) -> Callable[[bytes], msgspec.Raw]:
        """Return what leaves of the JSON of a value of the contract's type `expression`, or of a list of such."""
        name = (expression.values or expression).name
        change = self._map(expression.values) if expression.values is not None else self.object(name)
        return _parsed(self.rules.needles(name), lambda: self.change(expression), change)

    def object(self, name: str) -> Callable[[Fields], bool]:
        """Return what changes the fields of an object of the type `name`, and says whether it had any to change."""
        row = published().types.get(name)
        if row is not None and row.values is not None:
            return self._map(row.values)
        if row is None or not (row.tag or self._names_values(name)):
            return lambda fields: _apply(self.plan(name), fields)
        return lambda fields: _apply(self._plan_for(name, fields), fields)

    def _plan_for(self, name: str, fields: Fields) -> Mapping[str, Change]:
        variant = _variant(name, fields)
        plan = self.plan(variant)
        return {**plan, **self._beside(fields)} if self._names_values(variant) else plan

    def _names_values(self, name: str) -> bool:
        """Return whether an object of the type `name` may have values of custom fields that were chosen by name."""
        return bool(self.rules.names) and may_name(name)

    def _beside(self, fields: Fields) -> dict[str, Change]:
        """Return what becomes of the values of a custom field or attribute that stand beside its name."""
        texts = (_text(fields[name]) for name in _NAMES if name in fields)
        custom = next((text for text in texts if text in self.rules.names), "")
        choice = self.rules.names.get(custom, "keep")
        values = [field for field in fields if field.lower().endswith("value")]
        # The value is treated as under its own name in `custom.fields`: its hash must be the same.
        return dict.fromkeys(values, self._leaf(choice, custom)) if choice != "keep" else {}

    def _within(self, raw: msgspec.Raw) -> msgspec.Raw:
        """Return a value without a type, such as that of a nested attribute, with what was chosen by name treated."""
        return self._parsed_within(bytes(raw))

    def _change_within(self, fields: Fields) -> bool:
        container = {"fields": self.change(Expression("FieldContainer"))}
        return _apply({**dict.fromkeys(fields, self._within), **container, **self._beside(fields)}, fields)

    def _map(self, values: Expression) -> Callable[[Fields], bool]:
        # Custom fields and attributes: the contract knows no type below, only the names that were chosen.
        if values.name == "any":
            named = {name: self._leaf(rule, name) for name, rule in self.rules.names.items() if rule != "keep"}
            return partial(_apply, named)
        change = self.change(values)
        return lambda fields: _apply(dict.fromkeys(fields, change), fields)

    def plan(self, name: str) -> Mapping[str, Change]:
        """Return what becomes of the fields of a type, by their names."""
        if name not in self._plans:
            fields = published().types[name].fields if self._names_values(name) else {}
            untyped = [field for field, value in fields.items() if value.name == "any"]
            self._plans[name] = dict.fromkeys(untyped, self._within) | {
                field: self._leaf(rule, field) if isinstance(rule, str) else self.change(rule)
                for field, rule in self.rules.of(name).items()
            }
        return self._plans[name]

    def _leaf(self, choice: str, name: str) -> Change:
        if choice == DROP:
            return _nothing
        is_mail = "mail" in name.lower()
        return lambda raw: self._disguise(bytes(raw), choice, is_mail)


def _parsed(
    needles: Sequence[bytes], of_element: Callable[[], Change], change: Callable[[Fields], bool]
) -> Callable[[bytes], msgspec.Raw]:
    """Return what changes the fields of an object, and the elements of a list by what `of_element` returns.

    A value without any of the `needles` comes back as it is; where there are none, each is parsed.
    """

    def parse(body: bytes) -> msgspec.Raw:
        # A search in bytes takes a fraction of a parse, and most values have nothing to hide.
        if needles and not any(map(body.__contains__, needles)) and not _has_escaped_letters(body):
            return msgspec.Raw(body)
        start = body[0] if body[0] in _STARTS else body.lstrip()[0]
        if start == _LIST:
            element_change = of_element()
            return _encoded([element_change(element) for element in _elements(body)])
        # Nothing can be left out of null, a number or a text.
        fields = decode_fields(body) if start == _OBJECT else {}
        return _encoded(fields) if change(fields) else msgspec.Raw(body)

    return parse


def _apply(plan: Mapping[str, Change], fields: Fields) -> bool:
    """Change the fields that `plan` names; return whether there were any."""
    # Whichever are fewer: a record has dozens of fields, and an address a dozen of the names.
    shorter, longer = (plan, fields) if len(plan) < len(fields) else (fields, plan)
    named = [name for name in shorter if name in longer]
    for name in named:
        changed = plan[name](fields[name])
        if changed is None:
            del fields[name]
        else:
            fields[name] = changed
    return bool(named)


def _has_escaped_letters(body: bytes) -> bool:
    # Most values have no backslash at all, and a single byte is found several times faster.
    return b"\\" in body and ESCAPED in body


def _nothing(_raw: msgspec.Raw) -> None:
    return None


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


def _signs(item: str, rules: FieldRules) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Return what a record with a secret has in its bytes: both parts of at least one pair.

    Beside the secret's own name that is the name of the field that it lies in, or the tag of its variant:
    `value` alone is in most Messages. The longest text, which is the rarest, is looked for first.
    """
    reached, waiting = set[str](), [item]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [inner for inner in inner_types(name) if inner in rules.holders]
    signs: dict[tuple[str, ...], None] = {}
    for secret in SECRETS.values():
        if not secret.leaves and secret.type in reached:
            pairs = [(secret.field,)] if secret.type == item else _contexts(secret, sorted(reached), rules)
            signs |= dict.fromkeys(pairs)
    texts = [sorted((f'"{text}"'.encode() for text in together), key=len, reverse=True) for together in signs]
    return ((ESCAPED, ()), *((first, tuple(others)) for first, *others in texts))


def _contexts(secret: Secret, holders: Iterable[str], rules: FieldRules) -> Iterator[tuple[str, ...]]:
    """Yield what stands in a record with the secret inside one of the types `holders`."""
    for name in holders:
        row = published().types[name]
        for tag, variant in row.variants.items():
            if variant == secret.type:
                yield (secret.field,) if secret.field in rules.of(name) else (tag, secret.field)
        for field, value in row.fields.items():
            if (value.items or value.values or value).name == secret.type:
                yield field, secret.field
