"""Custom types and product types: every field type and attribute type of the platform, and values that fit them.

A name always has the same type (the platform demands it), so values are kept per name.
Sources: fact sheet of Types and Product Types; custom field types are capitalised, attribute types are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from commercetools_source.sandbox.shop.words import SENTENCES
from commercetools_source.sandbox.shop.world import Dice, Json, Rows, World, js, money, precise, stamp

Sampler = Callable[[World, Dice], Any]

COLORS = (
    ("black", {"en": "Black", "de": "Schwarz", "fr": "Noir"}),
    ("white", {"en": "White", "de": "Weiß", "fr": "Blanc"}),
    ("sea-blue", {"en": "Sea blue", "de": "Meerblau", "fr": "Bleu océan"}),
    ("moss", {"en": "Moss", "de": "Moosgrün", "fr": "Vert mousse"}),
)
SIZES = ("XS", "S", "M", "L", "XL", "One size")
TIERS = ("bronze", "silver", "gold")
# What both custom fields and attributes may refer to here, with the reference type id.
_FIELD_REFERENCES = ("category", "product", "customer", "key-value-document", "channel", "state")


def localized(dice: Dice, count: int = 2) -> Json:
    """Return a sentence in `count` of the shop's languages."""
    return {locale: dice.one(SENTENCES[locale]) for locale in ("en", "de", "fr")[:count]}


def _day(world: World, dice: Dice) -> str:
    return stamp(world.latest - dice.below(900) * 86_400_000)[:10]


def _moment(world: World, dice: Dice) -> str:
    return stamp(world.latest - dice.below(900 * 86_400_000))


def _time(_world: World, dice: Dice) -> str:
    return f"{dice.below(24):02}:{dice.below(60):02}:{dice.below(60):02}.{dice.below(1000):03}"


def _number(_world: World, dice: Dice) -> float:
    return dice.one((0, 1, 7, 42, 0.5, 3.25, 1999.99, -12, 100_000))


def _money(_world: World, dice: Dice) -> Json:
    return money(dice.one(("EUR", "USD", "JPY", "KWD")), dice.between(0, 250_000))


def _any_money(world: World, dice: Dice) -> Json:
    return precise("EUR", dice.between(1, 9_999_999), 5) if dice.chance(25) else _money(world, dice)


def _text(_world: World, dice: Dice) -> str:
    return dice.one(SENTENCES[dice.one(("en", "de", "fr"))])


def _sets_of(sampler: Sampler) -> Sampler:
    def sample(world: World, dice: Dice) -> list[Any]:
        values: list[Any] = []
        for _ in range(dice.between(0, 4)):
            value = sampler(world, dice)
            if value not in values:
                values.append(value)
        return values

    return sample


def _reference_to(type_id: str) -> Sampler:
    return lambda world, dice: world.ref(type_id, dice.below(1000))


def _choice(values: tuple[str, ...]) -> Sampler:
    return lambda _world, dice: dice.one(values)


_TIER_VALUES = [{"key": tier, "label": tier.title()} for tier in TIERS]
_SIZE_VALUES = [{"key": size, "label": size} for size in SIZES]
_COLOR_VALUES = [{"key": key, "label": label} for key, label in COLORS]

# Custom fields: name -> (field type, values). Enum values are stored as their key.
_PLAIN_FIELDS: Mapping[str, tuple[Json, Sampler]] = {
    "isGift": ({"name": "Boolean"}, lambda _world, dice: dice.chance(50)),
    "note": ({"name": "String"}, _text),
    "caption": ({"name": "LocalizedString"}, lambda _world, dice: localized(dice, dice.between(1, 3))),
    "tier": ({"name": "Enum", "values": _TIER_VALUES}, _choice(TIERS)),
    "color": ({"name": "LocalizedEnum", "values": _COLOR_VALUES}, _choice(tuple(key for key, _ in COLORS))),
    "score": ({"name": "Number"}, _number),
    "budget": ({"name": "Money"}, _money),
    "dueOn": ({"name": "Date"}, _day),
    "pickupAt": ({"name": "Time"}, _time),
    "approvedAt": ({"name": "DateTime"}, _moment),
    **{
        f"related-{kind}": ({"name": "Reference", "referenceTypeId": kind}, _reference_to(kind))
        for kind in _FIELD_REFERENCES
    },
}
CUSTOM_FIELDS: Mapping[str, tuple[Json, Sampler]] = {
    **_PLAIN_FIELDS,
    **{
        f"{name}-set": ({"name": "Set", "elementType": kind}, _sets_of(sampler))
        for name, (kind, sampler) in _PLAIN_FIELDS.items()
        if not name.startswith("related-") or name == "related-product"
    },
}

