"""Drafts and update actions with every field that the contract has, and what the sandbox makes of each.

A field is stored, or worked out as one of the tables says, or refused by name; nothing else is right.
"""

from __future__ import annotations

import re
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.changes.validation import type_id
from commercetools_source.sandbox.contract import parse, published
from commercetools_source.sandbox.data.expand import collection_of
from commercetools_source.sandbox.platform.endpoints import STREAMS
from tests.sandbox.minimal_drafts import minimal, value_of, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.sandbox.conftest import Api, Reply

IMPORT = "/orders/import"
REFUSED = re.compile(r"The sandbox does not (?:imitate|work out).*?'([^']*)'")
TYPES = accepted().types
STREAM_OF = {path: name for name, (path, staged) in STREAMS.items() if staged is None}
PATHS = [path for path in sorted(accepted().paths) if path in {*STREAM_OF, IMPORT} and "{" not in path]
# Where a field of a draft stands in the record, if not under its own name.
PLACES: Mapping[str, Mapping[str, str]] = {
    "/carts": {"currency": "totalPrice.currencyCode"},
    "/customer-groups": {"groupName": "name"},
    "/product-tailoring": {"": "staged", "publish": "published"},
    "/products": {"": "masterData.staged", "publish": "masterData.published"},
    "/variants": {"": "current", "publish": "published"},
}
AT_THE_TOP = {"key", "product", "productType", "taxCategory", "state", "priceMode", "store"}
# Fields that are checked, or become something else: what is asserted of them stands in test_derived and
# test_not_dropped. Ids of addresses are given anew, and numbers of variants by their SKUs.
WORKED_OUT = {
    ("/business-units", "billingAddresses"), ("/business-units", "shippingAddresses"),
    ("/business-units", "defaultBillingAddress"), ("/business-units", "defaultShippingAddress"),
    ("/customers", "billingAddresses"), ("/customers", "shippingAddresses"),
    ("/customers", "defaultBillingAddress"), ("/customers", "defaultShippingAddress"),
    ("/customers", "password"), ("/custom-objects", "version"), ("/orders", "version"), ("/orders", "id"),
    ("/quote-requests", "cartVersion"), ("/quotes", "stagedQuoteVersion"),
    ("/recurring-orders", "cartVersion"), ("/staged-quotes", "quoteRequestVersion"),
}  # fmt: skip
GIVEN_ANEW = re.compile(r"addresses\[\d+\]\.id|variants\[\d+\]\.sku")
UNIQUE = {"code", "customerNumber", "key", "orderNumber", "sku", "sortOrder"}
FORMS = {
    "cartPredicate": "1 = 1", "condition": 'key = "x"', "container": "c", "country": "DE", "currency": "EUR",
    "currencyCode": "EUR",
    "language": "en", "languages": "en", "locale": "en", "name": "name", "orderHint": "0.5", "predicate": "1 = 1",
    "status": "Inactive",
}  # fmt: skip
_DEEP = 3
_numbers = count(1000)


