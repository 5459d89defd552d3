"""What the values of contract-built records mean: ids that exist, names that read well, money that is money.

It answers the questions of `contract.Builder`. Every reference leads to one of the realistic records
of the shop; products are always of the product type that has every attribute.
"""

from __future__ import annotations

import math
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.contract import facets
from commercetools_source.sandbox.shop.balance import balance
from commercetools_source.sandbox.shop.basics import store_key, tax_rate
from commercetools_source.sandbox.shop.catalog import sku
from commercetools_source.sandbox.shop.people import unit_key
from commercetools_source.sandbox.shop.types import PRODUCT_TYPES, RESOURCE_TYPES, Customs, attribute_rows, localized
from commercetools_source.sandbox.shop.words import (
    CARRIERS,
    COMPANIES,
    FIRST_NAMES,
    FRACTION_DIGITS,
    LAST_NAMES,
    MARKETS,
    SENTENCES,
)
from commercetools_source.sandbox.shop.world import Dice, Json, World, money, precise, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commercetools_source.sandbox.shop.contract import Contract

_DAY = 86_400_000
_SHOWCASE = 2
# Custom fields of these contract types belong to types for these resources; others are called like the resource.
_CUSTOM_OWNERS = {
    "BaseAddress": "address",
    "BusinessUnitAddress": "address",
    "Cart": "order",
    "Company": "business-unit",
    "CustomerAddress": "address",
    "Delivery": "order-delivery",
    "Division": "business-unit",
    "LineItemReturnItem": "order-return-item",
    "CustomLineItemReturnItem": "order-return-item",
    "ReturnItem": "order-return-item",
    "Parcel": "order-parcel",
    "ParcelDraft": "order-parcel",
    "Price": "product-price",
    "PriceDraft": "product-price",
    "ProductPrice": "product-price",
    "QuoteRequest": "quote",
    "ScopedPrice": "product-price",
    "ShoppingListLineItem": "line-item",
    "StagedOrder": "order",
    "StagedQuote": "quote",
    "TextLineItem": "shopping-list-text-line-item",
    "PaymentInteraction": "payment-interface-interaction",
}
# What a Message is about, by how its type begins; the first match counts, everything else is about an order.
_SUBJECTS = (
    ("ApprovalFlow", "approval-flow"),
    ("ApprovalRule", "approval-rule"),
    ("AssociateRole", "associate-role"),
    ("BusinessUnit", "business-unit"),
    ("CartDiscount", "cart-discount"),
    ("Cart", "cart"),
    ("Category", "category"),
    ("CustomerEmailToken", "customer-email-token"),
    ("CustomerGroupAssignment", "customer"),
    ("CustomerGroupSet", "customer"),
    ("CustomerGroup", "customer-group"),
    ("CustomerPasswordToken", "customer-password-token"),
    ("Customer", "customer"),
    ("DiscountCode", "discount-code"),
    ("DiscountGroup", "discount-group"),
    ("InventoryEntry", "inventory-entry"),
    ("PaymentMethodInfo", "payment"),
    ("PaymentMethod", "payment-method"),
    ("Payment", "payment"),
    ("ProductSelection", "product-selection"),
    ("ProductTailoring", "product-tailoring"),
    ("ProductVariantTailoring", "product-tailoring"),
    ("Product", "product"),
    ("QuoteRequest", "quote-request"),
    ("Quote", "quote"),
    ("RecurringOrder", "recurring-order"),
    ("Review", "review"),
    ("ShoppingList", "shopping-list"),
    ("StagedQuote", "staged-quote"),
    ("StandalonePrice", "standalone-price"),
    ("Store", "store"),
    ("Variant", "variant"),
)
# How strings look whose field has a telling end.
_PATTERNS = (
    *((suffix, "https://shop.example.com/{key}/{number}") for suffix in ("url", "uri", "urltemplate")),
    ("email", "person-{number}@example.com"),
    ("ids", "{number:08x}"),
    ("key", "{owner}-{number}"),
)
_JSON_SAMPLES = (
    'text with a "quote", a back\\slash and a\nnew line',
    42,
    -0.25,
    True,
    None,
    [1, "two", {"three": 3}],
    {"nested": {"list": [], "empty": {}, "emoji": "🛒"}},
)


