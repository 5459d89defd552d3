"""Corrects the totals of a cart, order or quote that was built from the contract alone, with arbitrary amounts.

How the platform adds them up: https://docs.commercetools.com/api/projects/carts
"""

from __future__ import annotations

from typing import Any

from commercetools_source.sandbox.shop.world import Json, precise

_CURRENCY = "EUR"
_TAX = 19
_HIGH_DIGITS = 5


def balance(record: Json) -> None:
    """Put all money of `record` into euros, and make every total the sum of its parts."""
    _convert(record)
    total = net = gross = 0
    for item in record.get("lineItems", ()):
        amount = _line_total(item)
        _set(item["totalPrice"], amount)
        split = _tax_of(item, amount)
        total, net, gross = total + amount, net + split[0], gross + split[1]
    for item in record.get("customLineItems", ()):
        amount = _discounted(item, item["money"]["centAmount"]) * item["quantity"]
        _set(item["totalPrice"], amount)
        split = _tax_of(item, amount)
        total, net, gross = total + amount, net + split[0], gross + split[1]
    shipping = [record["shippingInfo"]] if "shippingInfo" in record else []
    shipping += [shipment["shippingInfo"] for shipment in record.get("shipping", ())]
    sums = [0, 0, 0]
    for info in shipping:
        amount = info["price"]["centAmount"]
        if "discountedPrice" in info:
            amount = _reduce(info["discountedPrice"], amount)
        sums = [subtotal + addend for subtotal, addend in zip(sums, (amount, *_tax_of(info, amount)), strict=True)]
    total, net, gross = total + sums[0], net + sums[1], gross + sums[2]
    if "taxedShippingPrice" in record:
        _set_taxed(record["taxedShippingPrice"], sums[1], sums[2])
    off = _off_total(record, total)
    net, gross = net - off[0], gross - off[1]
    _set(record["totalPrice"], total - off[1])
    if "taxedPrice" in record:
        _set_taxed(record["taxedPrice"], net, gross)


def _convert(value: Any) -> None:
    if isinstance(value, list):
        for element in value:
            _convert(element)
    elif isinstance(value, dict):
        if "currencyCode" in value and "centAmount" in value:
            digits = value.get("fractionDigits")
            value["currencyCode"] = _CURRENCY
            # Arbitrary numbers may be negative or huge; below 1,000.00 all sums stay plausible.
            value["centAmount"] = abs(value["centAmount"]) % 100_000
            if digits is not None:
                value["fractionDigits"] = 2
            if "preciseAmount" in value:
                value.update(precise(_CURRENCY, value["centAmount"] * 1000, _HIGH_DIGITS))
        else:
            for element in value.values():
                _convert(element)


def _set(money: Json, amount: int) -> None:
    money["centAmount"] = amount
    if "preciseAmount" in money:
        money.update(precise(_CURRENCY, amount * 1000, _HIGH_DIGITS))


def _split(total: int) -> tuple[int, int]:
    # Tax is included: the net amount is what remains, rounded to the nearest cent, and both sum up exactly.
    return (total * 100 + (100 + _TAX) // 2) // (100 + _TAX), total


def _set_taxed(taxed: Json, net: int, gross: int) -> None:
    _set(taxed["totalNet"], net)
    _set(taxed["totalGross"], gross)
    if "totalTax" in taxed:
        _set(taxed["totalTax"], gross - net)
    for step, portion in enumerate(taxed["taxPortions"]):
        # All tax in the first portion, so that the portions add up whatever their number is.
        portion["rate"] = 0 if step else _TAX / 100
        _set(portion["amount"], 0 if step else gross - net)


def _tax_of(item: Json, total: int) -> tuple[int, int]:
    net, gross = _split(total)
    if "taxedPrice" in item:
        _set_taxed(item["taxedPrice"], net, gross)
    return net, gross


def _reduce(price: Json, before: int) -> int:
    """Take a cent off for each included discount; return what is left."""
    for portion in price["includedDiscounts"]:
        _set(portion["discountedAmount"], 1)
    after = max(before - len(price["includedDiscounts"]), 0)
    _set(price["value"], after)
    return after


def _discounted(item: Json, unit: int) -> int:
    """Return the price of one unit, and keep one discounted price that counts for all units."""
    prices = item["discountedPricePerQuantity"]
    if not prices:
        return unit
    # The builder makes several; their quantities must add up to that of the item.
    del prices[1:]
    prices[0]["quantity"] = item["quantity"]
    return _reduce(prices[0]["discountedPrice"], unit)


def _line_total(item: Json) -> int:
    price = item["price"]
    unit: int = price["value"]["centAmount"]
    if "discounted" in price:
        # A discounted price is a fifth lower.
        unit = unit * 4 // 5
        _set(price["discounted"]["value"], unit)
    return _discounted(item, unit) * int(item["quantity"])


def _off_total(record: Json, total: int) -> tuple[int, int]:
    discount = record.get("discountOnTotalPrice")
    if discount is None:
        return 0, 0
    portions = discount["includedDiscounts"]
    for portion in portions:
        _set(portion["discountedAmount"], 1)
    # A cent for each discount, but never more than there is to pay.
    off = min(len(portions), total)
    net, gross = _split(off)
    _set(discount["discountedAmount"], off)
    if "discountedNetAmount" in discount:
        _set(discount["discountedNetAmount"], net)
    if "discountedGrossAmount" in discount:
        _set(discount["discountedGrossAmount"], gross)
    return net, gross