def drafts(api: Api, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each optional field, and each of its variants, the smallest draft with the whole of it."""
    name = accepted().draft(path)
    assert name is not None
    for kind in TYPES[name]["variants"].values() if "variants" in TYPES[name] else [name]:
        for field, expression in TYPES[kind]["fields"].items():
            # Which variant a draft is of is not changed without the variant's own fields.
            for value in () if field == TYPES[name].get("tag") else whole(api, expression.rstrip("!"), field):
                draft = {**smallest(api, path), **_tag(name, kind)}
                if path in {"/products", "/variants", "/product-tailoring"}:
                    level = "Product" if field == "attributes" and path != "/variants" else "Variant"
                    sku, product = _sold(api, **_defining(api, level))
                    found = {name: product[name] for name in ("productType",) if name in draft}
                    draft |= found or {"product": {"typeId": "product", "id": product["id"]}}
                if path == "/products" and field == "variants":
                    draft["masterVariant"] = {}
                if kind == "DivisionDraft":
                    draft["parentUnit"] = _target(api, "business-unit", "BusinessUnitResourceIdentifier")
                if path in {"/product-types", "/types"} and isinstance(value, list):
                    # A name has one type in all of them.
                    value = [  # noqa: PLW2901 - as above
                        {**row, "name": f"name-{next(_numbers)}"} if isinstance(row, dict) else row for row in value
                    ]
                if path == IMPORT and field == "lineItems":
                    value = [_line_of(api, item) for item in value]  # noqa: PLW2901 - a variant that exists
                if path == "/product-tailoring" and field == "variants":
                    value = [{**item, "id": 1, "sku": sku} for item in value]  # noqa: PLW2901 - as above
                yield field, {**draft, field: within(kind, field, value)}


def _defining(api: Api, level: str) -> dict[str, Any]:
    """Return a product draft's reference to a product type with the attribute that `whole` makes."""
    row = {"name": "name", "type": {"name": "text"}, "level": level, "isRequired": False, "attributeConstraint": "None"}
    return {
        "productType": {
            "typeId": "product-type",
            "id": api.sandbox.create("product_types", {"attributes": [row]})["id"],
        }
    }


def _sold(api: Api, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Return a new product whose only variant has the SKU that comes with it."""
    sku = _text("sku")
    draft = {**smallest(api, "/products"), "masterVariant": {"sku": sku}, **fields}
    return sku, api.call("POST", "/products", draft).body


def _line_of(api: Api, item: dict[str, Any]) -> dict[str, Any]:
    """Return a line of an import with the SKU of a product."""
    sku, _ = _sold(api)
    variant = {name: value for name, value in item["variant"].items() if name != "id"}
    return {**item, "productId": None, "variant": {**variant, "sku": sku}}


def _tag(name: str, kind: str) -> dict[str, str]:
    row = TYPES[name]
    tags = [tag for tag, variant in row.get("variants", {}).items() if variant == kind]
    return {row["tag"]: tags[0]} if tags else {}


def smallest(api: Api, path: str) -> dict[str, Any]:
    """Return the smallest draft, with values of its own where no two records may have the same."""
    sandbox = api.sandbox
    if path == "/orders":
        cart = sandbox.create("carts", {"customerId": sandbox.create("customers")["id"]})
        return {"version": 1, "cart": {"typeId": "cart", "id": cart["id"]}}
    draft = minimal(sandbox, path)
    for field, value in draft.items():
        if isinstance(value, str) and field in UNIQUE | {"email"}:
            draft[field] = _text(field)
    if "slug" in draft:
        draft["slug"] = {"en": _text("slug")}
    return draft


def actions(api: Api, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each update action of a path with all its fields, once for each variant of them."""
    for name, kind in accepted().actions(path).items():
        fields = {field: text for field, text in TYPES[kind]["fields"].items() if field != "action"}
        # Two variants without anything are one too many.
        other = {"sku": _text("sku")} if name == "addVariant" else {}
        yield name, {"action": name, **_required(api, kind, fields), **other}
        for field, text in fields.items():
            for value in whole(api, text.rstrip("!"), field):
                other = {"sku": _text("sku")} if name == "addVariant" else {}
                yield name, {"action": name, **_required(api, kind, fields), **other, field: within(kind, field, value)}


def _required(api: Api, name: str, fields: Mapping[str, str]) -> dict[str, Any]:
    chosen = {field: text.rstrip("!") for field, text in fields.items() if text.endswith("!")}
    return {field: within(name, field, next(whole(api, text, field))) for field, text in chosen.items()}


def whole(  # noqa: C901, PLR0912 - one branch for each kind of type
    api: Api, expression: str, field: str = "", depth: int = 0
) -> Iterator[Any]:
    """Yield values of a type with all of its fields: so many that each variant inside occurs."""
    expected = parse(expression)
    row = TYPES.get(expected.base, {})
    if expected.wrappers:
        for value in whole(api, expression[1:-1].rstrip("!"), field, depth):
            yield [value] if expected.wrappers[0] == "[" else {"en": value}
    elif field == "customerId":
        yield api.sandbox.create("customers")["id"]
    elif expected.base == "string" or row.get("is") == "string":
        yield _text(field)
    elif expected.base in {"int", "number"}:
        yield next(_numbers)
    elif "enum" in row:
        yield row["enum"][-1]
    elif expected.base == "CategoryOrderHints":
        yield {"en": "0.5"}
    elif "map" in row:
        for value in whole(api, row["map"].rstrip("!"), "", depth + 1):
            yield {"en": value}
    elif "variants" in row:
        # Deep inside, the first one stands for all, because some types contain themselves.
        for tag, variant in islice(row["variants"].items(), None if depth < _DEEP else 1):
            for value in whole(api, variant, field, depth):
                yield {**value, row["tag"]: tag}
    elif expected.base.endswith(("ResourceIdentifier", "Reference")) and "typeId" in row["fields"]:
        yield _target(api, type_id(expected.base), expected.base)
    elif "fields" in row:
        # Of EUR: two for cents, more for a precise amount.
        digits = 3 if expected.base.startswith("HighPrecision") else 2
        for value in _objects(api, expected.base, depth):
            yield {**value, "fractionDigits": digits} if "fractionDigits" in value else value
    else:
        yield value_of(api.sandbox, expression, field)


def _objects(api: Api, name: str, depth: int) -> Iterator[dict[str, Any]]:
    # What is deeper occurs less deep in another draft.
    fields = TYPES[name]["fields"]
    chosen = {field: text.rstrip("!") for field, text in fields.items() if text.endswith("!") or depth < _DEEP}
    values = {field: whole(api, text, field, depth + 1) for field, text in chosen.items()}
    first = {field: within(name, field, next(several)) for field, several in values.items()}
    yield first
    for field, several in values.items():
        for value in several:
            yield {**first, field: within(name, field, value)}


def _text(field: str) -> str:
    if field in {"contactEmail", "customerEmail", "email"}:
        return f"a{next(_numbers)}@example.com"
    if field == "sortOrder":
        return f"0.{next(_numbers)}1"
    return FORMS.get(field) or f"text-{next(_numbers)}"


def _target(api: Api, type_name: str, name: str) -> dict[str, Any]:
    """Return a reference to a new record, by its key where the contract's type has no id."""
    stream = STREAM_OF.get(collection_of(type_name), "")
    fields = TYPES[name]["fields"]
    if not stream:
        return {"typeId": type_name, "id": "x"}
    if stream == "carts":
        record = api.sandbox.create(stream, {"customerId": api.sandbox.create("customers")["id"]})
    elif stream == "staged_quotes":
        cart = api.sandbox.create("carts")
        record = api.sandbox.create(stream, {"quotationCart": {"typeId": "cart", "id": cart["id"]}})
    elif stream == "types":
        rows = [{"name": name, "type": {"name": "String"}, "label": {}, "required": False} for name in ("en", "name")]
        record = api.sandbox.create(stream, {"key": f"key-{next(_numbers)}", "fieldDefinitions": rows})
    else:
        keyed = "key" in (published()["types"].get(_item(stream), {}).get("fields") or {})
        record = api.sandbox.create(stream, {"key": f"key-{next(_numbers)}"} if keyed or "Unit" in name else {})
    field = "id" if "id" in fields else "key"
    return {"typeId": type_name, field: record[field]}


def _item(stream: str) -> str:
    return str(published()["endpoints"][STREAMS[stream][0]]["item"])


def answered(reply: Reply, path: str) -> Any:
    """Return the record that a creation answers with."""
    return reply.body["customer"] if path == "/customers" else reply.body


def place(path: str, field: str) -> list[str]:
    """Return the path in a record at which a draft's field stands."""
    places = PLACES.get(path, {})
    if field in places:
        return places[field].split(".")
    return [field] if field in AT_THE_TOP or "" not in places else [*places[""].split("."), field]


def differences(sent: Any, stored: Any, path: str = "") -> list[str]:
    """Return where a value that was sent is not the stored one; references are the same by key or id."""
    # A null is a field that is left out.
    if sent is None or GIVEN_ANEW.fullmatch(path):
        return []
    if isinstance(sent, dict) and isinstance(stored, dict):
        if sent.keys() <= {"typeId", "id", "key"} and "typeId" in sent:
            same = sent["typeId"] == stored.get("typeId") and ("id" in stored or stored.get("key"))
            # By another name than it was sent: that it leads to the same record is asserted in test_not_dropped.
            same = same and all(stored[name] == sent[name] for name in sent.keys() & stored.keys())
            return [] if same else [f"{path}: {sent} became {stored}"]
        return [
            line
            for name, value in sent.items()
            for line in differences(value, stored.get(name), f"{path}.{name}" if path else name)
        ]
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        pairs = enumerate(zip(sent, stored, strict=True))
        return [line for number, pair in pairs for line in differences(*pair, f"{path}[{number}]")]
    return [] if sent == stored else [f"{path}: {sent!r} became {stored!r}"]


def parts(value: Any) -> Iterator[Any]:
    """Yield a value and every value inside it; names of fields too, for an action may say them."""
    yield value
    yield from value if isinstance(value, dict) else ()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from parts(item)


def existing(value: Any, path: str) -> str:
    """Return the longest beginning of a path such as `lineItems[0].variant` that leads to something in a value."""
    steps = re.findall(r"([^.\[\]]+)(\[\d+\])?", path)
    good = ""
    for name, index in steps:
        if not isinstance(value, dict) or name not in value:
            break
        good = f"{good}.{name}{index}" if good else f"{name}{index}"
        value = value[name][int(index[1:-1])] if index else value[name]
    return good


def without(value: Any, path: str) -> Any:
    """Return a copy of a value without what lies at a path; without the whole list at that of an item."""
    step, _, rest = path.partition(".")
    name, _, index = step.partition("[")
    if not rest:
        return {key: item for key, item in value.items() if key != name}
    if not index:
        return {**value, name: without(value[name], rest)}
    number = int(index.rstrip("]"))
    items = [without(item, rest) if place == number else item for place, item in enumerate(value[name])]
    return {**value, name: items}
