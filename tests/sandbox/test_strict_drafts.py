"""What a client may send: a draft or update that is not as the contract says is refused, and nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.contract import published
from tests.sandbox.minimal_drafts import minimal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

PLAIN = sorted(path for path in accepted().paths if accepted().draft(path) and "{" not in path and "/me/" not in path)
NAMES = {"en": "Name"}
ATTRIBUTE: dict[str, Any] = {"name": "size", "label": NAMES, "isRequired": False}


@pytest.mark.parametrize("path", [path for path in PLAIN if path in published()["endpoints"]])
def test_an_unknown_field_and_a_missing_one_are_refused(empty: Api, path: str) -> None:
    draft = minimal(empty.sandbox, path)
    total = empty.get(path).body["count"]
    unknown = empty.call("POST", path, {**draft, "nope": 1})
    assert (unknown.status, unknown.body["errors"][0]["code"]) == (400, "InvalidInput")
    assert "'nope'" in unknown.message
    for field in draft:
        missing = empty.call("POST", path, {name: value for name, value in draft.items() if name != field})
        assert missing.status == 400
        assert (missing.body["errors"][0]["code"], missing.body["errors"][0]["field"]) == ("RequiredField", field)
        nothing = empty.call("POST", path, {**draft, field: None})
        assert nothing.body["errors"][0]["code"] == "RequiredField"
    assert empty.get(path).body["count"] == total


@pytest.mark.parametrize(
    ("path", "fields", "field", "allowed"),
    [
        ("/orders", {"orderState": "Opn"}, "orderState", ["Open", "Confirmed", "Complete", "Cancelled"]),
        ("/carts", {"taxMode": "Internal"}, "taxMode", ["Platform", "External", "ExternalAmount", "Disabled"]),
        ("/channels", {"roles": ["Primary", "Shop"]}, "roles[1]",
         ["InventorySupply", "ProductDistribution", "OrderExport", "OrderImport", "Primary"]),
        ("/customers", {"authenticationMode": "None"}, "authenticationMode", ["Password", "ExternalAuth"]),
        ("/states", {"type": "Cart"}, "type",
         ["OrderState", "RecurringOrderState", "LineItemState", "ProductState", "ReviewState", "PaymentState",
          "QuoteRequestState", "StagedQuoteState", "QuoteState"]),
        ("/zones", {"locations": [{"country": 7}]}, "locations[0].country", None),
        ("/zones", {"locations": {"country": "DE"}}, "locations", None),
        ("/zones", {"name": NAMES}, "name", None),
        ("/categories", {"name": "Name"}, "name", None),
        ("/categories", {"slug": {"en": 1}}, "slug.en", None),
        ("/inventory", {"quantityOnStock": "5"}, "quantityOnStock", None),
        ("/inventory", {"quantityOnStock": True}, "quantityOnStock", None),
        ("/inventory", {"expectedDelivery": "tomorrow"}, "expectedDelivery", None),
        ("/customers", {"dateOfBirth": "31.01.2000"}, "dateOfBirth", None),
        ("/customers", {"isEmailVerified": "yes"}, "isEmailVerified", None),
        ("/customers", {"customerGroup": {"typeId": "channel", "id": "x"}}, "customerGroup.typeId", ["customer-group"]),
        ("/product-types", {"attributes": [{**ATTRIBUTE, "type": {"name": "txt"}}]},
         "attributes[0].type.name", sorted(accepted().types["AttributeType"]["variants"])),
        ("/inventory", {"quantityOnStock": 2**63}, "quantityOnStock", None),
        ("/zones", {"locations": [{"country": "Germany"}]}, "locations[0].country", None),
        ("/carts", {"currency": "eur"}, "currency", None),
        ("/standalone-prices", {"value": {"currencyCode": "EUR", "centAmount": -(2**63) - 1}},
         "value.centAmount", None),
        ("/standalone-prices", {"value": {"currencyCode": "euro", "centAmount": 1}}, "value.currencyCode", None),
        ("/standalone-prices", {"value": {"currencyCode": "JPY", "centAmount": 1, "fractionDigits": 2}},
         "value.fractionDigits", None),
        *(("/standalone-prices", {"value": {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": 1,
                                            "fractionDigits": digits}}, "value.fractionDigits", None)
          for digits in (-1, 2, 21, 10**9)),
        ("/zones", {"key": "not a key"}, "key", None),
        ("/stores", {"key": "x"}, "key", None),
        ("/custom-objects", {"container": "a/b"}, "container", None),
        ("/custom-objects", {"key": "ä"}, "key", None),
        ("/types", {"fieldDefinitions": [{"name": "a b", "label": NAMES, "required": False,
                                          "type": {"name": "String"}}]}, "fieldDefinitions[0].name", None),
    ],
)  # fmt: skip
def test_a_value_that_a_field_cannot_have_is_refused(
    empty: Api, path: str, fields: dict[str, Any], field: str, allowed: list[str] | None
) -> None:
    total = empty.get(path).body["count"]
    refused = empty.call("POST", path, {**minimal(empty.sandbox, path), **fields})
    assert refused.status == 400
    error = refused.body["errors"][0]
    assert (error["code"], error["field"]) == ("InvalidField", field)
    assert "invalidValue" in error
    assert error.get("allowedValues") == allowed
    assert empty.get(path).body["count"] == total


@pytest.mark.parametrize(
    ("path", "action", "code", "field"),
    [
        ("/orders", {"action": "changeOrderState", "orderState": "Opn"}, "InvalidField", "actions[0].orderState"),
        ("/orders", {"action": "changeOrderState"}, "RequiredField", "actions[0].orderState"),
        ("/recurring-orders", {"action": "setRecurringOrderState", "recurringOrderState": {"type": "nope"}},
         "InvalidField", "actions[0].recurringOrderState.type"),
        ("/recurring-orders", {"action": "setRecurringOrderState", "recurringOrderState": {}},
         "RequiredField", "actions[0].recurringOrderState.type"),
        ("/zones", {"action": "changeName", "name": 1}, "InvalidField", "actions[0].name"),
        ("/zones", {"action": "changeName", "name": "x", "nope": 1}, "InvalidInput", None),
        ("/zones", {"action": "setPopulation", "population": 1}, "InvalidInput", None),
        ("/zones", {"action": "setKey", "key": "no key"}, "InvalidField", "actions[0].key"),
        ("/customers", {"action": "setDateOfBirth", "dateOfBirth": "x"}, "InvalidField", "actions[0].dateOfBirth"),
        ("/channels", {"action": "setRoles", "roles": ["Shop"]}, "InvalidField", "actions[0].roles[0]"),
        ("/states", {"action": "changeInitial", "initial": 0}, "InvalidField", "actions[0].initial"),
    ],
)  # fmt: skip
def test_an_update_action_that_is_not_as_the_contract_says_is_refused(
    empty: Api, path: str, action: dict[str, Any], code: str, field: str | None
) -> None:
    stream = path[1:].replace("-", "_")
    record = empty.sandbox.create(stream)
    refused = empty.call("POST", f"{path}/{record['id']}", {"version": 1, "actions": [action]})
    assert refused.status == 400
    assert (refused.body["errors"][0]["code"], refused.body["errors"][0].get("field")) == (code, field)
    assert empty.get(f"{path}/{record['id']}").body["version"] == 1
