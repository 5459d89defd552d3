"""The records that make the shop complete: every field, variant and enum value of the contract occurs somewhere.

Some collections are built here alone, all others get a few records more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.sandbox.shop.basics import row, store_key, supply_channels
from commercetools_source.sandbox.shop.builder import Builder
from commercetools_source.sandbox.shop.catalog import entry_channel, sku
from commercetools_source.sandbox.shop.contract import load
from commercetools_source.sandbox.shop.filler import ShopFiller, subject_of
from commercetools_source.sandbox.shop.messages import RETENTION, Journal
from commercetools_source.sandbox.shop.people import unit_associates, unit_key
from commercetools_source.sandbox.shop.selections import assigned
from commercetools_source.sandbox.shop.world import Json, Row, Rows, World, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox.shop.catalog import Catalog
    from commercetools_source.sandbox.shop.types import Customs

# The search for missing pairs ends after this many records in a row without a new one.
_STALE = 4
_MOST = 80
_DELETED_COPIES = 2
APPROVALS = "/as-associate/{associateId}/in-business-unit/key={businessUnitKey}"


@dataclass(frozen=True, slots=True)
class Tail:
    """One collection: `alone` says that all its records are built here, not only the extra ones."""

    collection: str
    item: str
    type_id: str
    alone: bool = False


TAILS = (
    Tail("/api-clients", "ApiClient", "api-client", alone=True),
    Tail("/attribute-groups", "AttributeGroup", "attribute-group", alone=True),
    Tail("/discount-groups", "DiscountGroup", "discount-group", alone=True),
    Tail("/extensions", "Extension", "extension", alone=True),
    Tail("/mcp-servers", "McpServer", "mcp-server", alone=True),
    Tail("/orders/edits", "OrderEdit", "order-edit", alone=True),
    Tail("/product-tailoring", "ProductTailoring", "product-tailoring", alone=True),
    Tail("/recurrence-policies", "RecurrencePolicy", "recurrence-policy", alone=True),
    Tail("/subscriptions", "Subscription", "subscription", alone=True),
    Tail(f"{APPROVALS}/approval-flows", "ApprovalFlow", "approval-flow", alone=True),
    Tail(f"{APPROVALS}/approval-rules", "ApprovalRule", "approval-rule", alone=True),
    Tail("/associate-roles", "AssociateRole", "associate-role"),
    Tail("/business-units", "BusinessUnit", "business-unit"),
    Tail("/cart-discounts", "CartDiscount", "cart-discount"),
    Tail("/carts", "Cart", "cart"),
    Tail("/categories", "Category", "category"),
    Tail("/channels", "Channel", "channel"),
    Tail("/custom-objects", "CustomObject", "key-value-document"),
    Tail("/customer-groups", "CustomerGroup", "customer-group"),
    Tail("/customers", "Customer", "customer"),
    Tail("/discount-codes", "DiscountCode", "discount-code"),
    Tail("/inventory", "InventoryEntry", "inventory-entry"),
    Tail("/orders", "Order", "order"),
    Tail("/payment-methods", "PaymentMethod", "payment-method"),
    Tail("/payments", "Payment", "payment"),
    Tail("/product-discounts", "ProductDiscount", "product-discount"),
    Tail("/product-selections", "ProductSelection", "product-selection"),
    Tail("/product-types", "ProductType", "product-type"),
    Tail("/products", "Product", "product"),
    Tail("/quote-requests", "QuoteRequest", "quote-request"),
    Tail("/quotes", "Quote", "quote"),
    Tail("/recurring-orders", "RecurringOrder", "recurring-order"),
    Tail("/reviews", "Review", "review"),
    Tail("/shipping-methods", "ShippingMethod", "shipping-method"),
    Tail("/shopping-lists", "ShoppingList", "shopping-list"),
    Tail("/staged-quotes", "StagedQuote", "staged-quote"),
    Tail("/standalone-prices", "StandalonePrice", "standalone-price"),
    Tail("/states", "State", "state"),
    Tail("/stores", "Store", "store"),
    Tail("/tax-categories", "TaxCategory", "tax-category"),
    Tail("/types", "Type", "type"),
    Tail("/variants", "Variant", "variant"),
    Tail("/zones", "Zone", "zone"),
)


# No product of the shop has so many variants.
_BEYOND_ALL = 1000


class Completer:
    """Builds the records that make the shop complete."""

    def __init__(self, world: World, customs: Customs, catalog: Catalog, journal: Journal) -> None:
        self._world = world
        self._catalog = catalog
        self._journal = journal
        self._dice = world.dice("tail")
        contract = load()
        self._contract = contract
        self._builder = Builder(contract, ShopFiller(world, contract, customs), world.dice("builder"))
        self._fixes: dict[str, Callable[[Json, int], None]] = {
            "ApiClient": lambda record, number: record.update(id=world.client(number)),
            "BusinessUnit": self._fix_unit,
            "Category": self._fix_category,
            "CustomObject": lambda record, number: record.update(container="extra", key=f"entry-{number}"),
            "Customer": lambda record, _: _fix_addresses(record),
            "InventoryEntry": self._fix_inventory,
            "Product": self._fix_product,
            "ProductSelection": lambda record, _: record.update(productCount=0),
            "ProductTailoring": self._fix_tailoring,
            "Store": self._fix_store,
            "Variant": _fix_variant,
        }

    def rows(self) -> Rows:
        """Yield the records of every collection, then the Messages."""
        for tail in TAILS:
            yield from self._collection(tail)
        yield from self._messages()

    def _collection(self, tail: Tail) -> Rows:
        builder, counts = self._builder, self._world.counts
        builder.cover(tail.item)
        first = 0 if tail.alone else counts[tail.type_id]
        least = counts[tail.type_id] if tail.alone else 1
        fields = self._contract.types[tail.item]["fields"]
        times = self._world.times(f"tail/{tail.type_id}", max(least, _MOST))
        built = stale = 0
        while built < least or (builder.missing and stale < _STALE and built < _MOST):
            before = builder.missing
            record = builder.record(tail.item)
            stale = stale + 1 if builder.missing == before else 0
            number = first + built
            built += 1
            base = times.base(self._world.uid(tail.type_id, number), number - first)
            record.update({name: value for name, value in base.items() if name in fields})
            # Keys are unique in a collection, and what the builder made up need not be.
            if "key" in record:
                record["key"] = f"{tail.type_id}-x{number}"
            fix = self._fixes.get(tail.item)
            if fix is not None:
                fix(record, number)
            yield self._row(tail, record, number)
            if tail.item == "Store":
                yield from self._assignments(record)

    def _row(self, tail: Tail, record: Json, number: int) -> Row:
        if not tail.collection.startswith(APPROVALS):
            return row(tail.collection, record)
        unit = number % self._world.counts["business-unit"]
        key = unit_key(self._world, unit)
        record["businessUnit"] = {"typeId": "business-unit", "key": key}
        associate = self._world.uid("customer", unit_associates(self._world, unit)[0])
        return row(tail.collection, record, f"{associate}/{key}")

    # --- what the contract cannot know --------------------------------------------------------------------------

    def _fix_unit(self, record: Json, number: int) -> None:
        _fix_addresses(record)
        record["key"] = f"unit-{number}"
        # A company is the top of its tree: https://docs.commercetools.com/api/projects/business-units
        if record["unitType"] == "Company":
            record["topLevelUnit"] = {"typeId": "business-unit", "key": record["key"]}
            record.pop("parentUnit", None)
        else:
            record["topLevelUnit"] = {"typeId": "business-unit", "key": unit_key(self._world, 0)}
            record["parentUnit"] = {"typeId": "business-unit", "key": unit_key(self._world, 0)}

    def _fix_category(self, record: Json, _number: int) -> None:
        top = self._world.ref("category", 0)
        record["ancestors"] = [top]
        record["parent"] = top

    def _fix_inventory(self, record: Json, number: int) -> None:
        # The last turn through the channels is one that the realistic entries never reach.
        sku_number = number % self._catalog.skus[-1]
        record["sku"] = sku(*self._catalog.at(sku_number))
        channel = entry_channel(self._world, sku_number, len(supply_channels(self._world)))
        record.pop("supplyChannel", None)
        if channel is not None:
            record["supplyChannel"] = {"typeId": "channel", "id": self._world.uid("channel", channel)}

    def _fix_product(self, record: Json, number: int) -> None:
        for data in (record["masterData"]["current"], record["masterData"]["staged"]):
            for step, variant in enumerate((data["masterVariant"], *data["variants"]), start=1):
                variant.update(id=step, sku=f"SKU-X{number:05}-{step:03}", key=f"sku-x{number:05}-{step:03}")

    def _fix_tailoring(self, record: Json, number: int) -> None:
        stores = self._world.counts["store"]
        fits = (self._world.counts["product"] + 5) // 10
        product = 4 + 10 * (number // stores % fits)
        record["store"] = {"typeId": "store", "key": store_key(self._world, number)}
        record["product"] = {"typeId": "product", "id": self._world.uid("product", product)}

    def _fix_store(self, record: Json, _number: int) -> None:
        record["productSelections"] = [
            {"productSelection": self._world.ref("product-selection", step), "active": step == 0} for step in range(2)
        ]

    def _assignments(self, record: Json) -> Rows:
        yield from assigned(self._world, 0, record["key"])

    # --- Messages -----------------------------------------------------------------------------------------------

    def _messages(self) -> Rows:
        builder = self._builder
        builder.cover("Message")
        types = list(self._contract.types["Message"]["variants"])
        for message_type in types:
            yield self._message(message_type, 0)
        for copy in range(_DELETED_COPIES):
            for message_type in types:
                if message_type.endswith("Deleted"):
                    yield self._message(message_type, copy + 1)
        stale = 0
        for _ in range(_MOST):
            if not builder.missing or stale >= _STALE * 3:
                return
            before = builder.missing
            yield self._message(None, 0)
            stale = stale + 1 if builder.missing == before else 0

    def _message(self, message_type: str | None, copy: int) -> Row:
        world = self._world
        number = self._journal.take()
        record = self._builder.record("Message", message_type)
        name: str = record["type"]
        subject = subject_of(name)
        if name.endswith("Deleted"):
            uid = world.uid(f"deleted/{subject}", copy)
        elif subject in world.counts.by_type:
            uid = world.known(subject, number)
        else:
            uid = world.uid(subject, number)
        time = stamp(world.latest - self._dice.below(RETENTION))
        record.update(
            id=world.uid("message", number),
            version=1,
            createdAt=time,
            lastModifiedAt=time,
            resource={"typeId": subject, "id": uid},
        )
        field = "".join(word.title() if step else word for step, word in enumerate(subject.split("-")))
        if isinstance(record.get(field), dict) and "id" in record[field]:
            record[field]["id"] = uid
        return row("/messages", record)


def _fix_addresses(record: Json) -> None:
    addresses = record["addresses"]
    for step, address in enumerate(addresses):
        address["id"] = f"{record['id'][:6]}{step:02}"
    ids = [address["id"] for address in addresses]
    record["shippingAddressIds"] = ids[:1]
    record["billingAddressIds"] = ids[-1:]
    for name in ("defaultShippingAddressId", "defaultBillingAddressId"):
        if ids and name in record:
            record[name] = ids[0]
        else:
            record.pop(name, None)


def _fix_variant(record: Json, number: int) -> None:
    # Numbers are unique inside a product, and SKUs in the project:
    # https://docs.commercetools.com/api/projects/products#productvariant
    record["variantId"] = _BEYOND_ALL + number
    for data in (record.get("current"), record.get("staged")):
        if data is not None and "sku" in data:
            data["sku"] = f"SKU-X{number}"
