"""Every field of the contract that may hold personal data is decided."""

from __future__ import annotations

import re

from commercetools_source.catalog.contract import Expression, published
from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.streams import STREAMS

TELLING = re.compile(
    r"(first|last|middle|full|author|company|user|nick)_?name|mail|phone|mobile|^fax|birth|vat|iban|bic$|ssn|gender"
    r"|salutation|^title$|^company$|department|street|postal|zip|^city|building|apartment|pobox|AddressInfo"
    r"|^region$|^state$|latitude|longitude|anonymous|externalId|userId|customerNumber|accountId|Account$"
    r"|comment|^text$|interfaceText|^notes?$|^ip|userAgent|passport|nationality|addressKey|reason$|tracking_?id"
    r"|purchaseOrder|(invalid|duplicate)Value$|coordinates|signature|contact(?!Url)|licen[cs]e|social|remark|memo$|holder"
    r"|religi|health|device|session|fingerprint|login|uniquenessValue|interactionId|interfaceId$|cartPredicate|details$"
    r"|extensionBody|extraInfo|detailedError|localizedMessage",
    re.IGNORECASE,
)
"""Names of fields that may hold something of a person."""
WITHOUT_PERSONS = re.compile(r"^StagedOrder.*Address.*Action$|CodeNonApplicableError$|^MissingTaxRate")
"""Updates of an order edit that name an address by its key, and errors of it that tell of codes and of taxes."""


def reachable() -> set[str]:
    types = published().types
    reached: set[str] = set()
    waiting = [stream.item for stream in STREAMS.values()]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in types:
            continue
        reached.add(name)
        row = types[name]
        values = (*row.fields.values(), *filter(None, (row.values,)))
        waiting += [*row.variants.values(), *((value.items or value.values or value).name for value in values)]
    return reached


def is_told(value: Expression) -> bool:
    """Return whether a field, or what it has a list or map of, is a value of its own and no object with fields."""
    contract = published()
    inner = value.items or value.values or value
    row = contract.types.get(inner.name)
    if row is not None and row.values is not None:
        return is_told(row.values)
    is_list = value.items is not None
    scalars = {"string", "date", "any", "object", *(("number", "int") if is_list else ())}
    return contract.scalar(inner) in scalars and not (row is not None and row.enum)


def test_every_field_with_a_telling_name_is_decided() -> None:
    contract = published()
    undecided = set()
    for name in reachable():
        for field, value in contract.types[name].fields.items():
            if (
                TELLING.search(field)
                and is_told(value)
                and not WITHOUT_PERSONS.search(name)
                and (name, field) not in PERSONAL
            ):
                undecided.add((name, field))
    assert undecided == set()


def test_every_row_is_a_field_of_a_record_and_says_why_it_is_not_personal() -> None:
    reached, types = reachable(), published().types
    for (name, field), row in PERSONAL.items():
        assert name in reached, name
        assert field in types[name].fields, (name, field)
        assert bool(row.kind) != row.reason.endswith("."), (name, field)


def test_the_sentence_of_an_error_that_repeats_a_personal_value_is_personal_too() -> None:
    repeating = {name for name, field in PERSONAL if field in {"invalidValue", "duplicateValue"}}
    assert len(repeating) == 3
    assert {name for name in repeating if not PERSONAL[name, "message"].kind} == set()


def test_the_name_that_a_buyer_gives_is_a_free_text_under_each_of_its_fields() -> None:
    fields = {
        *(("ShoppingList", field) for field in ("name", "slug", "description")),
        *((name, "name") for name in ("PaymentMethod", "PaymentMethodInfo", "TextLineItem")),
        *(
            (f"{name}NameSetMessage", old)
            for name in ("PaymentMethod", "PaymentMethodInfo")
            for old in ("name", "oldName")
        ),
    }
    assert {pair for pair in fields if not (pair in PERSONAL and PERSONAL[pair].is_free_text)} == set()
