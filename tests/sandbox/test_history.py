"""The sandbox's Change History: its own journal, the contract's parameters, and answers that the contract judges."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockResponse
from werkzeug.datastructures import Headers, ImmutableMultiDict

from changes import NOW, journal, shop, stamp
from commercetools_source import Client
from commercetools_source.errors import ApiError, ForbiddenError, InvalidRequestError, NotFoundError
from commercetools_source.sandbox import Sandbox
from judges.specification import HISTORY, load

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "https://history.europe-west1.gcp.commercetools.com"


@pytest.fixture(scope="module")
def changed() -> Iterator[Sandbox]:
    """A tiny shop in which a record of most kinds was made, changed and deleted."""
    with Sandbox() as sandbox:
        for stream in ("zones", "tax_categories", "channels", "stores", "categories", "types", "customers", "reviews"):
            record = sandbox.create(stream)
            sandbox.update(stream, record["id"], {"key": f"key-{stream}"})
            sandbox.delete(stream, record["id"])
        for stream in ("orders", "products", "payments", "discount_codes", "shopping_lists", "standalone_prices"):
            sandbox.update(stream, sandbox.records(stream)[0]["id"], {"key": f"key-{stream}"})
        for stream in ("inventory", "custom_objects", "product_types", "states", "shipping_methods", "business_units"):
            sandbox.update(stream, sandbox.records(stream)[0]["id"], {"key": f"key-{stream}"})
        yield sandbox


@pytest.fixture
def client(changed: Sandbox) -> Iterator[Client]:
    with Client(changed.settings()) as client:
        yield client


def results(client: Client, path: str = "history:/", **params: Any) -> list[dict[str, Any]]:
    named = {name.replace("date_", "date."): value for name, value in params.items()}
    answer: dict[str, Any] = client.request("GET", path, params={"limit": 500, **named})
    assert answer["count"] == len(answer["results"])
    rows: list[dict[str, Any]] = answer["results"]
    return rows


def test_the_journal_has_what_was_made_changed_and_deleted(client: Client, changed: Sandbox) -> None:
    rows = results(client)
    assert Counter(row["type"] for row in rows) == {"ResourceCreated": 8, "ResourceUpdated": 20, "ResourceDeleted": 8}
    assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, changed.records("change_history")))
    assert [row["modifiedAt"] for row in rows] == sorted((row["modifiedAt"] for row in rows), reverse=True)
    (deleted,) = (row for row in rows if row["resource"]["typeId"] == "zone" and row["type"] == "ResourceDeleted")
    assert (deleted["previousVersion"], deleted["version"]) == (2, 3)
    (update,) = (row for row in rows if row["resource"]["typeId"] == "order")
    assert [(one["change"], one["nextValue"]) for one in update["changes"]] == [("setKey", "key-orders")]


def test_who_made_a_change_over_the_api_is_in_it(changed: Sandbox) -> None:
    with Client(changed.settings()) as client:
        made = client.request("POST", "/zones", body={"name": "North", "locations": [{"country": "NO"}]})
        (row,) = results(client, f"history:/zone/{made['id']}")
    assert row["modifiedBy"] == {"type": "api-client", "isPlatformClient": False, "clientId": "sandbox-client"}
    assert row["label"] == {"type": "StringLabel", "value": "North"}
    changed.delete("zones", made["id"])


def test_lists_are_filtered_as_the_parameters_say(client: Client) -> None:
    kinds = {row["resource"]["typeId"] for row in results(client, resourceTypes=["zone", "order"])}
    assert kinds == {"zone", "order"}
    assert {row["resource"]["typeId"] for row in results(client, "history:/product")} == {"product"}
    assert {row["type"] for row in results(client, type="ResourceCreated")} == {"ResourceCreated"}
    (order,) = results(client, resourceTypes="order")
    assert results(client, resourceId=order["resource"]["id"]) == [order]
    assert results(client, resourceKey="key-orders") == [order]
    assert {change["change"] for row in results(client, changes="setKey") for change in row["changes"]} == {"setKey"}
    assert results(client, source="MerchantCenter") == []
    assert results(client, source="ApiClient", excludePlatformInitiatedChanges="excludeAll") == results(client)
    assert results(client, clientId="nobody") == results(client, userId="nobody") == []
    assert results(client, customerId="nobody") == results(client, associateId="nobody") == []
    assert results(client, businessUnit="nobody") == results(client, stores="nobody") == []


def test_dates_are_times_hours_ago_or_now() -> None:
    with shop(journal(3, 3 * 3600)) as sandbox, Client(sandbox.settings()) as client:
        assert [row["modifiedAt"] for row in results(client)] == [
            stamp(NOW - timedelta(hours=hours)) for hours in (1, 2, 3)
        ]
        assert len(results(client, date_from="2.5")) == 2
        assert len(results(client, date_from=stamp(NOW - timedelta(hours=2)))) == 2
        assert len(results(client, date_from="24", date_to=stamp(NOW - timedelta(hours=2)))) == 2
        sandbox.clock.advance(22 * 3600)
        assert len(results(client, date_to="now")) == 1


def test_totals_are_counted_where_they_are_asked_for_and_offsets_are_limited(client: Client) -> None:
    page = client.request("GET", "history:/", params={"limit": 2, "offset": 3})
    assert (page["limit"], page["offset"], page["count"]) == (2, 3, 2)
    assert "total" not in page
    counted = client.request("GET", "history:/", params={"limit": 1, "withTotal": True})
    assert counted["total"] == len(results(client))
    with pytest.raises(InvalidRequestError, match=r"offset parameter must be in the range of \[0..10000\]"):
        results(client, offset=10_001)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"where": 'type = "x"'}, "has no parameter 'where'"),
        ({"sort": "modifiedAt"}, "has no parameter 'sort'"),
        ({"expand": True}, "The sandbox has no more to say of a change; leave out 'expand'"),
        ({"resourceTypes": "cart"}, "'cart' is none of associate-role"),
        ({"source": "Mars"}, "'Mars' is none of MerchantCenter"),
        ({"excludePlatformInitiatedChanges": "setName"}, "'setName' is none of excludeAll"),
        ({"date_from": "yesterday"}, "'yesterday' is no time"),
        ({"limit": 501}, r"limit parameter must be in the range of \[0..500\]"),
    ],
)
def test_what_the_platform_has_not_or_the_sandbox_does_not_serve_is_refused(
    client: Client, params: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        results(client, **params)


def test_other_methods_and_paths_are_refused(client: Client) -> None:
    with pytest.raises(ApiError, match="405"):
        client.request("POST", "history:/", body={})
    with pytest.raises(NotFoundError):
        results(client, "history:/order/1/2")
    with pytest.raises(InvalidRequestError, match="'nonsense' is none of"):
        results(client, "history:/nonsense")


def test_a_client_sees_the_changes_of_what_it_may_view(changed: Sandbox) -> None:
    changed.add_client("orders", "orders-secret", ["view_audit_log", "view_orders"])
    changed.add_client("blind", "blind-secret", ["manage_project"])
    settings = changed.settings()
    with Client({**settings, "client_id": "orders", "client_secret": "orders-secret"}) as few:
        kinds = {row["resource"]["typeId"] for row in results(few)}
        assert "order" in kinds
        assert "product" not in kinds
        with pytest.raises(ForbiddenError, match="view_products"):
            results(few, resourceTypes="product")
    blind = {**settings, "client_id": "blind", "client_secret": "blind-secret"}
    with Client(blind) as none, pytest.raises(ForbiddenError, match="view_audit_log"):
        results(none)


class Asked:
    """A request in the form that openapi-core reads."""

    content_type = "application/json"
    method = "get"
    host_url = HOST
    body = None

    def __init__(self, path: str) -> None:
        self.path = path
        self.parameters = RequestParameters(query=ImmutableMultiDict(), header=Headers())


@pytest.mark.skipif(not HISTORY.exists(), reason="the platform's OpenAPI file is not in this repository")
@pytest.mark.filterwarnings("ignore:Unsupported scheme type")
@pytest.mark.parametrize("path", ["", "/order", "/zone"])
def test_answers_are_what_the_contract_says(client: Client, changed: Sandbox, path: str) -> None:
    api = OpenAPI.from_dict(load(HISTORY), config=Config(spec_validator_cls=None))
    answer = client.send("GET", f"history:{path or '/'}", params={"limit": 500, "withTotal": True})
    response = MockResponse(data=answer.body, status_code=200, content_type="application/json")
    try:
        api.validate_response(Asked(f"/{changed.project_key}{path}"), response)
    except OpenAPIError as error:
        causes = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
        raise AssertionError([f"{getattr(cause, 'absolute_path', '')}: {cause!s:.300}" for cause in causes]) from None