def kebab(name: str) -> str:
    """Return `LineItem` as `line-item`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def subject_of(message: str) -> str:
    """Return the resource type id of what a Message of type `message` is about."""
    return next((subject for prefix, subject in _SUBJECTS if message.startswith(prefix)), "order")


class ShopFiller:
    """Fills contract-built records with values of one shop."""

    def __init__(self, world: World, contract: Contract, customs: Customs) -> None:
        self._world = world
        self._contract = contract
        self._customs = customs
        self._dice = world.dice("filler")
        self._count = 0
        rows = attribute_rows(world)
        self._attributes = {
            level: [(name, rows[name]) for name in PRODUCT_TYPES[_SHOWCASE][1] if rows[name].level == level]
            for level in ("Product", "Variant")
        }
        self._makers: Mapping[str, Callable[[str], Any]] = {
            "Attribute": self._attribute,
            "CategoryOrderHints": lambda _: {self._id("category"): "0.5"},
            "CentPrecisionMoney": lambda _: self._cent_money(),
            "CountryCode": lambda _: self._dice.one(MARKETS).country,
            "CurrencyCode": lambda _: self._dice.one(tuple(FRACTION_DIGITS)),
            "CustomFields": self._custom,
            "CustomFieldsDraft": self._custom,
            "HighPrecisionMoney": lambda _: precise("EUR", self._dice.between(1, 10**9), 5),
            "HighPrecisionMoneyDraft": lambda _: precise("EUR", self._dice.between(1, 10**9), 5),
            "Locale": lambda _: self._dice.one(MARKETS).locale,
            "LocalizedString": lambda _: localized(self._dice, self._dice.between(1, 3)),
            "Money": lambda _: {"centAmount": self._dice.below(100_000), "currencyCode": "EUR"},
            "ProductTailoringAttribute": self._attribute,
            "TaxRate": lambda _: tax_rate(world, self._turn(MARKETS)),
        }
        self._lists: dict[tuple[str, str], Any] = {
            ("ApplicableRecurrencePolicies", "recurrencePolicies"): [world.ref("recurrence-policy", 0)],
        }
        self._finishers: Mapping[str, Callable[[Json], None]] = {
            "Cart": balance,
            "CreatedBy": self._author,
            "ExternalTaxRateDraft": _sum_rates,
            "GeoJsonPoint": lambda value: value.update(coordinates=[13.384, 52.531]),
            "LastModifiedBy": self._author,
            "LineItem": self._line_item,
            "Order": balance,
            "Quote": balance,
            "QuoteRequest": balance,
            "ShoppingListLineItem": self._line_item,
            "StagedOrder": balance,
            "TaxRate": _sum_rates,
            "TaxRateDraft": _sum_rates,
        }
        self._scalars: Mapping[str, Callable[[], Any]] = {
            "int": lambda: self._dice.between(1, 60),
            "number": lambda: self._dice.between(1, 5),
            "bool": lambda: self._dice.chance(50),
            "datetime": lambda: stamp(world.latest - self._dice.below(400 * _DAY)),
            "date": lambda: stamp(world.latest - self._dice.below(9000 * _DAY))[:10],
            "object": lambda: {"5": 2, "4": 1},
        }
        self._strings = self._string_table()

    # --- the questions of the builder ---------------------------------------------------------------------------

    def make(self, name: str, owner: str, build: Callable[[str], Any]) -> Any:
        """Return a value of the type `name` inside the type `owner`, or None to leave it to the builder."""
        maker = self._makers.get(name)
        if maker is not None:
            return maker(owner)
        if name == "ProductVariantChannelAvailabilityMap":
            return {self._id("channel"): build("ProductVariantChannelAvailability")}
        return self._reference(name, owner)

    def scalar(self, scalar_type: str, key: str, owner: str) -> Any:
        """Return a value for the scalar field `key` of the type `owner`."""
        # The specification allows only text beside the named fields of an error.
        if scalar_type in {"string", "key"} or key == "details":
            return self._string("key" if scalar_type == "key" else key, owner)
        maker = self._scalars.get(scalar_type)
        if maker is not None:
            return 1 + self._dice.below(27) if key == "day" else maker()
        return {"typeId": "product", "id": self._id("product")} if key == "target" else self._turn(_JSON_SAMPLES)

    def finish(self, name: str, value: Json, build: Callable[[str], Any]) -> None:
        """Correct a record of type `name` that was just built, so that its fields agree."""
        if "createdAt" in value and "lastModifiedAt" in value:
            # Both are drawn independently; nothing changes before it is created.
            value["createdAt"], value["lastModifiedAt"] = sorted((value["createdAt"], value["lastModifiedAt"]))
        if "validFrom" in value and "validUntil" in value:
            value["validFrom"], value["validUntil"] = sorted((value["validFrom"], value["validUntil"]))
        if "CustomField" in name and "value" in value:
            value.update(name="note", value=self._dice.one(SENTENCES["de"]))
            for old in ("oldValue", "previousValue"):
                if old in value:
                    value[old] = self._dice.one(SENTENCES["fr"])
        self._fit_customs(value)
        if isinstance(value.get("slug"), dict):
            value["slug"] = {"en": f"slug-{self._next()}"}
        self._keep_limits(name, value, build)
        _tell_apart(value.get("tiers", ()))
        finisher = self._finishers.get(name)
        if finisher is not None:
            finisher(value)

    def _fit_customs(self, value: Json) -> None:
        """Let custom fields be those of a type that is allowed where they are."""
        if isinstance(value.get("type"), dict) and "fields" in value:
            custom = self._customs.value("order", self._dice)
            value["type"]["id"], value["fields"] = custom["type"]["id"], custom["fields"]
        if "shippingCustomFields" in value:
            value["shippingCustomFields"] = self._customs.value("shipping", self._dice)
        seen = value.get("interfaceInteractions", [])
        seen[:] = [self._customs.value("payment-interface-interaction", self._dice) for _ in seen]

    def _keep_limits(self, name: str, value: Json, build: Callable[[str], Any]) -> None:
        """Let numbers be the nearest that the contract allows, and no list be empty that may not be.

        It is one like that before, for which nothing is drawn; the first one gets an element.
        """
        for field, limits in {**facets().get(name, {}), **facets().get(f"{name}Draft", {})}.items():
            found = value.get(field)
            if isinstance(found, int):
                value[field] = int(min(max(found, limits.get("minimum", found)), limits.get("maximum", math.inf)))
            elif found:
                self._lists[name, field] = found
            elif isinstance(found, list) and "minItems" in limits:
                if (name, field) not in self._lists:
                    (expression,) = (one.expr for one in self._contract.fields(name) if one.key == field)
                    self._lists[name, field] = [build(expression.base)]
                value[field] = deepcopy(self._lists[name, field])

    def _author(self, value: Json) -> None:
        """Let it be a user of the Merchant Center, which is a client of the platform itself, if no API client is named.

        A record that shows every field has a user, too.
        """
        value["isPlatformClient"] = "clientId" not in value
        if value["isPlatformClient"] or "attributedTo" in value:
            value["user"] = {"typeId": "user", "id": self._world.uid("user", len(value))}

    # --- values -------------------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _turn(self, choices: Any) -> Any:
        return choices[self._next() % len(choices)]

    def _product(self, number: int) -> int:
        """Return a product of the type that has every attribute."""
        return 4 + 10 * (number % ((self._world.counts["product"] + 5) // 10))

    def _id(self, type_id: str) -> str:
        number = self._next()
        if type_id == "product":
            return self._world.uid("product", self._product(number))
        if type_id == "product-type":
            return self._world.uid("product-type", _SHOWCASE)
        if type_id in self._world.counts.by_type:
            return self._world.known(type_id, number)
        return self._world.uid(type_id, number)

    def _reference(self, name: str, owner: str) -> Json | None:
        """Return a reference if `name` is the type of one."""
        type_id, tag = "", self._contract.tags.get(name)
        for suffix in ("KeyReference", "ResourceIdentifier"):
            if name.endswith(suffix):
                type_id = kebab(name.removesuffix(suffix))
        if type_id:
            number = self._next()
            reference = {"typeId": type_id, "id": self._id(type_id), "key": self._key(type_id, number)}
            return reference if name.endswith("Identifier") else {"typeId": type_id, "key": reference["key"]}
        if name == "AttributeReference":
            return {"key": self._turn(self._attributes["Variant"])[0]}
        if name == "Reference" and owner.endswith("Message"):
            type_id = subject_of(owner)
        elif tag and tag[0] == "typeId":
            type_id = tag[1]
        return {"typeId": type_id, "id": self._id(type_id)} if type_id else None

    def _key(self, type_id: str, number: int) -> str:
        if type_id == "store":
            return store_key(self._world, number)
        if type_id == "business-unit":
            return unit_key(self._world, number)
        if type_id == "associate-role":
            return f"role-{number % self._world.counts['associate-role']}"
        return f"{type_id}-{number % self._world.counts.by_type.get(type_id, 4)}"

    def _cent_money(self) -> Json:
        return money(self._dice.one(tuple(FRACTION_DIGITS)), self._dice.between(1, 90_000))

    def _attribute(self, owner: str) -> Json:
        level = "Product" if owner in {"ProductData", "ProductProjection", "ProductTailoringData"} else "Variant"
        name, row = self._turn(self._attributes[level])
        return {"name": name, "value": row.sample(self._world, self._dice)}

    def _custom(self, owner: str) -> Json:
        name = re.sub(r"(CustomTypeSet|CustomFieldsSet|Added)?(Message|MessagePayload)?$", "", owner)
        resource = _CUSTOM_OWNERS.get(name, kebab(name))
        if owner.startswith("StagedOrder") and owner != "StagedOrder":
            resource = "order"
        return self._customs.value(resource if resource in RESOURCE_TYPES else "order", self._dice)

    def _line_item(self, item: Json) -> None:
        product = self._product(self._next())
        item["productId"] = self._world.uid("product", product)
        item["productType"] = {"typeId": "product-type", "id": self._world.uid("product-type", _SHOWCASE)}
        if "productKey" in item:
            item["productKey"] = f"product-{product}"
        if "variant" in item:
            item["variant"].update(id=1, sku=sku(product, 1))
        if "variantId" in item:
            item["variantId"] = 1

    # --- strings ------------------------------------------------------------------------------------------------

    def _string(self, key: str, owner: str) -> str:
        if key == "name" and owner in {"AttributeDefinition", "FieldDefinition"}:
            return f"extra-{self._next()}"
        fixed = self._strings.get(key)
        if fixed is not None:
            return fixed()
        if key.endswith("Id"):
            return self._id(kebab(key.removesuffix("Id")))
        number = self._next()
        for suffix, pattern in _PATTERNS:
            if key.lower().endswith(suffix):
                return pattern.format(number=number, key=kebab(key), owner=kebab(owner))
        return f"{kebab(key)} {number}"

    def _string_table(self) -> dict[str, Callable[[], str]]:
        dice, world = self._dice, self._world
        words = {
            "title": ("Dr.", "Prof."),
            "salutation": ("Mx", "Ms", "Mr"),
            "firstName": FIRST_NAMES,
            "middleName": FIRST_NAMES,
            "lastName": LAST_NAMES,
            "authorName": FIRST_NAMES,
            "company": COMPANIES,
            "companyName": COMPANIES,
            "streetName": tuple(street for market in MARKETS for street in market.streets),
            "city": tuple(city.name for market in MARKETS for city in market.cities),
            "description": SENTENCES["en"],
            "comment": SENTENCES["fr"],
            "text": SENTENCES["de"],
            "sellerComment": SENTENCES["en"],
            "buyerComment": SENTENCES["de"],
            "carrier": CARRIERS,
            "cartPredicate": ("1 = 1", 'totalPrice > "10 EUR"'),
            "predicate": ("1 = 1", 'sku = "SKU-00001-001"'),
            "secret": ("****",),
            "accessSecret": ("****",),
            "accessKey": ("****",),
            "apiSecret": ("****",),
            "apiKey": ("****",),
            "password": ("****",),
            "authorizationHeader": ("****",),
            "headerValue": ("****",),
            "connectionString": ("Endpoint=sb://queue.example.com/;****",),
            "scope": ("view_orders:sample-shop view_products:sample-shop",),
            "contentType": ("application/pdf", "image/png"),
            "function": ("(2 * x) + 100",),
        }
        table: dict[str, Callable[[], str]] = {key: _one_of(dice, values) for key, values in words.items()}
        table |= {
            "sku": lambda: sku(self._product(self._next()), 1),
            "skus": lambda: sku(self._product(self._next()), 1),
            "productKey": lambda: f"product-{self._product(self._next())}",
            "clientId": lambda: world.client(self._next()),
            "id": lambda: world.uid("part", self._next()),
            "addressId": lambda: f"{self._next():08x}",
            "addressKey": lambda: "home",
            "externalUserId": lambda: f"user-{self._next()}",
            "slug": lambda: f"slug-{self._next()}",
            "orderNumber": lambda: f"X-{self._next():08}",
            "oldTypeId": lambda: self._id("type"),
            "previousTypeId": lambda: self._id("type"),
            "sortOrder": lambda: f"0.{self._next():06}1",
            "orderHint": lambda: f"0.{self._next():06}",
            "condition": lambda: f'id = "{self._next()}"',
        }
        return table


def _one_of(dice: Dice, values: tuple[str, ...]) -> Callable[[], str]:
    return lambda: dice.one(values)


def _sum_rates(rate: Json) -> None:
    """Let a tax rate be the sum of its sub-rates, of which one is enough for that."""
    if rate.get("subRates"):
        rate["subRates"] = rate["subRates"][:1]
        rate["amount"] = rate["subRates"][0]["amount"]


def _tell_apart(tiers: Iterable[Json]) -> None:
    """Let each tier of a price begin at a quantity of its own, from 2 on.

    https://docs.commercetools.com/api/types#pricetier
    """
    taken = {1}
    for tier in tiers:
        if "minimumQuantity" in tier:
            while tier["minimumQuantity"] in taken:
                tier["minimumQuantity"] += 1
            taken.add(tier["minimumQuantity"])
