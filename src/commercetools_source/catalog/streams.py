"""The catalogue: one frozen row for every stream that can be extracted.

Everything that depends on a stream (paths, paging, schemas, docs, tests) is derived from its row; a
test holds each row against the platform's published contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from commercetools_source.catalog.stream import Paging, Parents, Retention, Stream
from commercetools_source.errors import ConfigError
from commercetools_source.errors.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROJECTIONS", "STREAMS", "Paging", "Parents", "Stream", "Streams", "find", "record_types", "streams_of"]

Streams: TypeAlias = "str | Stream | Iterable[str | Stream]"
"""Streams as a caller names them: one, or several, each by its name or its row."""

_ASSOCIATES = Parents(
    "records",
    "business_units",
    (("associateId", "associates.customer.id"), ("businessUnitKey", "key")),
    ("", "businessUnitKey"),
)
_CONTAINERS = Parents("distinct", "/custom-objects", (("container", "container"),), ("",))
_PRODUCT_SELECTIONS = Parents("records", "product_selections", (("ID", "id"),), ("productSelectionId",))
_STORES = Parents("records", "stores", (("storeKey", "key"),), ("storeKey",))


_ROWS = (
    # https://docs.commercetools.com/api/projects/api-clients
    Stream(
        name="api_clients",
        path="/api-clients",
        item="ApiClient",
        order=("id",),
        cursor=None,
        scopes=("view_api_clients",),
        resource_type="api-client",
        caveat="Has no change date, so it is read whole each time; `lastUsedAt` moves without any other trace.",
    ),
    # https://docs.commercetools.com/api/projects/approval-flows
    Stream(
        name="approval_flows",
        path="/as-associate/{associateId}/in-business-unit/key={businessUnitKey}/approval-flows",
        item="ApprovalFlow",
        parents=_ASSOCIATES,
        cursor=None,
        scopes=("view_approval_flows",),
        resource_type="approval-flow",
        caveat="Can only be listed through an associate of a business unit: one read for each pair of the two.",
    ),
    # https://docs.commercetools.com/api/projects/approval-rules
    Stream(
        name="approval_rules",
        path="/as-associate/{associateId}/in-business-unit/key={businessUnitKey}/approval-rules",
        item="ApprovalRule",
        parents=_ASSOCIATES,
        cursor=None,
        scopes=("view_approval_rules",),
        resource_type="approval-rule",
        caveat="Can only be listed through an associate of a business unit: one read for each pair of the two.",
    ),
    # https://docs.commercetools.com/api/projects/associate-roles
    Stream(
        name="associate_roles",
        path="/associate-roles",
        item="AssociateRole",
        scopes=("view_associate_roles",),
        resource_type="associate-role",
        deleted_messages=("AssociateRoleDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/attribute-groups
    Stream(
        name="attribute_groups",
        path="/attribute-groups",
        item="AttributeGroup",
        scopes=("view_attribute_groups",),
        resource_type="attribute-group",
    ),
    # https://docs.commercetools.com/api/projects/business-units
    Stream(
        name="business_units",
        path="/business-units",
        item="BusinessUnit",
        scopes=("view_business_units",),
        resource_type="business-unit",
        deleted_messages=("BusinessUnitDeleted",),
        data_erasure=True,
        caveat="What a unit inherits (`inheritedAssociates`, `inheritedStores`) changes without a change date.",
    ),
    # https://docs.commercetools.com/api/projects/cartDiscounts
    Stream(
        name="cart_discounts",
        path="/cart-discounts",
        item="CartDiscount",
        scopes=("view_cart_discounts", "view_orders"),
        resource_type="cart-discount",
        deleted_messages=("CartDiscountDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/carts
    Stream(
        name="carts",
        path="/carts",
        item="Cart",
        scopes=("view_orders",),
        resource_type="cart",
        data_erasure=True,
        caveat="The platform removes carts that are not touched for a while (90 days by default) and sends no Message.",
    ),
    # https://docs.commercetools.com/api/projects/categories
    Stream(
        name="categories",
        path="/categories",
        item="Category",
        scopes=("view_categories", "view_products"),
        resource_type="category",
        # https://docs.commercetools.com/api/releases/2026-10-22-propagate-store-assignments-to-category-descendants
        caveat="Deletions are seen only by a sweep. `stores` of a whole subtree are moved in the background.",
    ),
    # https://docs.commercetools.com/api/history/change-history
    Stream(
        name="change_history",
        path="history:/",
        item="HistoryRecord",
        paging=Paging.DATED,
        key=("resourceType", "resourceId", "version"),
        resource_id="resourceId",
        derived=(("resourceType", "resource.typeId"), ("resourceId", "resource.id")),
        order=(),
        cursor="modifiedAt",
        tie="",
        scopes=("view_audit_log",),
        # Audit Log Basic and Premium: https://docs.commercetools.com/merchant-center/audit-log-overview
        retention=Retention(365, 3 * 365 + 1, "2021-03-15T00:00:00.000Z"),
        by_name=True,
        caveat="Read only if it is named. Shows changes of resources that the API client can view; without Audit Log"
        " Premium only those made in the Merchant Center.",
    ),
    # https://docs.commercetools.com/api/projects/channels
    Stream(
        name="channels",
        path="/channels",
        item="Channel",
        scopes=("view_channels", "view_products"),
        resource_type="channel",
    ),
    # https://docs.commercetools.com/api/projects/custom-objects
    Stream(
        name="custom_objects",
        path="/custom-objects/{container}",
        item="CustomObject",
        parents=_CONTAINERS,
        order=("createdAt", "key"),
        tie="key",
        scopes=("view_key_value_documents", "view_products", "view_orders", "view_customers"),
        resource_type="key-value-document",
        data_erasure=True,
        caveat="Keys are unique within a container only; `value` is any JSON.",
    ),
    # https://docs.commercetools.com/api/projects/customerGroups
    Stream(
        name="customer_groups",
        path="/customer-groups",
        item="CustomerGroup",
        order=("name",),
        cursor=None,
        scopes=("view_customer_groups", "view_customers"),
        resource_type="customer-group",
        caveat="The platform promises queries by name only, so it is read whole each time, in the order of names.",
    ),
    # https://docs.commercetools.com/api/projects/customers
    Stream(
        name="customers",
        path="/customers",
        item="Customer",
        scopes=("view_customers",),
        resource_type="customer",
        deleted_messages=("CustomerDeleted",),
        data_erasure=True,
        caveat="Personal data. The password hash is left out.",
    ),
    # https://docs.commercetools.com/api/projects/discountCodes
    Stream(
        name="discount_codes",
        path="/discount-codes",
        item="DiscountCode",
        scopes=("view_discount_codes",),
        resource_type="discount-code",
        deleted_messages=("DiscountCodeDeleted",),
        data_erasure=True,
        caveat="`stores` and `applicationVersion` change in the background.",
    ),
    Stream(
        name="discount_groups",
        path="/discount-groups",
        item="DiscountGroup",
        scopes=("view_cart_discounts",),
        resource_type="discount-group",
        deleted_messages=("DiscountGroupDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/api-extensions
    Stream(
        name="extensions",
        path="/extensions",
        item="Extension",
        scopes=("manage_extensions",),
        resource_type="extension",
        caveat="There is no view scope for it. Secrets of destinations are left out.",
    ),
    # https://docs.commercetools.com/api/projects/inventory
    Stream(
        name="inventory",
        path="/inventory",
        item="InventoryEntry",
        scopes=("view_products",),
        resource_type="inventory-entry",
        deleted_messages=("InventoryEntryDeleted",),
        caveat="Stock figures may lag the platform's own by some seconds.",
    ),
    Stream(
        name="mcp_servers",
        path="/mcp-servers",
        item="McpServer",
        paging=Paging.OFFSET,
        order=(),
        cursor=None,
        sort=("createdAt asc", "id asc"),
        scopes=("view_mcp_servers", "manage_mcp_servers"),
        resource_type="mcp-server",
        caveat="Cannot be queried, only listed by offset; read whole each time.",
    ),
    # https://docs.commercetools.com/api/projects/messages
    Stream(
        name="messages",
        path="/messages",
        item="Message",
        cursor="createdAt",
        scopes=("view_messages",),
        resource_type="message",
        caveat="Empty unless the project keeps Messages; they vanish there after their retention (15 days by default).",
    ),
    # https://docs.commercetools.com/api/projects/order-edits
    Stream(
        name="order_edits",
        path="/orders/edits",
        item="OrderEdit",
        scopes=("view_order_edits",),
        resource_type="order-edit",
        caveat="Lives below orders: `/orders/edits`.",
    ),
    # https://docs.commercetools.com/api/projects/orders
    Stream(
        name="orders",
        path="/orders",
        item="Order",
        scopes=("view_orders",),
        resource_type="order",
        deleted_messages=("OrderDeleted",),
        data_erasure=True,
        caveat="Line items hold a full copy of product variant and price at the time of ordering.",
    ),
    Stream(
        name="payment_methods",
        path="/payment-methods",
        item="PaymentMethod",
        scopes=("view_payment_methods",),
        resource_type="payment-method",
        deleted_messages=("PaymentMethodDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/payments
    Stream(
        name="payments",
        path="/payments",
        item="Payment",
        scopes=("view_payments",),
        resource_type="payment",
        data_erasure=True,
        caveat="Deletions are seen only by a sweep.",
    ),
    # https://docs.commercetools.com/api/projects/productDiscounts
    Stream(
        name="product_discounts",
        path="/product-discounts",
        item="ProductDiscount",
        scopes=("view_product_discounts", "view_products"),
        resource_type="product-discount",
        caveat="`isValid` is changed in the background.",
    ),
    # https://docs.commercetools.com/api/projects/productProjections
    Stream(
        name="product_projections_current",
        path="/product-projections",
        item="ProductProjection",
        params=(("staged", "false"),),
        scopes=("view_published_products", "view_products"),
        caveat="What is published now; a product that is unpublished disappears without a change date.",
    ),
    Stream(
        name="product_projections_staged",
        path="/product-projections",
        item="ProductProjection",
        params=(("staged", "true"),),
        scopes=("view_products",),
        caveat="What would be published; needs `view_products`.",
    ),
    Stream(
        name="product_selection_products",
        path="/product-selections/{ID}/products",
        item="AssignedProductReference",
        parents=_PRODUCT_SELECTIONS,
        key=("productSelectionId", "productId"),
        derived=(("productId", "product.id"),),
        order=("product.id",),
        cursor=None,
        scopes=("view_product_selections",),
        caveat="Has neither id nor dates: read whole each time, selection by selection. Since when a product is in it"
        " would take a request for each product.",
    ),
    # https://docs.commercetools.com/api/projects/product-selections
    Stream(
        name="product_selections",
        path="/product-selections",
        item="ProductSelection",
        scopes=("view_product_selections",),
        resource_type="product-selection",
        deleted_messages=("ProductSelectionDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/product-tailoring
    Stream(
        name="product_tailoring",
        path="/product-tailoring",
        item="ProductTailoring",
        scopes=("view_products",),
        resource_type="product-tailoring",
        deleted_messages=("ProductTailoringDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/productTypes
    Stream(
        name="product_types",
        path="/product-types",
        item="ProductType",
        scopes=("view_product_types", "view_products"),
        resource_type="product-type",
        caveat="Defines the attributes of products.",
    ),
    # https://docs.commercetools.com/api/projects/products
    Stream(
        name="products",
        path="/products",
        item="Product",
        scopes=("view_products", "view_published_products"),
        resource_type="product",
        deleted_messages=("ProductDeleted",),
        caveat="Variants are `masterVariant` and `variants` together; in the Modular model, the stream `variants`.",
    ),
    # https://docs.commercetools.com/api/projects/project
    Stream(
        name="project",
        path="/",
        item="Project",
        paging=Paging.SINGLE,
        key=("key",),
        order=(),
        cursor=None,
        scopes=("view_project_settings",),
        resource_type="project",
        caveat="The settings of the project itself: one record.",
    ),
    # https://docs.commercetools.com/api/projects/quote-requests
    Stream(
        name="quote_requests",
        path="/quote-requests",
        item="QuoteRequest",
        scopes=("view_quote_requests",),
        resource_type="quote-request",
        deleted_messages=("QuoteRequestDeleted",),
        data_erasure=True,
    ),
    # https://docs.commercetools.com/api/projects/quotes
    Stream(
        name="quotes",
        path="/quotes",
        item="Quote",
        scopes=("view_quotes",),
        resource_type="quote",
        deleted_messages=("QuoteDeleted",),
        data_erasure=True,
    ),
    Stream(
        name="recurrence_policies",
        path="/recurrence-policies",
        item="RecurrencePolicy",
        scopes=("view_recurrence_policies",),
        resource_type="recurrence-policy",
    ),
    Stream(
        name="recurring_orders",
        path="/recurring-orders",
        item="RecurringOrder",
        scopes=("view_recurring_orders",),
        resource_type="recurring-order",
        deleted_messages=("RecurringOrderDeleted",),
        data_erasure=True,
    ),
    # https://docs.commercetools.com/api/projects/reviews
    Stream(
        name="reviews",
        path="/reviews",
        item="Review",
        scopes=("view_products",),
        resource_type="review",
        data_erasure=True,
        caveat="Deletions are seen only by a sweep.",
    ),
    # https://docs.commercetools.com/api/projects/shippingMethods
    Stream(
        name="shipping_methods",
        path="/shipping-methods",
        item="ShippingMethod",
        scopes=("view_shipping_methods", "view_orders", "manage_my_orders"),
        resource_type="shipping-method",
    ),
    # https://docs.commercetools.com/api/projects/shoppingLists
    Stream(
        name="shopping_lists",
        path="/shopping-lists",
        item="ShoppingList",
        scopes=("view_shopping_lists",),
        resource_type="shopping-list",
        data_erasure=True,
        caveat="The platform removes lists not touched for a while (360 days by default) and sends no Message.",
    ),
    # https://docs.commercetools.com/api/projects/staged-quotes
    Stream(
        name="staged_quotes",
        path="/staged-quotes",
        item="StagedQuote",
        scopes=("view_staged_quotes",),
        resource_type="staged-quote",
        deleted_messages=("StagedQuoteDeleted",),
        data_erasure=True,
    ),
    # https://docs.commercetools.com/api/projects/standalone-prices
    Stream(
        name="standalone_prices",
        path="/standalone-prices",
        item="StandalonePrice",
        scopes=("view_standalone_prices",),
        resource_type="standalone-price",
        deleted_messages=("StandalonePriceDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/states
    Stream(
        name="states",
        path="/states",
        item="State",
        scopes=("view_states",),
        resource_type="state",
    ),
    Stream(
        name="store_product_selection_assignments",
        path="/in-store/key={storeKey}/product-selection-assignments",
        item="ProductSelectionAssignment",
        paging=Paging.OFFSET,
        parents=_STORES,
        key=("storeKey", "productSelectionId", "productId"),
        derived=(("productSelectionId", "productSelection.id"), ("productId", "product.id")),
        order=(),
        partition="product.id",
        cursor=None,
        scopes=("view_product_selections",),
        # `createdAt` is in answers of `/products/{id}/product-selections` only.
        caveat="Cannot be sorted: read whole each time by offset, store by store; only active selections are in it,"
        " without the time of the assignment.",
    ),
    # https://docs.commercetools.com/api/projects/stores
    Stream(
        name="stores",
        path="/stores",
        item="Store",
        scopes=("view_stores",),
        resource_type="store",
        deleted_messages=("StoreDeleted",),
    ),
    # https://docs.commercetools.com/api/projects/subscriptions
    Stream(
        name="subscriptions",
        path="/subscriptions",
        item="Subscription",
        scopes=("manage_subscriptions",),
        resource_type="subscription",
        caveat="There is no view scope for it. Secrets of destinations are left out.",
    ),
    # https://docs.commercetools.com/api/projects/taxCategories
    Stream(
        name="tax_categories",
        path="/tax-categories",
        item="TaxCategory",
        scopes=("view_tax_categories", "view_products"),
        resource_type="tax-category",
    ),
    # https://docs.commercetools.com/api/projects/types
    Stream(
        name="types",
        path="/types",
        item="Type",
        scopes=("view_types",),
        resource_type="type",
        caveat="Defines the custom fields of other resources.",
    ),
    Stream(
        name="variant_projections_current",
        path="/variant-projections",
        item="VariantProjection",
        cursor=None,
        params=(("staged", "false"),),
        scopes=("view_published_products", "view_products"),
        caveat="Has no change date, so it is read whole each time.",
    ),
    Stream(
        name="variants",
        path="/variants",
        item="Variant",
        scopes=("view_products",),
        resource_type="variant",
        deleted_messages=("VariantDeleted",),
        caveat="Of the Modular catalog model; a project in migration to it has variants in `products` as well.",
    ),
    # https://docs.commercetools.com/api/projects/zones
    Stream(
        name="zones",
        path="/zones",
        item="Zone",
        scopes=("view_zones", "view_orders"),
        resource_type="zone",
    ),
)

STREAMS: Mapping[str, Stream] = MappingProxyType({row.name: row for row in _ROWS})
"""Every stream by its name, in alphabetical order."""

PROJECTIONS = frozenset({"product_projections_current", "product_projections_staged", "variant_projections_current"})
"""Streams that the platform works out of products and variants: they show these once more."""


def streams_of(streams: Streams | None) -> tuple[Stream, ...]:
    """Return the rows of `streams`, each once and in their order; if None, all that need not be named.

    Raises ConfigError as `find` does, and for no stream at all: to read none would look like all that there is.
    """
    if streams is None:
        return tuple(row for row in STREAMS.values() if not row.by_name)
    named = streams if isinstance(streams, Iterable) and not isinstance(streams, str) else (streams,)
    rows = tuple(dict.fromkeys(map(find, named)))
    if not rows:
        raise ConfigError("streams names no stream; name one, or leave streams out for all")
    return rows


@cache
def record_types() -> frozenset[str]:
    """Return the contract's types of whole records: each has a stream of its own."""
    return frozenset(stream.item for stream in STREAMS.values())


def find(name: str | Stream) -> Stream:
    """Return the stream called `name`, which may be its row; raises ConfigError that lists the legal names."""
    if isinstance(name, Stream):
        return name
    given: object = name  # type checkers know nothing of what a notebook hands over
    if isinstance(given, str) and given in STREAMS:
        return STREAMS[given]
    near = nearest(given, STREAMS) if isinstance(given, str) else None
    meant = f" Did you mean {near}?" if near else ""
    raise ConfigError(f"there is no stream {name!r:.80}.{meant} Streams: {', '.join(STREAMS)}")
