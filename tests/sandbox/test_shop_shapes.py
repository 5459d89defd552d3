"""Every record of the shop fits the platform's contract, and everything in the contract occurs in the shop."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timezone
from importlib import resources
from typing import Any

import msgspec
import pytest

from commercetools_source.sandbox.shop.generate import generate

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
# A list or a map in a type expression, its inside, and whether it is required.
WRAPPED = re.compile(r"^([\[{])(.*)[\]}]$")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
DAY = re.compile(r"^\d{4}-\d\d-\d\d$")

# Their values only repeat which variant of a union a value is.
SELF_NAMING = {"ReferenceTypeId", "MoneyType"}
# What no record shows, and why.
NEVER = {
    # There is one project, and it has one way to select shipping rates, one catalog model, and so on.
    "BusinessUnit": {("Company", "parentUnit")},  # inherited by the specification; a company is the top of its tree
    "Message": {("Company", "parentUnit")},
    "OrderEdit": {("Company", "parentUnit")},
    "Project": {
        "ShippingRateInputType",
        "CartValueType",
        "CartScoreType",
        "ShippingRateTierType",
        "ProductCatalogModel",
    }
    | {"DiscountCombinationMode", "BusinessUnitConfigurationStatus", "RoundingMode", "LastModifiedBy", "Attribution"}
    | {"CustomerReference", "UserReference", "AttributionSource", "ReferenceTypeId"},
}


def contract() -> dict[str, Any]:
    return msgspec.json.decode(
        resources.files("commercetools_source").joinpath("catalog", "contract.json").read_bytes()
    )


class Reader:
    """Walks records along the contract; remembers what occurred and what did not fit."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types
        self.seen: set[tuple[str, str]] = set()
        self.problems: list[str] = []

    def read(self, value: Any, text: str, where: str) -> None:
        text = text.rstrip("!")
        wrapped = WRAPPED.match(text)
        if wrapped:
            kind = list if wrapped[1] == "[" else dict
            if not isinstance(value, kind):
                self.problems.append(f"{where} is not a {kind.__name__}: {value!r:.80}")
                return
            for part in value.values() if kind is dict else value:
                self.read(part, wrapped[2], f"{where}[]")
        elif text in self.types:
            self._typed(value, text, where)
        else:
            self._scalar(value, text, where)

    def _typed(self, value: Any, name: str, where: str) -> None:
        shape = self.types[name]
        if "enum" in shape:
            if value not in shape["enum"]:
                self.problems.append(f"{where} is {value!r:.80}, not one of {name}")
            self.seen.add((name, str(value)))
        elif "map" in shape:
            self.read(value, "{" + shape["map"] + "}", where)
        elif "is" in shape:
            self._scalar(value, shape["is"], where)
        elif "variants" in shape:
            tag = value.get(shape["tag"])
            named = self.types.get(shape["fields"][shape["tag"]].rstrip("!"), {})
            if tag not in shape["variants"] and tag in named.get("enum", ()):
                return  # the specification lists this value, but no type for it
            if tag not in shape["variants"]:
                self.problems.append(f"{where} has {shape['tag']}={tag!r}, which is no {name}")
                return
            self.seen.add((name, tag))
            self.read(value, shape["variants"][tag], where)
        else:
            self._object(value, name, shape["fields"], where)

    def _object(self, value: Any, name: str, fields: dict[str, str], where: str) -> None:
        if not isinstance(value, dict):
            self.problems.append(f"{where} is no {name}: {value!r:.80}")
            return
        for key, text in fields.items():
            if key in value:
                self.seen.add((name, key))
                self.read(value[key], text, f"{where}.{key}")
            elif text.endswith("!"):
                self.problems.append(f"{where} is a {name} without {key}")
        self.problems += [f"{where} is a {name}, which has no field {key}" for key in value if key not in fields]

    def _scalar(self, value: Any, kind: str, where: str) -> None:
        fits = {
            "string": lambda: isinstance(value, str),
            "int": lambda: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
            "bool": lambda: isinstance(value, bool),
            "datetime": lambda: isinstance(value, str) and MOMENT.match(value),
            "date": lambda: isinstance(value, str) and DAY.match(value),
            "time": lambda: isinstance(value, str),
            "object": lambda: isinstance(value, dict),
            "any": lambda: True,
        }[kind]()
        if not fits:
            self.problems.append(f"{where} is not a {kind}: {value!r:.80}")

    def reachable(self, root: str) -> set[tuple[str, str]]:
        """Return every (type, field), (type, variant) and (type, enum value) that a record of `root` could show."""
        found: set[tuple[str, str]] = set()
        done: set[str] = set()
        todo = [root]
        while todo:
            name = todo.pop()
            if name in done or name not in self.types:
                continue
            done.add(name)
            shape = self.types[name]
            if name in SELF_NAMING:
                continue
            found |= {(name, value) for value in shape.get("enum", ())}
            found |= {(name, value) for value in shape.get("variants", ())}
            inside = [shape["map"]] if "map" in shape else []
            if "variants" in shape:
                inside += shape["variants"].values()
            else:
                found |= {(name, key) for key in shape.get("fields", ())}
                inside += shape.get("fields", {}).values()
            todo += [re.sub(r"[\[\]{}!]", "", text) for text in inside]
        return found


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return contract()


@pytest.fixture(scope="module")
def readers(data: dict[str, Any]) -> dict[str, Reader]:
    found: dict[str, Reader] = {}
    for collection, _, record in generate("tiny", 1, NOW):
        reader = found.setdefault(collection, Reader(data["types"]))
        item = data["endpoints"][collection]["item"]
        value = msgspec.json.decode(record)
        reader.read(value, item, f"{collection} {value.get('id', '')}")
    return found


def test_every_record_fits_the_contract(readers: dict[str, Reader]) -> None:
    problems = [problem for reader in readers.values() for problem in reader.problems]
    assert problems == []


def test_every_pageable_collection_has_records(readers: dict[str, Reader], data: dict[str, Any]) -> None:
    # The server derives them: projections of products and variants, and the history of what is changed later.
    special = {"/product-projections", "/variant-projections", "history:/"}
    top = {path for path, row in data["endpoints"].items() if row["item"] and path.count("/") == 1} - special
    assert top - set(readers) == set()


def test_everything_in_the_contract_occurs(readers: dict[str, Reader], data: dict[str, Any]) -> None:
    missing: dict[str, list[str]] = defaultdict(list)
    for collection, reader in readers.items():
        item = data["endpoints"][collection]["item"]
        allowed = NEVER.get(item, set())
        for name, part in sorted(reader.reachable(item) - reader.seen):
            if name not in allowed and (name, part) not in allowed:
                missing[collection].append(f"{name}.{part}")
    assert dict(missing) == {}
