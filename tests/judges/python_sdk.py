"""The Python SDK `commercetools` from PyPI against a sandbox: it authenticates, pages, filters, reads and writes.

`make judges` runs it with the SDK in an environment of its own; settings come from the CTP_* variables.
"""

from __future__ import annotations

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from commercetools import CommercetoolsError
from commercetools.paginators import CursorPaginator, Paginator
from commercetools.platform import Client, models
from commercetools.platform.models import ZoneChangeNameAction, ZoneDraft, ZoneUpdate
from marshmallow import ValidationError

KEY = os.environ["CTP_PROJECT_KEY"]
# What the SDK says of types, fields and values that it does not know.
NEWER = re.compile(r"Could not find discriminator schema|Invalid enum value|Unknown field")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT.*Z")
MODELS = {
    "categories": "Category",
    "customers": "Customer",
    "productTypes": "ProductType",
    "products": "Product",
    "taxCategories": "TaxCategory",
    "types": "Type",
}
LISTS = (  # noqa: SIM905 - a table of words
    "api_clients associate_roles attribute_groups business_units cart_discounts carts categories channels"
    " custom_objects customer_groups customers discount_codes extensions inventory messages orders payments"
    " product_discounts product_projections product_selections product_types products quote_requests quotes reviews"
    " shipping_methods shopping_lists staged_quotes standalone_prices states stores subscriptions tax_categories"
    " types zones"
).split()


def client(secret: str | None = None) -> Any:
    """Return a client of the project."""
    auth = os.environ["CTP_AUTH_URL"]
    scope = [f"manage_project:{KEY}", f"manage_api_clients:{KEY}"]
    settings = {"scope": scope, "token_url": f"{auth}/oauth/token", "url": os.environ["CTP_API_URL"]}
    return Client(**settings, client_secret=secret or os.environ["CTP_CLIENT_SECRET"]).with_project_key(KEY)


def read(project: Any, name: str) -> str:
    """Page through a list with the SDK's own paginator, its answers decoded into the SDK's models."""
    lists = getattr(project, name)()
    total = lists.get(limit=0, with_total=True).total
    pages = Paginator(lists.get)
    pages.page_size = 100
    try:
        seen = [getattr(one, "id", None) or one.key for one in pages]
    except (ValidationError, ValueError):
        return one_by_one(lists, name, total)
    assert len(set(seen)) == len(seen) == total, (name, len(seen), total)
    return f"{name}: {len(seen)}"


def one_by_one(lists: Any, name: str, total: int) -> str:
    """Read a list of which some records have types, fields or values that came after the SDK's release."""
    newer = sum(not is_known(lists, offset) for offset in range(total))
    return f"{name}: {total - newer}, and {newer} that are newer than the SDK"


def is_known(lists: Any, offset: int) -> bool:
    """Return whether the SDK has models for a record; raises for any other reason not to read it."""
    try:
        return lists.get(limit=1, offset=offset, sort=["createdAt asc"]).count == 1
    except (ValidationError, ValueError) as error:
        if NEWER.search(str(error)):
            return False
        raise


def filters(project: Any) -> str:
    """Filter, sort, expand, and read one by id and by key."""
    first = project.orders().get(sort=["lastModifiedAt desc", "id asc"], limit=2).results
    assert first[0].last_modified_at >= first[1].last_modified_at
    found = project.orders().get(where=[f'id = "{first[1].id}"', f'orderNumber = "{first[1].order_number}"'])
    assert [one.id for one in found.results] == [first[1].id]
    assert project.orders().with_id(first[0].id).get().id == first[0].id
    zone = next(one for one in project.zones().get().results if one.key)
    assert project.zones().with_key(zone.key).get().id == zone.id
    walked = CursorPaginator(project.zones().get)
    walked.page_size = 500
    assert len(list(walked)) == project.zones().get().total
    return "filters: as expected"


def writes(project: Any) -> str:
    """Make, change and delete; an outdated version is a conflict."""
    zone = project.zones().post(ZoneDraft(name="Judge", key="judge", locations=[]))
    change = ZoneUpdate(version=zone.version, actions=[ZoneChangeNameAction(name="Changed")])
    assert project.zones().with_id(zone.id).post(change).name == "Changed"
    refused: list[CommercetoolsError] = []
    try:
        project.zones().with_id(zone.id).delete(version=1)
    except CommercetoolsError as error:
        refused.append(error)
    assert [error.errors[0]["currentVersion"] for error in refused] == [2]
    assert project.zones().with_id(zone.id).delete(version=2).key == "judge"
    return "writes: as expected"


def creates(project: Any) -> str:
    """Make a shop out of shop.json as an importer does, through the SDK's models, and compare what is read back."""
    rows = json.loads(Path(__file__).with_name("shop.json").read_text(encoding="utf-8"))
    for row in rows:
        collection = re.sub(r"([A-Z])", r"_\1", row["list"]).lower()
        lists, draft = getattr(project, collection)(), row["draft"]
        name = "OrderImport" if row.get("import") else MODELS[row["list"]]
        sent = getattr(models, f"{name}Draft").deserialize(draft)
        made = (lists.import_order() if row.get("import") else lists).post(sent)
        made = getattr(made, "customer", made)
        stored = plain(lists.with_id(made.id).get())
        assert stored == plain(made)
        for field, value in draft.items():
            if field != "publish":
                inside = stored if field in row.get("top", ()) or "at" not in row else below(stored, row["at"])
                same(value, inside.get(field), f"{row['list']} {field}")
    return f"creates: {len(rows)} records as sent"


def plain(record: Any) -> Any:
    """Return a model of the SDK as JSON values."""
    return json.loads(json.dumps(record.serialize(), default=str))


def below(value: Any, path: list[str]) -> Any:
    """Return what lies at a path."""
    for name in path:
        value = value[name]
    return value


def same(sent: Any, stored: Any, where: str) -> None:
    """Assert that what was sent is stored: key and label stand for an enum's key, an id for the key of a reference."""
    if isinstance(sent, str) and isinstance(stored, dict) and "label" in stored:
        assert stored["key"] == sent, where
    elif isinstance(sent, dict) and "typeId" in sent:
        assert stored["typeId"] == sent["typeId"], where
        assert stored.get("id") or stored.get("key") == sent["key"], where
    elif isinstance(sent, dict) and isinstance(stored, dict):
        for name, value in sent.items():
            same(value, stored.get(name), f"{where}.{name}")
    elif isinstance(sent, list) and isinstance(stored, list):
        assert len(sent) == len(stored), where
        for number, pair in enumerate(zip(sent, stored, strict=True)):
            same(*pair, f"{where}[{number}]")
    elif isinstance(sent, str) and MOMENT.fullmatch(sent):
        assert datetime.fromisoformat(sent) == datetime.fromisoformat(stored), where
    else:
        assert sent == stored, (where, sent, stored)


def main() -> None:
    """Print what was read; end with a traceback at the first difference."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox answers on this machine only, without TLS
    project = client()
    print(f"project: {project.get().name}")
    for name in LISTS:
        print(read(project, name))
    print(filters(project))
    print(creates(project))
    print(writes(project))


if __name__ == "__main__":
    main()
