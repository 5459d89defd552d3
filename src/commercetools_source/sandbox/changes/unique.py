"""Values that no two records of a collection may share, and references that must lead somewhere.

https://docs.commercetools.com/api/errors: DuplicateField, ReferencedResourceNotFound, ReferenceExists.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from commercetools_source.sandbox.changes.catalog import data_of, variants_in
from commercetools_source.sandbox.data.expand import collection_of
from commercetools_source.sandbox.platform.endpoints import HISTORY
from commercetools_source.sandbox.platform.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.errors import ApiError
    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.store import Collection, Record

__all__ = ["exists", "refuse_duplicates", "refuse_referenced"]

# Texts beside `key`; found by index.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    # https://docs.commercetools.com/api/projects/cartDiscounts#cartdiscountdraft: one that another discount uses
    "/cart-discounts": ("sortOrder",),
    "/customers": ("customerNumber",),
    "/discount-codes": ("code",),
    "/discount-groups": ("sortOrder",),
    "/orders": ("orderNumber",),
    "/product-discounts": ("sortOrder",),
    "/variants": ("sku",),
}
# Keys of custom objects are unique in their container only, and those are written over.
_WITHOUT_KEY = frozenset({"/", "/custom-objects"})
# Types of resources that the platform keeps while another resource refers to them.
_KEPT = frozenset(
    {"category", "channel", "customer-group", "product-type", "state", "tax-category", "type", "zone"}
)  # fmt: skip
# A text that JSON can only spell in one form, so a record without its bytes does not have it.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class Unique(NamedTuple):
    """A value that is unique: the field, the value as it is shown, and what is compared."""

    field: str
    value: str
    compared: str


def refuse_duplicates(
    path: str, collection: Collection, new: Mapping[str, Any], old: Mapping[str, Any] | None = None
) -> None:
    """Raise a 400 when the new record has a value that another record has; values of `old` stay as they are."""
    identifier = new.get("id")
    for field in ("key", *_TEXTS.get(path, ())) if path not in _WITHOUT_KEY else ():
        value = new.get(field)
        if isinstance(value, str) and (old is None or old.get(field) != value):
            # An index answers this one, so that a write does not get slower as the shop grows.
            holder = collection.find(field, value)
            if holder is not None and holder.id != identifier:
                raise _duplicate(field, value)
    before = set() if old is None else set(_deeper(path, old))
    added = [unique for unique in dict.fromkeys(_deeper(path, new)) if unique not in before]
    # Only if there is something new to compare: most updates change no unique value, and a shop has many records.
    others = [record for record in collection if record.id != identifier] if added else []
    for unique in added:
        key = unique.field, unique.compared
        for record in _candidates(others, unique):
            if any((other.field, other.compared) == key for other in _deeper(path, record.decoded())):
                raise _duplicate(unique.field, unique.value)
    if path == "/products":
        _refuse_twice(new)


def _duplicate(field: str, value: str) -> ApiError:
    message = f"A duplicate value '\"{value}\"' exists for field '{field}'."
    return refuse(400, "DuplicateField", message, field=field, duplicateValue=value)


def _candidates(records: list[Record], unique: Unique) -> Iterator[Record]:
    # E-mails may differ in case; all else is searched as bytes first, which spares the decoding.
    if unique.field == "email" or _PLAIN.fullmatch(unique.value) is None:
        yield from records
        return
    text = f'"{unique.value}"'.encode()
    yield from (record for record in records if text in record.body)


def _deeper(path: str, record: Mapping[str, Any]) -> Iterator[Unique]:
    """Yield the unique values that are no plain text at the top of a record."""
    if path == "/customers":
        # Unique in the project, or in each store: https://docs.commercetools.com/api/projects/customers
        stores = [store["key"] for store in record.get("stores") or () if "key" in store]
        email = record.get("email", "")
        for store in stores or [""]:
            yield Unique("email", email, f"{store} {email.lower()}")
    elif path == "/inventory":
        # One entry for a SKU in each channel: https://docs.commercetools.com/api/projects/inventory#inventoryentry
        sku, channel = record.get("sku", ""), (record.get("supplyChannel") or {}).get("id", "")
        yield Unique("sku", sku, f"{sku} {channel}")
    elif path == "/product-tailoring":
        # One for a product in each store: https://docs.commercetools.com/api/projects/product-tailoring
        product, store = (record.get("product") or {}).get("id", ""), (record.get("store") or {}).get("key", "")
        yield Unique("product", product, f"{product} {store}")
    elif path == "/categories":
        yield from (Unique("slug", slug, slug) for slug in record.get("slug", {}).values())
    elif path == "/products":
        for data in data_of(record):
            yield from (Unique("slug", slug, slug) for slug in data.get("slug", {}).values())
            yield from (Unique("sku", sku, sku) for sku in _skus(data))


def _skus(data: Mapping[str, Any]) -> list[str]:
    return [variant["sku"] for variant in variants_in(data) if "sku" in variant]


def _refuse_twice(product: Mapping[str, Any]) -> None:
    for data in data_of(product):
        skus = _skus(data)
        for sku in skus:
            if skus.count(sku) > 1:
                raise _duplicate("sku", sku)


def exists(project: Project, type_id: str, field: str, value: str) -> bool:
    """Return whether a reference leads somewhere; true for types of which the sandbox has no records."""
    path = collection_of(type_id)
    if path not in project.spec.endpoints:
        return True
    collection = project.collection(path)
    return (collection.get(value) if field == "id" else collection.find(field, value)) is not None


def refuse_referenced(project: Project, type_id: str, identifier: str) -> None:
    """Raise a 400 when the platform keeps such a record because another resource refers to it."""
    if type_id not in _KEPT:
        return
    text = identifier.encode()
    for path, record in project.everything():
        # What tells of the past keeps nothing alive.
        if path in {"/messages", HISTORY} or record.id == identifier or text not in record.body:
            continue
        if _refers(record.decoded(), type_id, identifier):
            message = f"Can not delete a resource while it is referenced: a record of {path} refers to it."
            raise refuse(400, "ReferenceExists", message)


def _refers(value: Any, type_id: str, identifier: str) -> bool:
    if isinstance(value, dict):
        if value.get("typeId") == type_id and value.get("id") == identifier:
            return True
        return any(_refers(field, type_id, identifier) for field in value.values())
    return isinstance(value, list) and any(_refers(item, type_id, identifier) for item in value)