RESOURCE_TYPES = (
    *("address", "asset", "approval-flow", "approval-rule", "associate-role", "business-unit", "cart-discount"),
    *("category", "channel", "customer", "customer-group", "custom-line-item", "discount-code", "inventory-entry"),
    *("line-item", "order", "order-edit", "order-delivery", "order-parcel", "order-return-item", "payment"),
    *("payment-interface-interaction", "payment-method", "payment-method-info", "product-price"),
    *("product-selection", "product-tailoring", "quote", "reservation", "review", "recurring-order", "shipping"),
    *("shipping-method", "shopping-list", "shopping-list-text-line-item", "standalone-price", "store", "transaction"),
)
# Two types serve each of these, so that their fields are a union.
_TWICE = ("order", "customer", "line-item", "address")
TYPES = (*((resource, "extras") for resource in RESOURCE_TYPES), *((resource, "b2b") for resource in _TWICE))


def fields_of(number: int) -> tuple[str, ...]:
    """Return the names of the fields that the custom type `number` defines: a few of all, every name somewhere."""
    names = tuple(CUSTOM_FIELDS)
    return tuple(names[(number * 5 + step) % len(names)] for step in range(6))


@dataclass(frozen=True, slots=True)
class Customs:
    """Values for `custom`, prepared once for each resource type and then repeated."""

    world: World
    _ready: dict[str, list[str]] = field(default_factory=dict)

    def text(self, resource: str, dice: Dice) -> str:
        """Return custom fields of a type that allows `resource`, as JSON text."""
        ready = self._ready.get(resource)
        if ready is None:
            ready = self._ready[resource] = self._prepare(resource)
        return dice.one(ready)

    def value(self, resource: str, dice: Dice) -> Json:
        """Return custom fields of a type that allows `resource`."""
        decoded: Json = msgspec.json.decode(self.text(resource, dice))
        return decoded

    def _prepare(self, resource: str) -> list[str]:
        dice = self.world.dice(f"customs/{resource}")
        numbers = [number for number, (allowed, _) in enumerate(TYPES) if allowed == resource]
        ready = []
        for step in range(6):
            number = numbers[step % len(numbers)]
            names = fields_of(number)
            chosen = names if step < len(numbers) else [name for name in names if dice.chance(60)]
            values = {name: CUSTOM_FIELDS[name][1](self.world, dice) for name in chosen}
            ready.append(js({"type": {"typeId": "type", "id": self.world.uid("type", number)}, "fields": values}))
        return ready


# https://docs.commercetools.com/api/projects/types
def types(world: World) -> Rows:
    """Yield the custom types, one or two for each resource type."""
    times = world.times("type", len(TYPES))
    for number, (resource, suffix) in enumerate(TYPES):
        definitions = [
            {
                "name": name,
                "label": {"en": name, "de": f"{name} (de)"},
                "required": False,
                "type": CUSTOM_FIELDS[name][0],
                "inputHint": "MultiLine" if name == "note" else "SingleLine",
            }
            for name in fields_of(number)
        ]
        yield (
            "/types",
            "",
            msgspec.json.encode(
                {
                    **times.base(world.uid("type", number), number),
                    "key": f"{resource}-{suffix}",
                    "name": {"en": f"{resource} {suffix}", "fr": f"{resource} {suffix} (fr)"},
                    "description": {"en": f"Custom fields of {resource}"},
                    "resourceTypeIds": [resource],
                    "fieldDefinitions": definitions,
                }
            ),
        )


# --- product types ----------------------------------------------------------------------------------------------


def _nested(world: World, dice: Dice) -> list[Json]:
    return [
        {"name": "spec-name", "value": dice.one(("Width", "Höhe", "Poids", "Volume"))},
        {"name": "spec-value", "value": _number(world, dice)},
    ]


def _color(_world: World, dice: Dice) -> Json:
    key, label = dice.one(COLORS)
    return {"key": key, "label": label}


def _tier(_world: World, dice: Dice) -> Json:
    return dice.one(_TIER_VALUES)


_ATTRIBUTE_TYPES: Mapping[str, tuple[Json, Sampler]] = {
    "boolean": ({"name": "boolean"}, lambda _world, dice: dice.chance(50)),
    "text": ({"name": "text"}, _text),
    "ltext": ({"name": "ltext"}, lambda _world, dice: localized(dice, dice.between(1, 3))),
    "enum": ({"name": "enum", "values": _TIER_VALUES}, _tier),
    "lenum": ({"name": "lenum", "values": _COLOR_VALUES}, _color),
    "number": ({"name": "number"}, _number),
    "money": ({"name": "money"}, _any_money),
    "date": ({"name": "date"}, _day),
    "time": ({"name": "time"}, _time),
    "datetime": ({"name": "datetime"}, _moment),
    "reference": ({"name": "reference", "referenceTypeId": "product"}, _reference_to("product")),
}


