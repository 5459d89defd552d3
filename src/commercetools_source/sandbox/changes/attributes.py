"""Attributes of products and variants, held against their product type, and custom fields against their type.

https://docs.commercetools.com/api/projects/productTypes#attributedefinition,
https://docs.commercetools.com/api/projects/types#fielddefinition. Values that a record had before a change stay: the
definitions may have changed since. A custom field that is changed has all those beside it held against the type:
https://docs.commercetools.com/api/releases/2026-09-03-added-update-actions-to-remove-enumvalues-from-custom-type-fielddefinitions
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.changes.validation import Rules, validate
from commercetools_source.sandbox.changes.values import below
from commercetools_source.sandbox.platform.refusals import invalid_field, invalid_input, required_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Fitter", "rows_of"]

Row = dict[str, Any]

# What values of a kind are in the contract: https://docs.commercetools.com/api/projects/productTypes#attributetype
_KINDS: Mapping[str, str] = {
    "boolean": "bool",
    "date": "date",
    "datetime": "datetime",
    "ltext": "LocalizedString",
    "money": "Money",
    "number": "number",
    "reference": "Reference",
    "text": "string",
    "time": "time",
}
# https://docs.commercetools.com/api/projects/types#fieldtype: what attributes call otherwise
_CALLED: Mapping[str, str] = {"String": "text", "LocalizedString": "ltext", "LocalizedEnum": "lenum"}
# Values that are answered in another form than they may be sent in.
_STORED: Mapping[str, str] = {"datetime": "datetime", "money": "CentPrecisionMoney"}
_ENUMS = frozenset({"enum", "lenum"})


def _is_custom(value: Any) -> bool:
    """Return whether a value is what `custom` has, in a draft or in a record: a type and its fields."""
    # The types of all other objects are texts, or stand beside a name.
    return isinstance(value, dict) and isinstance(value.get("type"), dict) and value.keys() <= {"type", "fields"}


@dataclass(frozen=True, slots=True)
class Fitter:
    """Returns records with the values of attributes and custom fields as the platform answers them.

    `complete`: a value as one of a type of the contract. `kept`: texts of what is not checked.
    """

    rules: Rules
    complete: Callable[[Any, str], Any]
    product_types: Mapping[str, Mapping[str, Any]]
    type_of: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    kept: frozenset[bytes] = field(default=frozenset())

    def attributes(self, value: Any, product_type: str, *, embedded: bool, path: str = "") -> Any:
        """Return a record, or a part of one, whose attributes fit the type; raises a 400 for one that does not.

        `embedded`: whether what is outside of variants is of the level Product, as in products and tailoring.
        """
        if isinstance(value, list):
            return [
                self.attributes(item, product_type, embedded=embedded, path=f"{path}[{number}]")
                for number, item in enumerate(value)
            ]
        if not isinstance(value, dict):
            return value
        done = {}
        for name, item in value.items():
            field_path = below(path, name)
            if name == "attributes" and isinstance(item, list):
                level = "Product" if embedded and "ariant" not in path else "Variant"
                done[name] = self._entries(item, product_type, level, field_path)
            elif name != "custom":
                done[name] = self.attributes(item, product_type, embedded=embedded, path=field_path)
            else:
                done[name] = item
        return done

    def _entries(self, entries: list[Any], product_type: str, level: str | None, path: str) -> list[Any]:
        if product_type not in self.product_types:
            return entries
        rows = {row["name"]: row for row in rows_of(self.product_types[product_type].get("attributes"))}
        done, seen = [], set[str]()
        for number, entry in enumerate(entries):
            if msgspec.json.encode(entry) in self.kept:
                done.append(entry)
                seen |= {str(entry["name"])} if isinstance(entry, dict) and "name" in entry else set()
                continue
            field_path, name = f"{path}[{number}]", entry["name"]
            row = rows.get(name)
            if row is None:
                raise invalid_field(f"{field_path}.name", name, "an attribute of the product type", sorted(rows))
            if level is not None and row.get("level", level) != level:
                raise invalid_field(f"{field_path}.name", name, f"an attribute of the level {level}")
            if name in seen:
                raise invalid_input(f"The attribute '{name}' of '{path}' has two values.")
            seen.add(name)
            done.append({**entry, "value": self._value(entry["value"], row["type"], f"{field_path}.value")})
        # What the product and its variants lack is asked for where they are put together.
        for name, row in rows.items() if level is None else ():
            if row.get("isRequired") and name not in seen:
                raise required_field(f"{path}.{name}")
        return done

    def custom(self, value: Any, path: str = "") -> Any:
        """Return a draft or record whose custom fields fit their types; raises a 400 for one that does not."""
        if isinstance(value, list):
            return [self.custom(item, f"{path}[{number}]") for number, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if _is_custom(value):
            return self._custom(value, path)
        # Values of attributes are whatever a client says.
        return {
            name: item if name == "attributes" else self.custom(item, below(path, name)) for name, item in value.items()
        }

    def _custom(self, value: Row, path: str) -> Row:
        row, fields = self.type_of(value["type"]), _fields_of(value)
        # A copied shop, or a test's own records, may lack the type: then nothing is known of its fields.
        if not row:
            return value
        definitions = rows_of(row.get("fieldDefinitions"))
        types = {definition["name"]: definition["type"] for definition in definitions}
        done, unchanged = {}, _text_of(row, "", fields) in self.kept
        for name, item in fields.items():
            field_path = f"{path}.fields.{name}"
            if item is None or unchanged:
                done[name] = item
                continue
            if name not in types:
                raise invalid_field(field_path, item, f"a field of the type '{row.get('key')}': {', '.join(types)}")
            done[name] = self._value(item, types[name], field_path)
        for definition in definitions:
            name = definition["name"]
            if definition.get("required") and fields.get(name) is None and _text_of(row, name, None) not in self.kept:
                raise required_field(f"{path}.fields.{name}")
        return {**value, "fields": done} if "fields" in value else value

    def _value(self, value: Any, value_type: Mapping[str, Any], path: str) -> Any:
        name = _CALLED.get(value_type["name"], value_type["name"].lower())
        if name == "set":
            validate(self.rules, value, "[any]", path)
            return [
                self._value(item, value_type["elementType"], f"{path}[{number}]") for number, item in enumerate(value)
            ]
        if name == "nested":
            validate(self.rules, value, "[Attribute]", path)
            return self._entries(value, value_type["typeReference"]["id"], None, path)
        if name in _ENUMS:
            return self._enum(value, value_type, path)
        if name == "reference" and isinstance(value, dict):
            type_id = value_type["referenceTypeId"]
            if value.get("typeId") != type_id:
                raise invalid_field(f"{path}.typeId", value.get("typeId"), f"'{type_id}'", [type_id])
        validate(self.rules, value, _KINDS[name], path)
        # https://docs.commercetools.com/api/projects/productTypes#attributemoneytype: of cent precision only
        if name == "money" and value.get("type", "centPrecision") != "centPrecision":
            raise invalid_field(f"{path}.type", value["type"], "'centPrecision'", ["centPrecision"])
        return self.complete(value, _STORED[name]) if name in _STORED else value

    def _enum(self, value: Any, value_type: Mapping[str, Any], path: str) -> Any:
        values = {row["key"]: row for row in value_type.get("values") or ()}
        # A value may be sent as it is answered: https://docs.commercetools.com/api/projects/productTypes#attributeenumtype
        attribute = value_type["name"] in _ENUMS
        key = value.get("key") if attribute and isinstance(value, dict) else value
        if not isinstance(key, str) or key not in values:
            raise invalid_field(path, key, f"one of {', '.join(values)}", list(values))
        return dict(values[key]) if attribute else value

    def keeping(self, old: Mapping[str, Any]) -> Fitter:
        """Return a fitter that takes what the record had before as it is."""
        return replace(self, kept=frozenset(self._texts(old)))

    def _texts(self, value: Any) -> Iterator[bytes]:
        """Yield the text of every attribute and custom field, and of every custom field that is missing."""
        if _is_custom(value):
            yield from self._custom_texts(value)
        elif isinstance(value, dict):
            for name, item in value.items():
                if name != "attributes":
                    yield from self._texts(item)
                elif isinstance(item, list):
                    yield from (msgspec.json.encode(entry) for entry in item)
        elif isinstance(value, list):
            for item in value:
                yield from self._texts(item)

    def _custom_texts(self, value: Row) -> Iterator[bytes]:
        row, fields = self.type_of(value["type"]), _fields_of(value)
        # No field is called so: this is the text of all of them.
        yield _text_of(row, "", fields)
        for name in {*fields, *(definition["name"] for definition in rows_of(row.get("fieldDefinitions")))}:
            yield _text_of(row, name, fields.get(name))


def rows_of(definitions: Any) -> list[Row]:
    """Return the definitions that have a name and a type: a record of a test may have any."""
    rows = definitions if isinstance(definitions, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str) and "type" in row]


def _fields_of(custom: Row) -> Row:
    fields = custom.get("fields")
    return fields if isinstance(fields, dict) else {}


def _text_of(row: Mapping[str, Any], name: str, value: Any) -> bytes:
    return msgspec.json.encode([row.get("id"), name, value])
