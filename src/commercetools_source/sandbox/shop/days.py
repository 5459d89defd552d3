"""The demo's shop: one day further each time it is asked for.

Day 0 is the generated shop. On every later day a few orders come in and some go on; what a day brings is
a function of (size, seed, day), so the shop of day 3 holds exactly what days 1 and 2 brought.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from commercetools_source.sandbox.shop.generate import generate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["START", "day_of", "on_day", "project_key", "rows_of"]

START = datetime(2026, 11, 1, 6, tzinfo=timezone.utc)
"""When the generated shop ends and its days begin to be counted."""

_NEW_ORDERS = 10
_ONE_IN = 200  # of the orders goes on each day, of the customers changes each day
_NEXT = {"Open": "Confirmed", "Confirmed": "Complete", "Complete": "Complete", "Cancelled": "Cancelled"}

Row = tuple[str, str, bytes]


def day_of(timestamp: str) -> int:
    """Return the day of the shop on which an API timestamp lies."""
    return (datetime.fromisoformat(timestamp.replace("Z", "+00:00")) - START).days


def project_key(size: str | int, seed: int) -> str:
    """Return the key of the demo's project, which says what shop it holds."""
    return f"demo-{size}-{seed}"


def on_day(size: str | int, seed: int, day: int) -> dict[str, Any]:
    """Return what makes a sandbox the shop of `day`: its clock, its records and the key of its project."""
    now = START + timedelta(days=day)
    return {"project_key": project_key(size, seed), "now": now, "rows": rows_of(size, seed, day)}


def rows_of(size: str | int, seed: int, day: int) -> Iterator[Row]:
    """Yield the records of the shop as they are on `day`."""
    templates: list[dict[str, Any]] = []
    for collection, parent, body in generate(size, seed, START):
        if collection == "/orders" and len(templates) < _NEW_ORDERS:
            templates.append(msgspec.json.decode(body))
        yield collection, parent, _aged(collection, body, day)
    for number in range(1, day + 1):
        yield from _new_orders(templates, number)


def _aged(collection: str, body: bytes, day: int) -> bytes:
    """Return a record with what the days up to `day` changed in it."""
    if day == 0 or collection not in {"/orders", "/customers"}:
        return body
    record = msgspec.json.decode(body)
    lot = _number(record["id"], "lot") % _ONE_IN
    days = [number for number in range(1, day + 1) if number % _ONE_IN == lot]
    if not days:
        return body
    record["version"] += len(days)
    record["lastModifiedAt"] = _moment(days[-1], record["id"])
    if collection == "/orders":
        for _ in days:
            record["orderState"] = _NEXT.get(record["orderState"], record["orderState"])
    else:
        record["isEmailVerified"] = True
    return msgspec.json.encode(record)


def _new_orders(templates: Iterable[Mapping[str, Any]], day: int) -> Iterator[Row]:
    """Yield the orders that came in on `day`: the shop's first ones, ordered again."""
    for place, template in enumerate(templates):
        identifier = str(UUID(int=_number(template["id"], f"day {day}"), version=4))
        at = _moment(day, identifier)
        order = {
            **template,
            "id": identifier,
            "version": 1,
            "createdAt": at,
            "lastModifiedAt": at,
            "orderNumber": f"day-{day}-{place + 1}",
            "orderState": "Open",
        }
        yield "/orders", "", msgspec.json.encode(order)


def _moment(day: int, salt: str) -> str:
    """Return a time on `day`, before the shop of that day is looked at."""
    seconds = _number(salt, f"moment {day}") % 80_000 + 600
    return (START + timedelta(days=day - 1, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _number(text: str, salt: str) -> int:
    return int.from_bytes(blake2b(f"{salt} {text}".encode(), digest_size=16).digest(), "big")