# The last one is what `nested` refers to; no product has it.
PRODUCT_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apparel", ("color", "size", "article-code", "care", "organic", "collection")),
    ("electronics", ("article-code", "color", "weight", "released-on", "list-price", "organic")),
    (
        "everything",
        (
            *(f"any-{name}" for name in (*_ATTRIBUTE_TYPES, "nested")),
            *(f"set-{name}" for name in (*_ATTRIBUTE_TYPES, "nested")),
            *(f"product-{name}" for name in _ATTRIBUTE_TYPES),
            "sets-of-numbers",
            "specs",
        ),
    ),
    ("plain", ()),
    ("specification", ("spec-name", "spec-value")),
)


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """One attribute definition and the values that fit it."""

    type: Json
    sample: Sampler
    level: str = "Variant"
    constraint: str = "None"
    required: bool = False


def attribute_rows(world: World) -> dict[str, AttributeRow]:
    """Return every attribute of the shop by name: each type plain, as a set, and on both levels."""
    nested_type = {
        "name": "nested",
        "typeReference": {"typeId": "product-type", "id": world.uid("product-type", len(PRODUCT_TYPES) - 1)},
    }
    attribute_types = {**_ATTRIBUTE_TYPES, "nested": (nested_type, _nested)}
    rows = {
        "color": AttributeRow(*_ATTRIBUTE_TYPES["lenum"], constraint="CombinationUnique", required=True),
        "size": AttributeRow(
            {"name": "enum", "values": _SIZE_VALUES},
            lambda _world, dice: dice.one(_SIZE_VALUES),
            constraint="CombinationUnique",
        ),
        "article-code": AttributeRow(
            {"name": "text"}, lambda _w, dice: f"A-{dice.below(10**9):09}", constraint="Unique"
        ),
        "care": AttributeRow(*_ATTRIBUTE_TYPES["ltext"], constraint="SameForAll"),
        "organic": AttributeRow(*_ATTRIBUTE_TYPES["boolean"], level="Product"),
        "collection": AttributeRow(*_ATTRIBUTE_TYPES["reference"], level="Product"),
        "weight": AttributeRow(*_ATTRIBUTE_TYPES["number"]),
        "released-on": AttributeRow(*_ATTRIBUTE_TYPES["date"], level="Product"),
        "list-price": AttributeRow(*_ATTRIBUTE_TYPES["money"]),
        "spec-name": AttributeRow({"name": "text"}, _text),
        "spec-value": AttributeRow({"name": "number"}, _number),
        "specs": AttributeRow({"name": "set", "elementType": nested_type}, _sets_of(_nested)),
        "sets-of-numbers": AttributeRow(
            {"name": "set", "elementType": {"name": "set", "elementType": {"name": "number"}}},
            _sets_of(_sets_of(_number)),
        ),
    }
    for name, (attribute_type, sampler) in attribute_types.items():
        rows[f"any-{name}"] = AttributeRow(attribute_type, sampler)
        rows[f"set-{name}"] = AttributeRow({"name": "set", "elementType": attribute_type}, _sets_of(sampler))
        if name != "nested":
            rows[f"product-{name}"] = AttributeRow(attribute_type, sampler, level="Product")
    return rows


# https://docs.commercetools.com/api/projects/productTypes
def product_types(world: World) -> Rows:
    """Yield the product types."""
    rows = attribute_rows(world)
    times = world.times("product-type", len(PRODUCT_TYPES))
    for number, (key, names) in enumerate(PRODUCT_TYPES):
        definitions = [
            {
                "name": name,
                "label": {"en": name, "de": f"{name} (de)"},
                "inputTip": {"en": f"What is the {name}?"},
                "isRequired": rows[name].required,
                "type": rows[name].type,
                "level": rows[name].level,
                "attributeConstraint": rows[name].constraint,
                "isSearchable": not name.startswith("set-"),
                "inputHint": "MultiLine" if name in {"care", "any-ltext"} else "SingleLine",
            }
            for name in names
        ]
        yield (
            "/product-types",
            "",
            msgspec.json.encode(
                {
                    **times.base(world.uid("product-type", number), number),
                    "key": key,
                    "name": key.title(),
                    "description": f"Products of the kind {key}",
                    "attributes": definitions,
                }
            ),
        )
