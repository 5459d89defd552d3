"""The marts of the dbt project: a row for each, whose SQL lies in the folder `marts` beside this file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from commercetools_source.catalog.lazy import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MARTS", "MODULAR", "Mart"]

MODULAR = frozenset({"variants", "variant_data"})
"""The relations that marts read where the project's variable `modular` is true."""

_SOURCE = re.compile(r"source\('commercetools', '(\w+)'\)")
_REF = re.compile(r"ref\('(\w+)'\)")
_MODULAR = re.compile(r'{% if var\("modular"\) %}.*?{% endif %}', re.DOTALL)


@dataclass(frozen=True)
class Mart:
    """One model of the project: `key` tells its rows apart, `required` are columns that are never NULL."""

    name: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    columns: Mapping[str, str]

    @lazy
    def sql(self) -> str:
        """The query, as dbt has it; its first lines say what the rows are."""
        file = resources.files("commercetools_source.report.dbt").joinpath(f"marts/{self.name}.sql")
        return file.read_text(encoding="utf-8")

    @property
    def description(self) -> str:
        """What a row is, in the words of the query's first lines."""
        lines = self.sql.splitlines()
        end = next(index for index, line in enumerate(lines) if not line.startswith("-- "))
        return " ".join(line.removeprefix("-- ") for line in lines[:end])

    def sources(self) -> frozenset[str]:
        """Return the relations that the mart needs, those of other marts not included."""
        return frozenset(_SOURCE.findall(_MODULAR.sub("", self.sql)))

    def marts(self) -> frozenset[str]:
        """Return the marts that this one reads."""
        return frozenset(_REF.findall(self.sql))


_ORDER_LINES = Mart(
    "order_lines",
    ("order_id", "line_id"),
    ("order_id", "line_id", "line_type", "ordered_at", "order_state", "currency", "quantity", "total"),
    MappingProxyType(
        {
            "order_id": "Id of the order.",
            "line_id": "Id of the line item or custom line item inside its order.",
            "line_type": "LineItem for a variant, CustomLineItem for anything else.",
            "order_number": "Number of the order, given by the project.",
            "ordered_at": "When the order was created. UTC.",
            "order_state": "State of the order; Cancelled ones are included.",
            "store_key": "Key of the store; NULL where the order belongs to none.",
            "customer_id": "Id of the customer; NULL for a guest.",
            "currency": "Currency of all amounts of the row, ISO 4217.",
            "product_id": "Id of the product; NULL for a custom line item.",
            "variant_id": "Number of the variant inside its product.",
            "sku": "SKU of the variant at the time of the order.",
            "name": "Name in the language of the project's variable `language`, or in any other that there is.",
            "quantity": "Pieces.",
            "unit_price": "Price of a piece before discounts; of a price with tiers the first.",
            "product_discount": "What product discounts took off the price, for all pieces.",
            "cart_discount": "What cart discounts and discount codes took off the line, for all pieces; discounts on"
            " the order's total are in no line.",
            "total": "Total after these discounts; with taxes only where the tax rate is included in the price.",
            "tax_rate": "Rate as a fraction: 0.19 is 19 %.",
            "net": "Total without taxes; NULL where taxes were not calculated.",
            "gross": "Total with taxes; NULL where taxes were not calculated.",
            "returned_quantity": "Pieces that came back; announced returns are not counted.",
            "returned_net": "The share of `net` that came back, less the share of a discount on the order's total;"
            " rounded to the currency's minor unit.",
            "returned_gross": "The share of `gross` that came back, less the share of a discount on the order's total;"
            " rounded to the currency's minor unit.",
        }
    ),
)

_REVENUE = Mart(
    "revenue_by_month",
    ("month", "store_key", "currency"),
    ("month", "currency", "orders", "net", "gross", "returned_net", "returned_gross"),
    MappingProxyType(
        {
            "month": "First day of the month in which the orders were created. UTC.",
            "store_key": "Key of the store; NULL for orders of none.",
            "currency": "Currency of all amounts of the row, ISO 4217.",
            "orders": "Orders that were not cancelled.",
            "net": "Their totals without taxes, shipping included.",
            "gross": "Their totals with taxes, shipping included.",
            "returned_net": "What of `net` came back; refunds of shipping are not known.",
            "returned_gross": "What of `gross` came back; refunds of shipping are not known.",
            "untaxed_orders": "Orders whose taxes were not calculated; they are in neither `net` nor `gross`.",
            "untaxed_total": "The totals of those orders.",
        }
    ),
)

