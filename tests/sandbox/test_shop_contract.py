"""The builder of records covers any contract, not only the platform's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercetools_source.sandbox.contract import parse
from commercetools_source.sandbox.shop.balance import balance
from commercetools_source.sandbox.shop.builder import Builder
from commercetools_source.sandbox.shop.contract import Contract, load
from commercetools_source.sandbox.shop.filler import kebab, subject_of
from commercetools_source.sandbox.shop.world import Dice

if TYPE_CHECKING:
    from collections.abc import Callable


class Plain:
    """Fills in the least that fits."""

    def make(self, name: str, owner: str, build: Callable[[str], Any]) -> Any:  # noqa: ARG002 - the protocol's names
        return None

    def scalar(self, kind: str, key: str, owner: str) -> Any:  # noqa: ARG002 - the protocol's names
        return {"int": 1, "bool": True}.get(kind, key)

    def finish(self, name: str, value: dict[str, Any], build: Callable[[str], Any]) -> None:
        pass


PETS = {
    "Person": {"fields": {"name": "string!", "pets": "[Pet]", "best": "Pet", "mood": "Mood", "notes": "{Note}"}},
    "Pet": {"tag": "kind", "variants": {"cat": "Cat", "dog": "Dog", "box": "Box"}, "fields": {"kind": "string!"}},
    "Cat": {"fields": {"kind": "string!", "lives": "int"}},
    "Dog": {"fields": {"kind": "string!", "owner": "Person", "tricks": "[string]!"}},
    "Box": {"fields": {"kind": "string!", "inside": "Pet!"}},
    "Mood": {"enum": ["happy", "sleepy", "hungry"]},
    "Note": {"map": "[Mood]"},
}


def covered(types: dict[str, Any], root: str, *, seed: int = 1, most: int = 60) -> tuple[int, list[Any]]:
    """Return what is missing after at most `most` records, and the records."""
    builder = Builder(Contract.of(types), Plain(), Dice(seed))
    builder.cover(root)
    made = []
    while builder.missing and len(made) < most:
        made.append(builder.record(root))
    return builder.missing, made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string", ("string", "", False)),
        ("string!", ("string", "", True)),
        ("[Money]!", ("Money", "[", True)),
        ("[[Money]]", ("Money", "[[", False)),
        ("{[Money]}!", ("Money", "{[", True)),
        ("[Money!]!", ("Money", "[", True)),
    ],
)
def test_a_type_expression_is_taken_apart(text: str, expected: tuple[str, str, bool]) -> None:
    found = parse(text)
    assert (found.base, found.wrappers, found.required) == expected


def test_every_field_variant_and_value_occurs_although_types_contain_themselves() -> None:
    missing, made = covered(PETS, "Person")
    assert missing == 0
    assert len(made) < 12


def test_what_cannot_be_reached_is_not_waited_for() -> None:
    missing, made = covered({**PETS, "Alien": {"fields": {"name": "string!"}}}, "Person")
    assert missing == 0
    assert made


def test_a_named_variant_is_built() -> None:
    builder = Builder(Contract.of(PETS), Plain(), Dice(1))
    assert builder.record("Pet", "cat")["kind"] == "cat"


def test_what_a_record_lost_in_the_end_is_still_missing() -> None:
    class Resettable(Plain):
        def finish(self, name: str, value: dict[str, Any], build: Callable[[str], Any]) -> None:  # noqa: ARG002 - the protocol's names
            value.pop("mood", None)

    builder = Builder(Contract.of(PETS), Resettable(), Dice(1))
    builder.cover("Person")
    for _ in range(20):
        builder.record("Person")
    assert {name for name, _ in builder.contract.pairs(builder.missing)} >= {"Person"}
    assert ("Person", "mood") in builder.contract.pairs(builder.missing)


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a contract of a few types that may contain each other, without endless required cycles."""
    names = [f"T{number}" for number in range(draw(st.integers(1, 6)))]
    types: dict[str, Any] = {"E": {"enum": ["a", "b", "c"]}}
    for number, name in enumerate(names):
        inner = st.sampled_from(["int", "string", "E", *names])
        fields = {}
        for key in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)):
            pattern = draw(st.sampled_from(["{}", "[{}]", "[{}]!", "{{{}}}"]))
            fields[key] = pattern.format(draw(inner))
        if draw(st.booleans()):
            fields["must"] = draw(st.sampled_from(["int!", "E!", *(f"{other}!" for other in names[:number])]))
        types[name] = {"fields": fields}
    types["Root"] = {"tag": "is", "variants": {name.lower(): name for name in names}, "fields": {"is": "string!"}}
    for name in names:
        types[name]["fields"]["is"] = "string!"
    return types


