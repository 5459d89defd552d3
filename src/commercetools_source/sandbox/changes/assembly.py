"""What a draft asks for, as fields of the record: with what it refers to looked up, and nothing written.

A quote, an order or a recurring order is made of another record, and some bring a further record with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.changes import catalog, derived
from commercetools_source.sandbox.changes.imported import order_of
from commercetools_source.sandbox.changes.validation import type_id
from commercetools_source.sandbox.platform.clock import write_time
from commercetools_source.sandbox.platform.endpoints import IMPORT
from commercetools_source.sandbox.platform.ids import new_id
from commercetools_source.sandbox.platform.refusals import conflict, invalid_input, refuse, required_field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.platform.clock import Clock

__all__ = ["FIXED", "Assembled", "Assembly", "check_version"]

FIXED = frozenset({"id", "version", "createdAt", "lastModifiedAt"})
"""Fields that the writer gives to a record, whatever a draft says."""
# What a record has by itself, also where the record that it is made of has a field of that name.
_OWN = FIXED | {"createdBy", "lastModifiedBy", "key", "custom", "state"}


@dataclass(frozen=True, slots=True)
class Assembled:
    """The fields of a record to be made; `sent` are those that stand for what the client sent.

    `beside`: further records to make with it, with their paths. `cart` is the cart that it orders, if it does.
    """

    fields: dict[str, Any]
    sent: dict[str, Any]
    beside: tuple[tuple[str, dict[str, Any]], ...] = ()
    cart: dict[str, Any] | None = None


def check_version(identifier: str, expected: int, record: Mapping[str, Any]) -> None:
    """Raise a 409 when a record has another version than the client expects."""
    if record.get("version", expected) != expected:
        # https://docs.commercetools.com/api/general-concepts: optimistic concurrency control
        raise conflict(identifier, expected, record["version"])


class Assembly:
    """Makes fields of drafts, in the records of one project."""

    def __init__(self, project: Project, clock: Clock, random: Random) -> None:
        self.project = project
        self.clock = clock
        self.random = random

    def assemble(self, path: str, template: str, draft: dict[str, Any], store: str | None) -> Assembled:
        """Return what a checked draft asks for at `template`, whose records are at `path`; raises 400 and 409."""
        if path == "/orders" and template != IMPORT:
            cart = self._cart_of(draft, store)
            # What a cart has and an order has not is no field that the client sent.
            return Assembled(self._from_cart(cart, draft), draft, cart=cart)
        self._check_sources(draft)
        fields = self._value(path, draft)
        if store is not None:
            fields = derived.in_store(fields, store, self._fields(path))
        return self._with_source(path, fields)

    def _fields(self, path: str) -> Mapping[str, str]:
        return self.project.spec.fields(str(self.project.spec.endpoints[path]["item"])) or {}

    def _value(self, path: str, draft: dict[str, Any]) -> dict[str, Any]:
        if path == "/orders":
            return order_of(draft, self._variant_of, self._initial())
        if path == "/customers":
            draft = derived.concealed(draft)
        if path in {"/business-units", "/customers"}:
            draft = derived.addressed(draft, lambda: f"{self.random.getrandbits(32):08x}")
        draft = derived.renamed(path, draft)
        if path == "/business-units":
            parent = self.found("/business-units", draft["parentUnit"]) if draft.get("parentUnit") else {}
            return derived.below_unit(draft, parent)
        if path == "/categories" and draft.get("orderHint") is None:
            return {**draft, "orderHint": self._hint()}
        if path == "/cart-discounts":
            group = self.found("/discount-groups", draft["discountGroup"]) if draft.get("discountGroup") else {}
            return {"sortOrder": group.get("sortOrder") or self._hint(), **draft}
        if path == "/reviews":
            state = self.found("/states", draft["state"]) if draft.get("state") else None
            return derived.counted(draft, state)
        return self._of_catalog(path, draft)

    def _hint(self) -> str:
        # Any number between 0 and 1: https://docs.commercetools.com/api/projects/categories#categorydraft
        return f"0.{self.random.randrange(10**12, 10**13)}"

    def _of_catalog(self, path: str, draft: dict[str, Any]) -> dict[str, Any]:
        """Return what a draft of the catalogue asks for as fields of the record; all others as they are."""
        if path == "/products":
            return catalog.product_of(draft)
        if path == "/tax-categories":
            return catalog.rated(draft, lambda: new_id(self.random))
        if path not in {"/variants", "/product-tailoring"}:
            return draft
        product = self.found("/products", draft["product"])
        if path == "/variants":
            numbers = [row["variantId"] for row in self._variants_of(product["id"])]
            return catalog.variant_of(draft, max(numbers, default=0) + 1)
        return catalog.tailoring_of(draft, self._skus(product))

    def found(self, path: str, reference: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record that a checked reference leads to."""
        records = self.project.collection(path)
        by_id = reference.get("id") is not None
        record = records.get(str(reference["id"])) if by_id else records.find("key", str(reference["key"]))
        return {} if record is None else record.decoded()

    def _skus(self, product: Mapping[str, Any]) -> dict[int, Any]:
        """Return the SKUs of a product's variants by their numbers, None for one without."""
        own = {row["variantId"]: row["current"].get("sku") for row in self._variants_of(product["id"])}
        return own | {variant["id"]: variant.get("sku") for variant in catalog.variants_in(catalog.data_of(product)[1])}

    def _variants_of(self, product: str) -> list[dict[str, Any]]:
        rows = (record.decoded() for record in self.project.collection("/variants"))
        return [row for row in rows if row["product"]["id"] == product]

    def product_type_of(self, path: str, record: Mapping[str, Any]) -> str | None:
        """Return the id of the product type whose attributes a record has, None for one without attributes."""
        if path == "/products":
            return str(record["productType"]["id"])
        if path in {"/variants", "/product-tailoring"}:
            return str(self.found("/products", record["product"]).get("productType", {}).get("id", ""))
        return None

    def siblings_of(self, variant: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the data of the other variants of a variant's product."""
        rows = self._variants_of(variant["product"]["id"])
        return [row["current"] for row in rows if row["id"] != variant.get("id") and "current" in row]

    def _check_sources(self, draft: Mapping[str, Any]) -> None:
        """Raise a 409 when what the new record is made of has another version than the draft says."""
        for name in derived.SOURCES:
            expected, reference = draft.get(f"{name}Version"), draft.get(name)
            if expected is None or reference is None:
                continue
            field = "id" if reference.get("id") is not None else "key"
            sources = self.project.collection(f"/{type_id(name)}s")
            value = str(reference[field])
            source = sources.get(value) if field == "id" else sources.find(field, value)
            if source is not None:
                check_version(source.id, expected, source.decoded())

    def _cart_of(self, draft: Mapping[str, Any], store: str | None) -> dict[str, Any]:
        """Return the cart that an order is to be made of; raises a 400 or a 409 when it cannot."""
        if draft.get("cart") is None and draft.get("id") is None:
            raise required_field("cart")
        reference = draft.get("cart") or {"id": draft["id"]}
        field = "id" if reference.get("id") is not None else "key"
        identifier, carts = str(reference.get(field)), self.project.collection("/carts")
        record = carts.get(identifier) if field == "id" else carts.find(field, identifier)
        cart = None if record is None else record.decoded()
        if cart is None or (store is not None and not derived.within(cart, store)):
            message = f"The cart with {field} '{identifier}' was not found."
            raise refuse(400, "ReferencedResourceNotFound", message)
        check_version(cart["id"], draft["version"], cart)
        derived.refuse_closed(cart)
        return cart

    def _from_cart(self, cart: Mapping[str, Any], draft: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of the cart that an order is made of, with the draft's own on top."""
        fields = self.project.spec.fields("Order") or {}
        copied = {name: value for name, value in cart.items() if name in fields and name != "key"}
        return {"orderState": "Open", **copied, **draft, "cart": {"typeId": "cart", "id": cart["id"]}}

    def _with_source(self, path: str, fields: dict[str, Any]) -> Assembled:
        """Return the fields with those of what a quote, quote request or recurring order is made of."""
        if path == "/quote-requests":
            cart = self.found("/carts", fields["cart"])
            copied = self._copied(path, cart)
            if cart.get("customerId") is not None:
                copied["customer"] = {"typeId": "customer", "id": cart["customerId"]}
            return Assembled(copied | fields, fields)
        if path == "/staged-quotes":
            request = self.found("/quote-requests", fields["quoteRequest"])
            # Of a new cart that a seller can change: https://docs.commercetools.com/api/projects/staged-quotes
            cart = {**self._copied("/carts", request), "id": new_id(self.random), "origin": "Quote"}
            if "customer" in request:
                cart["customerId"] = request["customer"]["id"]
            copied = self._copied(path, request) | {"quotationCart": {"typeId": "cart", "id": cart["id"]}}
            return Assembled(copied | fields, fields, (("/carts", cart),))
        if path == "/quotes":
            staged = self.found("/staged-quotes", fields["stagedQuote"])
            cart = self.found("/carts", staged["quotationCart"])
            return Assembled(self._copied(path, cart) | self._copied(path, staged) | fields, fields)
        if path == "/recurring-orders":
            cart = self.found("/carts", fields["cart"])
            order = {**self._from_cart(cart, {}), "id": new_id(self.random)}
            origin = {"originOrder": {"typeId": "order", "id": order["id"]}, "startsAt": write_time(self.clock.now())}
            return Assembled(self._copied(path, cart) | origin | fields, fields, (("/orders", order),))
        return Assembled(fields, fields)

    def _copied(self, path: str, source: Mapping[str, Any]) -> dict[str, Any]:
        """Return what records of a path have of the record that they are made of."""
        return {name: source[name] for name in self._fields(path) if name in source and name not in _OWN}

    def _initial(self) -> dict[str, str]:
        """Return a reference to the built-in state of line items."""
        states = [record.decoded() for record in self.project.collection("/states")]
        initial = next((state["id"] for state in states if state.get("builtIn") and state["key"] == "Initial"), None)
        # A generated or copied shop may lack it; a reference without an id is then refused.
        return {"typeId": "state"} | ({} if initial is None else {"id": initial})

    def _variant_of(self, item: Mapping[str, Any], path: str) -> tuple[dict[str, Any], int]:
        """Return the product and the number of a line's variant; raises a 400 when there is none."""
        variant, products = item["variant"], self.project.collection("/products")
        if item.get("productId") is not None:
            record = products.get(str(item["productId"]))
            candidates = [] if record is None else [record]
        else:
            # Bytes first, which spares the decoding of all other products.
            text = msgspec.json.encode(variant["sku"]) if variant.get("sku") is not None else None
            candidates = [record for record in products if text is not None and text in record.body]
        for product in (record.decoded() for record in candidates):
            number = catalog.number_of(variant, self._skus(product))
            if number is not None:
                return product, number
        raise invalid_input(f"The field '{path}.variant' names no variant by 'sku', or by 'id' with a 'productId'.")
