"""A history of changes to read: records as a sandbox holds them, as many as a test needs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from commercetools_source.sandbox import Sandbox

NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
KEY = ("resourceType", "resourceId", "version")


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


def change(number: int, time: datetime, **fields: Any) -> bytes:
    """Return one record: of order `number // 5`, so that each has several versions."""
    label = {"type": "OrderLabel", "customerEmail": f"{number}@example.com", "orderNumber": f"O-{number}"}
    record = {
        "version": number % 5 + 2,
        "previousVersion": number % 5 + 1,
        "type": "ResourceUpdated",
        "modifiedBy": {"type": "api-client", "isPlatformClient": False, "clientId": "importer"},
        "modifiedAt": stamp(time),
        "label": label,
        "previousLabel": label,
        "changes": [
            {
                "type": "SetCustomFieldChange",
                "change": "setCustomField",
                "name": "weight",
                "customTypeId": "t-1",
                "previousValue": number,
                "nextValue": {"centAmount": number + 1},
            }
        ],
        "resource": {"typeId": "order", "id": f"order-{number // 5:05d}"},
        "stores": [{"typeId": "store", "key": "berlin"}],
        "withoutChanges": False,
    }
    return json.dumps({**record, **fields}).encode()


def journal(count: int, seconds: float, until: datetime = NOW) -> list[tuple[str, str, bytes]]:
    """Return so many records of the last `seconds`, evenly spread but for every tenth, which shares its moment."""
    step = timedelta(seconds=seconds) / count
    times = (until - timedelta(seconds=seconds) + step * (number - number % 10 // 9) for number in range(count))
    return [("history:/", "", change(number, time)) for number, time in enumerate(times)]


def shop(rows: list[tuple[str, str, bytes]], now: datetime = NOW) -> Sandbox:
    """Return a sandbox with this history and nothing else, at a time when all of it is settled."""
    return Sandbox(rows=rows, now=now + timedelta(minutes=10))


def keys(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what identifies each record, sorted."""
    return sorted((row["resource"]["typeId"], row["resource"]["id"], row["version"]) for row in records)
