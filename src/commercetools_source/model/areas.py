"""The areas of a shop: which streams belong together, and which of their tables a picture of the area shows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AREAS", "Area"]


@dataclass(frozen=True, slots=True)
class Area:
    """One area: `name` in file names, `drawn`: the tables of its picture, () for none.

    A picture has as many tables as can be read at the width of a page; those of another area may be among them.
    """

    name: str
    title: str
    streams: tuple[str, ...]
    drawn: tuple[str, ...] = ()


AREAS = (
    Area(
        "orders",
        "Orders, carts and payments",
        (
            *("orders", "order_edits", "carts", "payments", "payment_methods"),
            *("shopping_lists", "recurring_orders", "recurrence_policies"),
        ),
        (
            *("customers", "stores", "orders", "payments", "order_line_items", "order_custom_line_items"),
            *("order_shippings", "order_returns", "order_payments", "payment_transactions"),
        ),
    ),
    Area(
        "catalogue",
        "Products, prices and stock",
        (
            *("products", "product_types", "categories", "attribute_groups", "inventory", "standalone_prices"),
            *("variants", "product_selections", "product_selection_products", "store_product_selection_assignments"),
            *("product_tailoring", "product_projections_current", "product_projections_staged"),
            *("variant_projections_current", "reviews"),
        ),
        (
            *("categories", "products", "product_data", "product_categories", "product_variants"),
            *("product_variant_prices", "product_variant_attributes", "reviews", "inventory", "standalone_prices"),
        ),
    ),
    Area(
        "customers",
        "Customers",
        ("customers", "customer_groups"),
        (
            *("customer_groups", "stores", "customers", "customer_addresses", "customer_stores"),
            *("customer_customer_groups", "shopping_lists", "orders"),
        ),
    ),
    Area(
        "discounts",
        "Discounts and discount codes",
        ("cart_discounts", "discount_codes", "discount_groups", "product_discounts"),
        (
            *("discount_groups", "cart_discounts", "discount_codes", "discount_code_cart_discounts"),
            *("cart_discount_amounts", "product_discounts", "product_discount_amounts", "order_discount_codes"),
            "orders",
        ),
    ),
    Area(
        "b2b",
        "Business units, approvals and quotes",
        (
            *("business_units", "associate_roles", "approval_rules", "approval_flows"),
            *("quote_requests", "staged_quotes", "quotes"),
        ),
        (
            *("customers", "business_units", "business_unit_addresses", "business_unit_associates"),
            *("approval_rules", "quote_requests", "quotes"),
        ),
    ),
    Area(
        "settings",
        "The project and its settings",
        (
            *("project", "stores", "channels", "zones", "tax_categories", "shipping_methods", "states", "types"),
            "custom_objects",
        ),
    ),
    Area(
        "platform",
        "Messages, API clients and integrations",
        ("messages", "change_history", "subscriptions", "extensions", "api_clients", "mcp_servers"),
    ),
)
"""Every area; each stream is in one."""
