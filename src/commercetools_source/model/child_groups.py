"""Child tables that records of several streams have alike: products and their variants, orders, carts and quotes."""

from __future__ import annotations

from commercetools_source.model.child_table import Child, Fork, child

__all__ = ["STAGED", "assets", "basket", "product_parts", "purchase", "variant_parts"]

# https://docs.commercetools.com/api/projects/products#productcatalogdata
STAGED = Fork("staged", (("current", False), ("staged", True)), identifies=True)
"""What is published and what will be."""

# https://docs.commercetools.com/api/projects/products#productdata
MASTER = Fork("isMaster", (("masterVariant", True), ("variants", False)), identifies=False)
"""A product's first variant stands beside the list of the others."""


def assets(owner: str = "", below: str = "") -> tuple[Child, ...]:
    """Return the media of a category, product or variant; `owner` stands in front of the names."""
    return (
        child(f"{owner}assets", "assets", "id", below, "asset"),
        child(f"{owner}asset_sources", "sources", below=f"{owner}assets"),
    )


def variant_parts(below: str) -> tuple[Child, ...]:
    """Return what product variants hold."""
    return (
        child("variant_attributes", "attributes", "name", below),
        child("variant_images", "images", below=below),
        *assets("variant_", below),
    )


def product_parts(below: str) -> tuple[Child, ...]:
    """Return what product data hold, below the table `below`."""
    return (
        child("categories", "categories", below=below),
        child("attributes", "attributes", "name", below),
        Child("variants", ((MASTER,),), "id", below, "variant"),
        # Embedded prices; standalone ones are a stream: https://docs.commercetools.com/api/projects/standalone-prices
        child("variant_prices", "prices", "id", "variants", "price"),
        child("variant_price_tiers", "tiers", below="variant_prices"),
        child("variant_recurrence_prices", "recurrencePrices", "id", "variants", "price"),
        child("variant_recurrence_price_tiers", "tiers", below="variant_recurrence_prices"),
        *variant_parts("variants"),
    )


def _item_parts(items: str) -> tuple[Child, ...]:
    """Return what line items and custom line items hold alike; `items` is line_item or custom_line_item."""
    return (
        child(f"{items}_states", "state", below=f"{items}s"),
        # A portion for each rate that applies: https://docs.commercetools.com/api/projects/carts#taxportion
        child(f"{items}_tax_portions", "taxedPrice.taxPortions", below=f"{items}s"),
        child(f"{items}_shipping_targets", "shippingDetails.targets", below=f"{items}s"),
        # Items of one line may be discounted differently: https://docs.commercetools.com/api/projects/carts#discountedlineitempriceforquantity
        child(f"{items}_discounts", "discountedPricePerQuantity", below=f"{items}s", item_name="discount"),
        child(f"{items}_discount_portions", "discountedPrice.includedDiscounts", below=f"{items}_discounts"),
    )


def basket() -> tuple[Child, ...]:
    """Return what orders, carts and quotes have in common."""
    return (
        child("line_items", "lineItems", "id", item_name="lineItem"),
        *_item_parts("line_item"),
        # The variant is copied into the line item when it is added:
        # https://docs.commercetools.com/api/projects/carts#lineitem
        child("line_item_attributes", "variant.attributes", "name", "line_items"),
        child("custom_line_items", "customLineItems", "id", item_name="customLineItem"),
        *_item_parts("custom_line_item"),
        child("item_shipping_addresses", "itemShippingAddresses"),
        child("direct_discounts", "directDiscounts", "id"),
        child("payments", "paymentInfo.payments"),
        child("tax_portions", "taxedPrice.taxPortions"),
    )


def purchase() -> tuple[Child, ...]:
    """Return what orders and carts have in common."""
    # `shippingInfo` belongs to the shipping mode Single and `shipping` to Multiple: https://docs.commercetools.com/api/projects/carts#shippingmode
    single, multiple = ("shippingInfo", "deliveries"), ("shipping", "shippingInfo", "deliveries")
    return (
        *basket(),
        child("shippings", "shipping", item_name="shipping"),
        child("shipping_discount_portions", "shippingInfo.discountedPrice.includedDiscounts", below="shippings"),
        child("shipping_info_discount_portions", "shippingInfo.discountedPrice.includedDiscounts"),
        # Deliveries have one shape in both modes, so one table has them; `shippingKey` tells which shipping of several
        # it was.
        Child("deliveries", (single, multiple), "id", item_name="delivery", carries=("shippingKey",)),
        child("delivery_items", "items", below="deliveries"),
        child("parcels", "parcels", "id", "deliveries", "parcel"),
        child("parcel_items", "items", below="parcels"),
        child("shipping_tax_portions", "taxedShippingPrice.taxPortions"),
        child("discount_codes", "discountCodes"),
        child("total_discount_portions", "discountOnTotalPrice.includedDiscounts"),
        child("refused_gifts", "refusedGifts"),
    )
