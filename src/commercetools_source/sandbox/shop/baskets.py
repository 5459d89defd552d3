"""What carts and orders have in common: line items of real products, shipping, taxes, discounts, and their sums.

Text is joined from prepared pieces, because a shop has tens of thousands of these and they are its largest records.
Amounts are whole minor units. Every total is the sum of its parts, and every gross amount is net plus tax.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from commercetools_source.sandbox.shop.basics import (
    SHIPPING_METHODS,
    distribution_channels,
    state_id,
    supply_channels,
)
from commercetools_source.sandbox.shop.catalog import (
    Catalog,
    UnitPrice,
    has_standalone_prices,
    is_showcase,
    product_names,
    product_slugs,
    variant_count,
)
from commercetools_source.sandbox.shop.people import address
from commercetools_source.sandbox.shop.till import Basket, Till, Wish
from commercetools_source.sandbox.shop.words import CARRIERS, MARKETS, Market
from commercetools_source.sandbox.shop.world import Dice, World, js, stamp

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.types import Customs

# Line items quote from this many products, the popular ones.
_POPULAR = 400
_SMALL_BASKETS = (*(1,) * 10, *(2,) * 6, 3, 3, 4, 6)


class Baskets:
    """Fills baskets from a catalog; the same basket for the same dice."""

    def __init__(self, world: World, catalog: Catalog, customs: Customs) -> None:
        self._world = world
        self._catalog = catalog
        self._customs = customs
        self._tills = {market.country: Till(world, market) for market in MARKETS}
        self._line_states = [state_id(world, "LineItemState", step) for step in range(4)]
        self._supply = [world.uid("channel", number) for number in supply_channels(world)]
        self._distribution = [world.uid("channel", number) for number in distribution_channels(world)]
        # The same variant is quoted by many orders of one country, as text that is made once.
        self._quote = lru_cache(maxsize=4096)(self._quote_variant)
        tax_category = world.uid("tax-category", 0)
        self._tax_category = f'{{"typeId":"tax-category","id":"{tax_category}"}}'

    def till(self, market: Market) -> Till:
        """Return the till of a market."""
        return self._tills[market.country]

    def fill(self, dice: Dice, wish: Wish) -> Basket:
        """Return a full basket; its text has all fields that carts and orders share."""
        basket = Basket()
        till = self.till(wish.who.market)
        size = dice.one(_SMALL_BASKETS) if not dice.chance(1) else dice.between(9, 40)
        for step in range(size):
            self._add_line(dice, wish, till, basket, step)
        if dice.chance(6):
            self._add_custom_line(dice, wish, till, basket)
        fields = [self._customer(dice, wish)]
        fields.append(self._discounts(dice, wish, till, basket))
        fields.append(self._shipping(dice, wish, till, basket))
        fields.append(
            f'"totalPrice":{till.money(basket.total)},"taxedPrice":{till.taxed(basket.net, basket.gross)},'
            f'"lineItems":[{",".join(basket.lines)}],"customLineItems":[{",".join(basket.custom_lines)}],'
            '"taxMode":"Platform","priceRoundingMode":"HalfEven","taxRoundingMode":"HalfEven",'
            '"taxCalculationMode":"LineItemLevel","inventoryMode":"None","refusedGifts":[]'
        )
        if dice.chance(15):
            fields.append(f'"custom":{self._customs.text("order", dice)}')
        basket.text = ",".join(fields)
        return basket

    def _quote_variant(self, product: int, variant: int, country: str) -> tuple[str, UnitPrice]:
        market = next(market for market in MARKETS if market.country == country)
        world = self._world
        price = self._catalog.unit_price(product, variant, market)
        shown = self._catalog.variant(product, variant, [price.text], in_stock=False)
        type_id = self._catalog.type_id(product)
        text = (
            f'"productId":"{world.uid("product", product)}","productKey":"product-{product}",'
            f'"name":{js(product_names(product))},"productSlug":{js(product_slugs(product))},'
            f'"productType":{{"typeId":"product-type","id":"{type_id}"}},'
            f'"variant":{shown},"price":{price.text},"taxRate":{self._tills[country].rate},"perMethodTaxRate":[],'
            '"priceMode":"Platform","lineItemMode":"Standard","taxedPricePortions":[]'
        )
        return text, price

    def _pick(self, dice: Dice) -> tuple[int, int]:
        # The exponent makes the first products the popular ones.
        product = int(min(self._world.counts["product"], _POPULAR) * dice.random() ** 1.5)
        # A line item needs an embedded price here, and the long list of a showcase would make each order large.
        if has_standalone_prices(product) or (is_showcase(product) and not dice.chance(10)):
            product -= 1
        return product, 1 + dice.below(min(variant_count(product), 3))

    def _add_line(self, dice: Dice, wish: Wish, till: Till, basket: Basket, step: int) -> None:
        product, variant = self._pick(dice)
        text, price = self._quote(product, variant, wish.who.market.country)
        quantity = dice.one((1, 1, 1, 1, 2, 2, 3, 5))
        uid = self._world.uid(f"line/{wish.uid}", step)
        total = price.total(quantity)
        discounted = ""
        unit = price.precise // 1000
        # A tenth of a price below a whole unit would be rounded away.
        if dice.chance(8) and unit > 100 and price.precise % 1000 == 0:  # noqa: PLR2004 - too cheap for a discount
            off = unit // 10
            total = (unit - off) * quantity
            discount = self._world.known("cart-discount", product)
            discounted = (
                f'{{"quantity":{quantity},"discountedPrice":{{"value":{till.money(unit - off)},"includedDiscounts":'
                f'[{{"discount":{{"typeId":"cart-discount","id":"{discount}"}},"discountedAmount":{till.money(off)}}}]}}}}'
            )
        net, gross = till.split(total)
        basket.add(total, net, gross)
        basket.items.append((uid, quantity))
        state = self._line_states[1 if wish.shipped else 0]
        fields = [
            (
                f'{{"id":"{uid}",{text},"quantity":{quantity},"totalPrice":{till.money(total)},'
                f'"taxedPrice":{till.taxed(net, gross)},"discountedPricePerQuantity":[{discounted}],'
                f'"state":[{{"quantity":{quantity},"state":{{"typeId":"state","id":"{state}"}}}}],'
                f'"addedAt":"{stamp(wish.created)}","lastModifiedAt":"{stamp(wish.created)}"'
            )
        ]
        if dice.chance(30):
            fields.append(
                f'"supplyChannel":{{"typeId":"channel","id":"{dice.one(self._supply)}"}},'
                f'"distributionChannel":{{"typeId":"channel","id":"{dice.one(self._distribution)}"}}'
            )
        if dice.chance(5):
            fields.append(f'"key":"line-{step}","custom":{self._customs.text("line-item", dice)}')
        basket.lines.append(f"{','.join(fields)}}}")

    def _add_custom_line(self, dice: Dice, wish: Wish, till: Till, basket: Basket) -> None:
        amount = till.method_prices[0] + dice.below(100)
        quantity = dice.between(1, 2)
        total = amount * quantity
        net, gross = till.split(total)
        basket.add(total, net, gross)
        uid = self._world.uid(f"custom-line/{wish.uid}", 0)
        basket.custom_lines.append(
            f'{{"id":"{uid}","key":"wrap","name":{{"en":"Gift wrap 🎁","de":"Geschenkpapier"}},"slug":"gift-wrap",'
            f'"money":{till.money(amount)},"quantity":{quantity},"totalPrice":{till.money(total)},'
            f'"taxedPrice":{till.taxed(net, gross)},"taxedPricePortions":[],"perMethodTaxRate":[],'
            f'"taxCategory":{self._tax_category},"taxRate":{till.rate},"discountedPricePerQuantity":[],'
            f'"state":[{{"quantity":{quantity},"state":{{"typeId":"state","id":"{self._line_states[0]}"}}}}],'
            '"priceMode":"Standard"}'
        )

    def _customer(self, dice: Dice, wish: Wish) -> str:
        who, world = wish.who, self._world
        fields = [f'"country":"{who.market.country}","locale":"{who.market.locale}"']
        if dice.chance(88):
            fields.append(f'"customerId":"{world.uid("customer", who.number)}","customerEmail":"{who.email}"')
            if who.group is not None:
                group = world.uid("customer-group", who.group)
                fields.append(f'"customerGroup":{{"typeId":"customer-group","id":"{group}"}}')
        else:
            fields.append(f'"anonymousId":"{world.uid(f"guest/{wish.uid}", 0)}","customerEmail":"guest@example.com"')
        billing = address(dice, who, wish.uid[24:32])
        fields.append(f'"billingAddress":{billing}')
        return ",".join(fields)

    def _discounts(self, dice: Dice, wish: Wish, till: Till, basket: Basket) -> str:
        world = self._world
        fields = []
        if dice.chance(10):
            code = world.known("discount-code", wish.number)
            state = dice.one(("MatchesCart", "MatchesCart", "DoesNotMatchCart", "NotValid"))
            fields.append(
                f'"discountCodes":[{{"discountCode":{{"typeId":"discount-code","id":"{code}"}},"state":"{state}"}}]'
            )
        else:
            fields.append('"discountCodes":[]')
        direct = []
        if dice.chance(2):
            direct.append(
                f'{{"id":"{world.uid(f"direct/{wish.uid}", 0)}","value":{{"type":"relative","permyriad":0}},'
                '"target":{"type":"lineItems","predicate":"1 = 1"}}'
            )
        fields.append(f'"directDiscounts":[{",".join(direct)}]')
        if dice.chance(4) and basket.total > 100:  # noqa: PLR2004 - too cheap for a discount
            off = basket.total // 20
            net, gross = till.split(off)
            basket.add(-off, -net, -gross)
            discount = world.known("cart-discount", 1)
            fields.append(
                f'"discountOnTotalPrice":{{"discountedAmount":{till.money(off)},"discountedNetAmount":{till.money(net)},'
                f'"discountedGrossAmount":{till.money(gross)},"includedDiscounts":[{{"discount":'
                f'{{"typeId":"cart-discount","id":"{discount}"}},"discountedAmount":{till.money(off)}}}]}}'
            )
        return ",".join(fields)

    def _shipping(self, dice: Dice, wish: Wish, till: Till, basket: Basket) -> str:
        shipping_address = address(dice, wish.who, f"s{wish.uid[25:32]}", "home")
        first = dice.below(3)
        if not dice.chance(4):
            info = self._shipping_info(dice, wish, till, basket, first, basket.items)
            return (
                f'"shippingMode":"Single","shipping":[],"itemShippingAddresses":[],"shippingAddress":{shipping_address},'
                f'"shippingInfo":{info}'
            )
        # Items in turn, so that both shipments have some.
        shares = (basket.items[::2], basket.items[1::2])
        shipping = []
        for step, share in enumerate(shares):
            info = self._shipping_info(dice, wish, till, basket, (first + step) % 3, share)
            rate_input = ',"shippingRateInput":{"type":"Score","score":3}' if step else ""
            shipping.append(
                f'{{"shippingKey":"part-{step}","shippingInfo":{info},"shippingAddress":{shipping_address}{rate_input}}}'
            )
        return (
            f'"shippingMode":"Multiple","shipping":[{",".join(shipping)}],"itemShippingAddresses":[{shipping_address}]'
        )

    def _shipping_info(
        self, dice: Dice, wish: Wish, till: Till, basket: Basket, method: int, items: list[tuple[str, int]]
    ) -> str:
        price = charged = till.method_prices[method]
        discounted = ""
        if price and dice.chance(3):
            charged = price // 2
            discount = self._world.known("cart-discount", 7)
            discounted = (
                f',"discountedPrice":{{"value":{till.money(charged)},"includedDiscounts":[{{"discount":'
                f'{{"typeId":"cart-discount","id":"{discount}"}},"discountedAmount":{till.money(price - charged)}}}]}}'
            )
        net, gross = till.split(charged)
        basket.add(charged, net, gross)
        method_id = self._world.uid("shipping-method", method)
        delivery = self._delivery(dice, wish, method, items) if wish.shipped and items else ""
        return (
            f'{{"shippingMethodName":"{SHIPPING_METHODS[method][0].title()}","price":{till.money(price)},'
            f'"shippingRate":{till.shipping_rates[method]},"taxedPrice":{till.taxed(net, gross)},'
            f'"taxRate":{till.rate},"taxCategory":{self._tax_category},'
            f'"shippingMethod":{{"typeId":"shipping-method","id":"{method_id}"}},"deliveries":[{delivery}],'
            f'"shippingMethodState":"MatchesCart"{discounted}}}'
        )

    def _delivery(self, dice: Dice, wish: Wish, method: int, items: list[tuple[str, int]]) -> str:
        uid = self._world.uid(f"delivery/{wish.uid}", method)
        when = stamp(wish.modified)
        contents = ",".join(f'{{"id":"{line}","quantity":{quantity}}}' for line, quantity in items)
        parcels = [
            f'{{"id":"{self._world.uid(f"parcel/{uid}", step)}","createdAt":"{when}","measurements":'
            f'{{"heightInMillimeter":200,"lengthInMillimeter":{dice.between(100, 900)},"widthInMillimeter":150,'
            f'"weightInGram":{dice.between(50, 20_000)}}},"trackingData":{{"trackingId":"T{uid[:8]}{step}",'
            f'"carrier":"{dice.one(CARRIERS)}","isReturn":false}},"items":[{contents}]}}'
            for step in range(dice.one((0, 1, 1, 2)))
        ]
        extra = f',"key":"delivery-{wish.number}","custom":{self._customs.text("order-delivery", dice)}'
        return (
            f'{{"id":"{uid}","createdAt":"{when}","items":[{contents}],"parcels":[{",".join(parcels)}]'
            f"{extra if dice.chance(10) else ''}}}"
        )
