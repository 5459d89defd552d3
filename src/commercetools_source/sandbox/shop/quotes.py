"""Quotes of the generated shop, with the requests and the staged quotes before them.

https://docs.commercetools.com/api/projects/quotes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from commercetools_source.sandbox.shop.basics import row, state_id, store_key
from commercetools_source.sandbox.shop.people import person, unit_key
from commercetools_source.sandbox.shop.till import Wish
from commercetools_source.sandbox.shop.words import SENTENCES
from commercetools_source.sandbox.shop.world import Dice, Json, Rows, Timeline, World, stamp

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.baskets import Baskets

_DAY = 86_400_000
# The fields that a quote copies from its cart.
_QUOTED = (
    *("lineItems", "customLineItems", "totalPrice", "taxedPrice", "shippingAddress", "billingAddress", "taxMode"),
    *("priceRoundingMode", "taxRoundingMode", "taxCalculationMode", "inventoryMode", "country", "shippingInfo"),
    *("itemShippingAddresses", "directDiscounts", "customerGroup"),
)


def _quoted_cart(world: World, baskets: Baskets, dice: Dice, number: int) -> Json:
    who = person(world, number * 5)
    created = world.latest - 300 * _DAY
    wish = Wish(who, world.uid("quoted-cart", number), number, created, created)
    while True:
        cart: Json = msgspec.json.decode(f"{{{baskets.fill(dice, wish).text}}}")
        # Quotes have no field for several shipping methods, nor for a discount on the whole.
        if cart["shippingMode"] == "Single" and "discountOnTotalPrice" not in cart:
            break
    quoted = {name: cart[name] for name in _QUOTED if name in cart}
    quoted["customer"] = {"typeId": "customer", "id": world.uid("customer", who.number)}
    quoted["businessUnit"] = {"typeId": "business-unit", "key": unit_key(world, number)}
    return quoted


def quotes(world: World, baskets: Baskets) -> Rows:
    """Yield quote requests, the staged quotes that answer them, and the quotes that went out."""
    dice = world.dice("quotes")
    total = world.counts["quote"]
    requests, staged, sent = (world.times(type_id, total) for type_id in ("quote-request", "staged-quote", "quote"))
    for number in range(total):
        cart = _quoted_cart(world, baskets, dice, number)
        # The order matters: all three records roll the same dice.
        yield row("/quote-requests", _request(world, dice, requests, cart, number))
        yield row("/staged-quotes", _staged_quote(world, dice, staged, cart, number))
        yield row("/quotes", _quote(world, dice, sent, cart, number))


def _request(world: World, dice: Dice, times: Timeline, cart: Json, number: int) -> Json:
    return {
        **times.base(world.uid("quote-request", number), number),
        **cart,
        "key": f"quote-request-{number}",
        "quoteRequestState": dice.one(("Submitted", "Accepted", "Closed", "Rejected", "Cancelled")),
        "comment": dice.one(SENTENCES["en"]),
        "cart": world.ref("cart", number),
        "state": {"typeId": "state", "id": state_id(world, "QuoteRequestState", number)},
    }


def _staged_quote(world: World, dice: Dice, times: Timeline, cart: Json, number: int) -> Json:
    return {
        **times.base(world.uid("staged-quote", number), number),
        "businessUnit": cart["businessUnit"],
        "customer": cart["customer"],
        "purchaseOrderNumber": f"PO-{number}",
        "key": f"staged-quote-{number}",
        "stagedQuoteState": dice.one(("InProgress", "Sent", "Closed")),
        "quoteRequest": world.ref("quote-request", number),
        "quotationCart": world.ref("cart", number),
        "sellerComment": dice.one(SENTENCES["de"]),
        "validTo": stamp(world.latest + 30 * _DAY),
    }


def _quote(world: World, dice: Dice, times: Timeline, cart: Json, number: int) -> Json:
    return {
        **times.base(world.uid("quote", number), number),
        **cart,
        "key": f"quote-{number}",
        "quoteState": dice.one(("Pending", "Declined", "DeclinedForRenegotiation", "Accepted", "Withdrawn")),
        "quoteRequest": world.ref("quote-request", number),
        "stagedQuote": world.ref("staged-quote", number),
        "sellerComment": dice.one(SENTENCES["fr"]),
        "buyerComment": dice.one(SENTENCES["en"]),
        "validTo": stamp(world.latest + 30 * _DAY),
        "store": {"typeId": "store", "key": store_key(world, number)},
    }
