"""Orders with the payments and carts that belong to them, and the Messages that the newest of them wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.sandbox.shop.basics import KEEP_DAYS, state_id, store_key
from commercetools_source.sandbox.shop.people import Person, person, unit_associates, unit_key
from commercetools_source.sandbox.shop.till import Basket, Wish
from commercetools_source.sandbox.shop.words import MARKETS, PAYMENT_INTERFACES, PAYMENT_METHODS
from commercetools_source.sandbox.shop.world import Rows, World, js, stamp

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.baskets import Baskets
    from commercetools_source.sandbox.shop.messages import Journal
    from commercetools_source.sandbox.shop.types import Customs

_DAY = 86_400_000
# orderState, shipmentState, paymentState, shipped; the usual ones more often.
_STATES = (
    *(("Complete", "Delivered", "Paid", True),) * 8,
    *(("Complete", "Shipped", "Paid", True),) * 4,
    *(("Confirmed", "Ready", "Paid", False),) * 2,
    ("Confirmed", "Partial", "CreditOwed", True),
    ("Confirmed", "Backorder", "BalanceDue", False),
    ("Confirmed", "Delayed", "Pending", False),
    ("Open", "Pending", "Pending", False),
    ("Open", "", "Failed", False),
    ("Open", "", "", False),
    ("Cancelled", "Canceled", "CreditOwed", False),
)
_ORIGINS = (*("Customer",) * 12, "Merchant", "Merchant", "Quote", "RecurringOrder")


@dataclass(frozen=True, slots=True)
class Order:
    """What payments, carts and Messages need to know of an order."""

    uid: str
    number: int
    name: str
    who: Person
    created: int
    modified: int
    paid: str
    basket: Basket


class Orders:
    """Writes the orders of a shop one by one."""

    def __init__(self, world: World, baskets: Baskets, customs: Customs, journal: Journal) -> None:
        self._world = world
        self._baskets = baskets
        self._customs = customs
        self._journal = journal
        self._dice = world.dice("orders")
        self._order_states = [state_id(world, "OrderState", step) for step in range(4)]
        self._payment_states = [state_id(world, "PaymentState", step) for step in range(3)]
        self._methods = [
            f'"paymentInterface":"{PAYMENT_INTERFACES[step % 3]}","method":"{method}","name":{js(name)}'
            for step, (method, name) in enumerate(PAYMENT_METHODS)
        ]
        self._payments = 0

    def rows(self) -> Rows:
        """Yield orders, and between them their payments, their carts and Messages."""
        total = self._world.counts["order"]
        times = self._world.times("order", total)
        for number in range(total):
            yield from self._order(number, *times.pair(number))

    def carts(self) -> Rows:
        """Yield the carts that did not become an order."""
        world = self._world
        total = world.counts["cart"]
        times = world.times("cart", total)
        for number in range(self.ordered_carts(world), total):
            created, modified = times.pair(number)
            who = person(world, self._dice.below(world.counts["customer"]))
            wish = Wish(who, world.uid("cart", number), number, created, modified)
            basket = self._baskets.fill(self._dice, wish)
            state = self._dice.one(("Active", "Active", "Active", "Merged", "Frozen"))
            yield self._cart(wish, basket, state)

    @staticmethod
    def ordered_carts(world: World) -> int:
        """Return how many of the carts have become orders: every tenth order has kept its cart."""
        return min((world.counts["order"] + 9) // 10, world.counts["cart"] // 2)

    def _order(self, number: int, created: int, modified: int) -> Rows:
        dice, world = self._dice, self._world
        uid = world.uid("order", number)
        order_state, shipment, paid, shipped = dice.one(_STATES)
        origin = dice.one(_ORIGINS)
        # The exponent makes the first customers order most.
        who = person(world, int(world.counts["customer"] * dice.random() ** 1.5))
        wish = Wish(who, uid, number, created, modified, shipped)
        basket = self._baskets.fill(dice, wish)
        order = Order(uid, number, f"{stamp(created)[:4]}-{number:08}", who, created, modified, paid, basket)
        payment_count = {0: 0, 1: 2}.get(number % 20, 1)
        payments = [world.uid("payment", self._payments + step) for step in range(payment_count)]
        fields = [
            (
                f'{{"id":"{uid}","version":{1 if created == modified else 2 + dice.below(30)},'
                f'"createdAt":"{stamp(created)}","lastModifiedAt":"{stamp(modified)}",'
                f'"orderNumber":"{order.name}","orderState":"{order_state}","origin":"{origin}"'
            ),
            basket.text,
        ]
        if origin == "Quote":
            fields.append(f'"quote":{js(world.ref("quote", number))}')
        if origin == "RecurringOrder":
            fields.append(f'"recurringOrder":{js(world.ref("recurring-order", number))}')
        if shipment:
            fields.append(f'"shipmentState":"{shipment}"')
        if paid:
            fields.append(f'"paymentState":"{paid}"')
        if payments:
            refs = ",".join(f'{{"typeId":"payment","id":"{payment}"}}' for payment in payments)
            fields.append(f'"paymentInfo":{{"payments":[{refs}]}}')
        kept = number // 10 if number % 10 == 0 and number // 10 < self.ordered_carts(world) else None
        if kept is not None:
            fields.append(f'"cart":{{"typeId":"cart","id":"{world.uid("cart", kept)}"}}')
        fields.append(self._optional_fields(order, shipped=shipped))
        text = f"{','.join(fields)}}}"
        yield "/orders", "", text.encode()
        if kept is not None:
            cart = Wish(who, world.uid("cart", kept), number, created - min(created % _DAY, 60_000), created)
            yield self._cart(cart, basket, "Ordered")
        for step, payment in enumerate(payments):
            yield from self._payment(order, payment, step, len(payments))
        yield from self._journal.of_order(order, text, order_state, shipment)

    def _optional_fields(self, order: Order, *, shipped: bool) -> str:
        dice, world, number = self._dice, self._world, order.number
        fields = []
        if dice.chance(50):
            fields.append(f'"state":{{"typeId":"state","id":"{dice.one(self._order_states)}"}}')
        if dice.chance(70):
            store = MARKETS.index(order.who.market)
            fields.append(f'"store":{{"typeId":"store","key":"{store_key(world, store)}"}}')
        if dice.chance(5):
            unit = number % world.counts["business-unit"]
            associate = world.uid("customer", unit_associates(world, unit)[0])
            fields.append(
                f'"businessUnit":{{"typeId":"business-unit","key":"{unit_key(world, unit)}"}},'
                f'"purchaseOrderNumber":"PO/{number}",'
                f'"createdBy":{{"associate":{{"typeId":"customer","id":"{associate}"}}}}'
            )
        else:
            fields.append(f'"createdBy":{{"clientId":"{world.client(number)}"}}')
        fields.append(f'"lastModifiedBy":{{"clientId":"{world.client(number + 1)}"}}')
        synced = ""
        if dice.chance(30):
            synced = (
                f'{{"channel":{{"typeId":"channel","id":"{world.uid("channel", 0)}"}},'
                f'"externalId":"erp-{number}","syncedAt":"{stamp(order.modified)}"}}'
            )
        fields.append(f'"syncInfo":[{synced}]')
        if shipped and dice.chance(7):
            fields.append(f'"returnInfo":[{self._return(order)}]')
        else:
            fields.append('"returnInfo":[]')
        if shipped and dice.chance(50):
            fields.append(f'"completedAt":"{stamp(order.modified)}"')
        return ",".join(fields)

    def _return(self, order: Order) -> str:
        dice = self._dice
        when = stamp(order.modified)
        items = [
            f'{{"type":"LineItemReturnItem","id":"{self._world.uid(f"return/{order.uid}", step)}","quantity":1,'
            f'"lineItemId":"{line}","shipmentState":"{dice.one(("Advised", "Returned", "BackInStock", "Unusable"))}",'
            f'"paymentState":"{dice.one(("NonRefundable", "Initial", "Refunded", "NotRefunded"))}",'
            f'"comment":"Did not fit,\\n\\"too small\\"","createdAt":"{when}","lastModifiedAt":"{when}"}}'
            for step, (line, _) in enumerate(order.basket.items[:2])
        ]
        return f'{{"items":[{",".join(items)}],"returnTrackingId":"R-{order.number}","returnDate":"{when}"}}'

    def _cart(self, wish: Wish, basket: Basket, state: str) -> tuple[str, str, bytes]:
        version = 2 + wish.number % 17
        fields = [
            (
                f'{{"id":"{wish.uid}","version":{version},"createdAt":"{stamp(wish.created)}",'
                f'"lastModifiedAt":"{stamp(wish.modified)}","cartState":"{state}","origin":"Customer"'
            ),
            f'"totalLineItemQuantity":{sum(quantity for _, quantity in basket.items)}',
            basket.text,
        ]
        if state == "Active":
            fields.append(f'"key":"cart-{wish.number}","deleteDaysAfterLastModification":{KEEP_DAYS}')
        if state == "Frozen":
            fields.append('"freezeStrategy":"HardFreeze"')
        return "/carts", "", f"{','.join(fields)}}}".encode()

    def _payment(self, order: Order, uid: str, step: int, payment_count: int) -> Rows:
        dice, world = self._dice, self._world
        till = self._baskets.till(order.who.market)
        whole = order.basket.total
        # Of two payments the first takes a third.
        amount = whole if payment_count == 1 else (whole // 3 if step == 0 else whole - whole // 3)
        number = self._payments
        self._payments += 1
        planned = till.money(amount)
        steps = {
            "Paid": (("Authorization", "Success"), ("Charge", "Success")),
            "CreditOwed": (("Charge", "Success"), ("Refund", "Pending")),
            "Failed": (("Authorization", "Failure"),),
            "Pending": (("Authorization", "Pending"),),
            "BalanceDue": (("Authorization", "Success"), ("CancelAuthorization", "Initial")),
        }.get(order.paid, ())
        transactions = ",".join(
            f'{{"id":"{world.uid(f"transaction/{uid}", turn)}","timestamp":"{stamp(order.created)}",'
            f'"type":"{transaction_type}","amount":{planned},"interactionId":"i-{number}-{turn}","state":"{state}"}}'
            for turn, (transaction_type, state) in enumerate(steps)
        )
        fields = [
            (
                f'{{"id":"{uid}","version":{1 + len(steps)},"createdAt":"{stamp(order.created)}",'
                f'"lastModifiedAt":"{stamp(order.modified)}","key":"payment-{number}","interfaceId":"psp-{uid[:13]}",'
                f'"amountPlanned":{planned},"paymentMethodInfo":{{{dice.one(self._methods)}}},'
                f'"transactions":[{transactions}]'
            )
        ]
        if dice.chance(88):
            fields.append(f'"customer":{{"typeId":"customer","id":"{world.uid("customer", order.who.number)}"}}')
        else:
            fields.append(f'"anonymousId":"guest-{number}"')
        state_ref = f',"state":{{"typeId":"state","id":"{dice.one(self._payment_states)}"}}' if dice.chance(40) else ""
        code = f'"interfaceCode":"{200 + number % 5}","interfaceText":"über PSP"{state_ref}' if dice.chance(60) else ""
        fields.append(f'"paymentStatus":{{{code}}}')
        seen = self._customs.text("payment-interface-interaction", dice) if dice.chance(30) else ""
        fields.append(f'"interfaceInteractions":[{seen}]')
        if dice.chance(10):
            fields.append(f'"custom":{self._customs.text("payment", dice)}')
        text = f"{','.join(fields)}}}"
        yield "/payments", "", text.encode()
        yield from self._journal.of_payment(uid, text, order)
