"""Prices that the platform refuses because another one holds for the same buyers at the same time.

https://docs.commercetools.com/api/errors: DuplicatePriceScope, OverlappingPriceValidity, DuplicatePriceKey and the same
of standalone prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.platform.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.errors import ApiError
    from commercetools_source.sandbox.data.store import Collection

__all__ = ["refuse_conflicting_prices", "refuse_conflicting_standalone_prices"]

_REFERENCES = ("customerGroup", "channel", "recurrencePolicy")


def refuse_conflicting_prices(variants: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]) -> None:
    """Raise a 400 where two embedded prices of a variant have one key, or one scope at the same time.

    https://docs.commercetools.com/api/projects/products#productvariantdraft. Prices of a variant of `before` may stay.
    """
    kept = [variant.get("prices") for variant in before]
    for variant in variants:
        prices = variant.get("prices") or ()
        if prices in kept:
            continue
        for number, price in enumerate(prices):
            for other in prices[:number]:
                _refuse_pair(price, other)


def _refuse_pair(price: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    if price.get("key") is not None and price["key"] == other.get("key"):
        message = f"Duplicate price key: {price['key']}. The price key must be unique per variant."
        raise refuse(400, "DuplicatePriceKey", message, conflictingPrice=other)
    if _scope(price) != _scope(other):
        return
    if _period(price) == _period(other):
        message = (
            f"Duplicate price scope: {_shown(price)}. The combination of currency, country, customerGroup and channel"
            " must be unique for each price of a product variant."
        )
        raise refuse(400, "DuplicatePriceScope", message, conflictingPrice=other)
    if _overlap(_period(price), _period(other)):
        message = "Two prices have overlapping validity periods."
        raise _overlapping("OverlappingPriceValidity", message, price, other, conflictingPrice=other.get("id", ""))


def refuse_conflicting_standalone_prices(
    collection: Collection, new: Mapping[str, Any], old: Mapping[str, Any] | None
) -> None:
    """Raise a 400 when another standalone price of the SKU holds for the same buyers at the same time.

    https://docs.commercetools.com/api/projects/standalone-prices#create-standaloneprice. What `old` had stays.
    """
    scope, period = [new.get("sku"), *_scope(new)], _period(new)
    if old is not None and [old.get("sku"), *_scope(old)] == scope and _period(old) == period:
        return
    text = msgspec.json.encode(new.get("sku"))
    for record in collection:
        # Bytes first, which spares the decoding of nearly all.
        if record.id == new.get("id") or text not in record.body:
            continue
        other = record.decoded()
        if [other.get("sku"), *_scope(other)] != scope:
            continue
        message = f"The standalone price '{other['id']}' has the same SKU and price scope at the same time."
        named = {"sku": new["sku"], "conflictingStandalonePrice": {"typeId": "standalone-price", "id": other["id"]}}
        if _period(other) == period:
            code, extra = "DuplicateStandalonePriceScope", {**_named(new), **named}
            raise refuse(400, code, message, **extra)
        if _overlap(_period(other), period):
            raise _overlapping("OverlappingStandalonePriceValidity", message, new, other, **named)


def _scope(price: Mapping[str, Any]) -> list[Any]:
    """Return for whom a price is: currency, country, and who buys it where."""
    references = ((price.get(name) or {}).get("id") for name in _REFERENCES)
    return [(price.get("value") or {}).get("currencyCode"), price.get("country"), *references]


def _period(price: Mapping[str, Any]) -> tuple[str, str]:
    return price.get("validFrom") or "", price.get("validUntil") or ""


def _overlap(first: Sequence[str], second: Sequence[str]) -> bool:
    # As texts: stored times have one form. A period without an end goes on for good.
    apart = (first[1] and first[1] <= second[0]) or (second[1] and second[1] <= first[0])
    # A price without a period conflicts with none that has one.
    return any(first) and any(second) and not apart


def _named(price: Mapping[str, Any]) -> dict[str, Any]:
    names = ("country", "customerGroup", "channel", "validFrom", "validUntil")
    scope = {name: price[name] for name in names if price.get(name) is not None}
    return {"currency": price["value"]["currencyCode"], **scope}


def _overlapping(code: str, message: str, price: Mapping[str, Any], other: Mapping[str, Any], **named: Any) -> ApiError:
    periods = {"conflictingValidFrom": other.get("validFrom"), "conflictingValidUntil": other.get("validUntil")}
    dates = {name: time for name, time in periods.items() if time is not None}
    return refuse(400, code, message, **_named(price), **dates, **named)


def _shown(price: Mapping[str, Any]) -> str:
    names = zip(("currency", "country", *_REFERENCES), _scope(price), strict=True)
    return ", ".join(f"{name}={value}" for name, value in names if value is not None)