_LIFETIME = Mart(
    "customer_lifetime_value",
    ("customer_id", "currency"),
    ("customer_id", "registered_at", "orders", "gross", "returned_gross", "lifetime_value"),
    MappingProxyType(
        {
            "customer_id": "Id of the customer.",
            "currency": "Currency of all amounts of the row, ISO 4217; NULL for a customer without orders.",
            "customer_number": "Number of the customer, given by the project.",
            "customer_group_id": "Id of the customer group.",
            "registered_at": "When the customer was created. UTC.",
            "cohort_month": "First day of the month of the customer's first order, in whatever currency.",
            "first_order_at": "When the first order in this currency was created. UTC.",
            "last_order_at": "When the last order in this currency was created. UTC.",
            "orders": "Orders that were not cancelled.",
            "gross": "Their totals, with taxes where these were calculated.",
            "returned_gross": "What came back of lines whose taxes were calculated.",
            "lifetime_value": "`gross` less `returned_gross`.",
        }
    ),
)

_COHORTS = Mart(
    "customer_cohorts",
    ("cohort_month", "months_later"),
    ("cohort_month", "months_later", "cohort_size", "customers", "orders", "share"),
    MappingProxyType(
        {
            "cohort_month": "First day of the month in which these customers ordered first. UTC.",
            "months_later": "Months since then, 0 for that month itself; a month without orders has no row.",
            "cohort_size": "Customers of the cohort.",
            "customers": "Those who ordered in that month.",
            "orders": "Their orders in that month.",
            "share": "`customers` as a fraction of `cohort_size`.",
        }
    ),
)

_VARIANT: Mapping[str, str] = MappingProxyType(
    {
        "product_id": "Id of the product.",
        "variant_id": "Number of the variant inside its product.",
        "sku": "SKU of the variant.",
        "product_key": "Key of the product.",
        "product_name": "Name in the language of the project's variable `language`, or in any other that there is.",
        "product_type_id": "Id of the product type.",
    }
)

_PUBLISHED = "Whether the product is published, and the variant too where it is a resource of its own."

_VARIANTS = Mart(
    "current_variants",
    ("product_id", "variant_id"),
    ("product_id", "variant_id", "price_mode", "is_published", "is_resource"),
    MappingProxyType(
        {
            **_VARIANT,
            "price_mode": "Embedded for prices of the product's own, Standalone for those by SKU.",
            "is_published": _PUBLISHED,
            "is_resource": "Whether the variant is a resource of its own, and not inside its product.",
        }
    ),
)

_PRICES = Mart(
    "variant_prices",
    ("product_id", "variant_id", "price_id"),
    ("product_id", "variant_id", "price_id", "price_mode", "currency", "price"),
    MappingProxyType(
        {
            **{name: _VARIANT[name] for name in ("product_id", "variant_id", "sku", "product_name")},
            "price_id": "Id of the price.",
            "price_mode": "Embedded for a price of the product's own, Standalone for one by SKU.",
            "currency": "Currency, ISO 4217.",
            "country": "Country for which the price holds, ISO 3166-1 alpha-2; NULL for all.",
            "customer_group_id": "Id of the customer group for which the price holds; NULL for all.",
            "channel_id": "Id of the channel for which the price holds; NULL for all.",
            "valid_from": "From when on it holds; NULL for always. UTC.",
            "valid_until": "Until when it holds; NULL for ever. UTC.",
            "price": "Price before discounts.",
            "discounted_price": "Price with the product discount; NULL where there is none.",
            "product_discount_id": "Id of the product discount.",
        }
    ),
)

_STOCK = Mart(
    "variant_stock",
    ("product_id", "variant_id"),
    ("product_id", "variant_id", "is_published", "inventory_entries"),
    MappingProxyType(
        {
            **_VARIANT,
            "is_published": _PUBLISHED,
            "inventory_entries": "Inventory entries of the SKU, one for each supply channel; 0: stock is not tracked.",
            "on_stock": "Pieces in stock, reserved ones included; NULL where stock is not tracked.",
            "available": "Pieces that can be sold; NULL where stock is not tracked.",
            "is_out_of_stock": "Whether no channel has a piece to sell; NULL where stock is not tracked.",
        }
    ),
)

MARTS: tuple[Mart, ...] = (_ORDER_LINES, _REVENUE, _LIFETIME, _COHORTS, _VARIANTS, _PRICES, _STOCK)
"""Every mart, those that others read first."""