@settings(max_examples=40, deadline=None)
@given(contracts(), st.integers(0, 1000))
def test_any_contract_is_covered_and_records_are_json(types: dict[str, Any], seed: int) -> None:
    missing, made = covered(types, "Root", seed=seed)
    assert Contract.of(types).pairs(missing) == []
    assert msgspec.json.decode(msgspec.json.encode(made)) == made


def test_the_platforms_contract_is_analysed_once() -> None:
    assert load() is load()
    assert len(load().types["Message"]["variants"]) >= 339


@pytest.mark.parametrize(
    ("name", "expected"),
    [("LineItem", "line-item"), ("Order", "order"), ("KeyValueDocument", "key-value-document")],
)
def test_kebab_case(name: str, expected: str) -> None:
    assert kebab(name) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("OrderCreated", "order"),
        ("DeliveryAdded", "order"),
        ("ParcelRemovedFromDelivery", "order"),
        ("CustomerGroupSet", "customer"),
        ("CustomerGroupCustomFieldAdded", "customer-group"),
        ("PaymentMethodInfoNameSet", "payment"),
        ("PaymentMethodCreated", "payment-method"),
        ("ProductVariantTailoringAdded", "product-tailoring"),
        ("ProductVariantDeleted", "product"),
        ("VariantDeleted", "variant"),
        ("CartDiscountDeleted", "cart-discount"),
        ("CartFrozen", "cart"),
        ("StagedQuoteDeleted", "staged-quote"),
    ],
)
def test_what_a_message_is_about(message: str, expected: str) -> None:
    assert subject_of(message) == expected


def cart(prices: list[tuple[int, int]], shipping: int, currency: str) -> dict[str, Any]:
    def money(amount: int) -> dict[str, Any]:
        return {"type": "centPrecision", "currencyCode": currency, "centAmount": amount, "fractionDigits": 0}

    lines = [
        {"price": {"value": money(price)}, "quantity": count, "totalPrice": money(1), "discountedPricePerQuantity": []}
        for price, count in prices
    ]
    taxed = {"totalNet": money(1), "totalGross": money(2), "taxPortions": [{"rate": 1, "amount": money(9)}]}
    return {
        "lineItems": lines,
        "customLineItems": [],
        "shippingInfo": {"price": money(shipping)},
        "totalPrice": money(3),
        "taxedPrice": taxed,
    }


@given(
    st.lists(st.tuples(st.integers(0, 99_999), st.integers(1, 9)), max_size=5),
    st.integers(0, 99_999),
    st.sampled_from(["JPY", "EUR"]),
)
def test_a_balanced_cart_adds_up_in_euros(prices: list[tuple[int, int]], shipping: int, currency: str) -> None:
    record = cart(prices, shipping, currency)
    balance(record)
    assert record["totalPrice"]["centAmount"] == sum(price * count for price, count in prices) + shipping
    assert {line["totalPrice"]["currencyCode"] for line in record["lineItems"]} <= {"EUR"}
    taxed = record["taxedPrice"]
    assert taxed["totalGross"]["centAmount"] == record["totalPrice"]["centAmount"]
    tax = taxed["totalGross"]["centAmount"] - taxed["totalNet"]["centAmount"]
    assert taxed["taxPortions"][0]["amount"]["centAmount"] == tax >= 0
