"""Fields inside objects and lists that the contract does not know are named by path, and no data is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.arrow.nested import NestedFields
from commercetools_source.catalog.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable


def found(stream: str, *records: dict[str, Any]) -> list[str]:
    nested = NestedFields()
    nested.look(STREAMS[stream], raws(records))
    return dict(nested.fields()).get(stream, [])


def raws(records: Iterable[dict[str, Any]]) -> list[msgspec.Raw]:
    return [msgspec.Raw(json.dumps(record).encode()) for record in records]


@pytest.mark.parametrize(
    ("stream", "record", "paths"),
    [
        ("orders", {"createdBy": {"clientId": "c", "robot": {"id": "u"}}}, ["createdBy.robot"]),
        ("orders", {"lineItems": [{}, {"price": {"value": {"scale": 2}}}]}, ["lineItems[].price.value.scale"]),
        (
            "orders",
            {"shippingAddress": {"floor": "3"}, "totalPrice": {"net": 1}},
            ["shippingAddress.floor", "totalPrice.net"],
        ),
        (
            "orders",
            {"lineItems": [{"productType": {"typeId": "product-type", "release": 7}}]},
            ["lineItems[].productType.release"],
        ),
        (
            "products",
            {"masterData": {"current": {"variants": [{"prices": [{"tiers": [{"x": 1}]}]}]}}},
            ["masterData.current.variants[].prices[].tiers[].x"],
        ),
        (
            "products",
            {"masterData": {"current": {"masterVariant": {"availability": {"channels": {"a-b": {"x": 1}}}}}}},
            ["masterData.current.masterVariant.availability.channels.*.x"],
        ),
        ("messages", {"order": {"lineItems": [{"x": 1}]}, "resource": {"x": 1}}, ["order.lineItems[].x", "resource.x"]),
        ("categories", {"parent": {"obj": {"parent": {"x": 1}}}}, ["parent.obj"]),
    ],
)
def test_an_unknown_field_is_named_by_its_path(stream: str, record: dict[str, Any], paths: list[str]) -> None:
    assert found(stream, record, record) == paths


@pytest.mark.parametrize(
    ("stream", "record"),
    [
        ("orders", {"height": {"x": 1}}),  # a field of the record itself is a column, and told as such
        ("orders", {"custom": {"type": {"typeId": "type", "id": "t"}, "fields": {"birthday": {"x": 1}}}}),
        (
            "orders",
            {
                "lineItems": [
                    {"name": {"de-DE": "a", "xx": "b"}, "variant": {"attributes": [{"name": "n", "value": {"x": 1}}]}}
                ]
            },
        ),
        ("custom_objects", {"value": {"anna@example.org": {"x": [{"y": 1}]}}}),
        ("categories", {"name": {"de": {"x": 1}}, "slug": None, "ancestors": [None, 1, "x", []]}),
        (
            "products",
            {
                "masterData": {
                    "current": {"searchKeywords": {"en": [{"text": "a"}]}, "categoryOrderHints": {"id": "0.1"}}
                }
            },
        ),
        ("orders", {"createdBy": "x", "lineItems": 3, "totalPrice": None}),
    ],
)
def test_data_is_no_unknown_field(stream: str, record: dict[str, Any]) -> None:
    assert found(stream, record) == []


def test_a_name_that_may_be_data_is_not_told() -> None:
    people = {f"person{number}": 1 for number in range(30)}
    odd = {"anna@example.org": 1, "+49 30 1234": 2, "floor": 3}
    assert found("orders", {"billingAddress": people, "shippingAddress": odd}) == [
        "billingAddress.(30 odd names)",
        "shippingAddress.(2 odd names)",
        "shippingAddress.floor",
    ]


def test_what_cannot_be_decoded_is_somebody_elses_to_refuse() -> None:
    nested = NestedFields()
    deep = b'{"lineItems":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    nested.look(
        STREAMS["orders"], [msgspec.Raw(b"{"), msgspec.Raw(deep), msgspec.Raw(b"[1]"), *raws([{"cart": {"x": 1}}])]
    )
    assert list(nested.fields()) == [("orders", ["cart.x"])]


def test_a_sample_is_all_of_what_few_records_have_and_a_part_of_what_many_have() -> None:
    def names(count: int) -> str:
        (path,) = found("orders", *({"id": "a" * 10_000, "cart": {f"x{number}": 1}} for number in range(count)))
        return path

    assert names(99) == "cart.(99 odd names)"
    assert names(3_000) == "cart.(111 odd names)"  # 1 MB, and 1/256 of 30 MB


def test_a_very_large_record_is_not_looked_at() -> None:
    assert found("orders", {"id": "a" * 2_000_001, "cart": {"x": 1}}, {"cart": {"y": 1}}) == ["cart.y"]
