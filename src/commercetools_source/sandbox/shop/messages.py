"""Messages of the newest orders, payments, customers and stock changes.

Only of the last 90 days, because the sample project keeps Messages that long:
https://docs.commercetools.com/api/projects/messages
"""

from __future__ import annotations

from typing import Protocol

from commercetools_source.sandbox.shop.catalog import Catalog, entry_channel, quantity_on_stock, sku
from commercetools_source.sandbox.shop.world import Row, Rows, World, js, stamp

RETENTION = 88 * 86_400_000


class Sold(Protocol):
    """The facts about an order that its Messages contain."""

    @property
    def uid(self) -> str:
        """Its id."""

    @property
    def name(self) -> str:
        """Its order number."""

    @property
    def created(self) -> int:
        """When it was created, in milliseconds."""

    @property
    def modified(self) -> int:
        """When it was changed last."""

    @property
    def paid(self) -> str:
        """Its payment state, "" when it has none."""


class Journal:
    """Writes Messages and numbers them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since = world.latest - RETENTION
        self._count = 0

    def take(self) -> int:
        """Return the number of the next Message, for one that is written elsewhere."""
        self._count += 1
        return self._count - 1

    def write(
        self,
        message_type: str,
        resource: tuple[str, str],
        when: int,
        payload: str,
        identifiers: str = "",
        sequence: int = 1,
    ) -> Row:
        """Return a Message of `message_type` about `resource` (type id, id); `payload` is JSON text without braces."""
        uid = self._world.uid("message", self.take())
        time = stamp(min(when, self._world.latest))
        named = f',"resourceUserProvidedIdentifiers":{{{identifiers}}}' if identifiers else ""
        text = (
            f'{{"id":"{uid}","version":1,"createdAt":"{time}","lastModifiedAt":"{time}","sequenceNumber":{sequence},'
            f'"resource":{{"typeId":"{resource[0]}","id":"{resource[1]}"}},"resourceVersion":{sequence},'
            f'"type":"{message_type}"{named},"createdBy":{{"clientId":"{self._world.client(self._count)}"}},'
            f'"lastModifiedBy":{{"clientId":"{self._world.client(self._count)}"}}{"," if payload else ""}{payload}}}'
        )
        return "/messages", "", text.encode()

    def of_order(self, order: Sold, text: str, state: str, shipment: str) -> Rows:
        """Yield the Messages of an order, none when it is too old."""
        if order.created < self._since:
            return
        messages = [("OrderCreated", f'"order":{text}')]
        if state != "Open":
            messages.append(("OrderStateChanged", f'"orderState":"{state}","oldOrderState":"Open"'))
        if shipment:
            messages.append(("OrderShipmentStateChanged", f'"shipmentState":"{shipment}"'))
        if order.paid:
            messages.append(("OrderPaymentStateChanged", f'"paymentState":"{order.paid}","oldPaymentState":"Pending"'))
        named = f'"orderNumber":"{order.name}"'
        for sequence, (message_type, payload) in enumerate(messages, start=1):
            when = order.created if sequence == 1 else order.modified
            yield self.write(message_type, ("order", order.uid), when, payload, named, sequence)

    def of_payment(self, uid: str, text: str, order: Sold) -> Rows:
        """Yield the Message of a payment, none when it is too old."""
        if order.created >= self._since:
            yield self.write("PaymentCreated", ("payment", uid), order.created, f'"payment":{text}')

    def of_customer(self, number: int, created: int, text: str) -> Rows:
        """Yield the Messages of a customer, none when it is too old."""
        if created >= self._since:
            uid = self._world.uid("customer", number)
            named = f'"customerNumber":"C-{number:07}"'
            yield self.write("CustomerCreated", ("customer", uid), created, f'"customer":{text}', named)
            yield self.write("CustomerEmailVerified", ("customer", uid), created + 61_000, "", named, 2)

    def of_stock(self, catalog: Catalog) -> Rows:
        """Yield the last stock changes: one for every third inventory entry, at most 200,000."""
        world = self._world
        total = min(world.counts["inventory-entry"], 600_000)
        step = max(1, 3 * RETENTION // max(total, 1))
        for turn, number in enumerate(range(0, total, 3)):
            product, variant = catalog.at(number)
            stock = quantity_on_stock(number)
            payload = (
                f'"oldQuantityOnStock":{stock + 5},"newQuantityOnStock":{stock},"oldAvailableQuantity":{stock + 5},'
                f'"newAvailableQuantity":{stock},"sku":"{sku(product, variant)}"'
            )
            channel = entry_channel(world, number, number // catalog.skus[-1])
            if channel is not None:
                payload += f',"supplyChannel":{js({"typeId": "channel", "id": world.uid("channel", channel)})}'
            resource = ("inventory-entry", world.uid("inventory-entry", number))
            yield self.write("InventoryEntryQuantitySet", resource, self._since + turn * step, payload, "", 2)
