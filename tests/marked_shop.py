"""A shop in which each personal field of each stream has a mark, and all that can be somebody's is one person's."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from changes import NOW, change
from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.forgotten import PERSON_STREAMS
from commercetools_source.sandbox.contract import published
from corpus import corpus
from hidden import TYPES, named
from marks import MARK, PAIRS, marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus import Row

EMAIL, PERSON = "forget.me@example.com", "10000000-0000-4000-8000-000000000001"
TEXT = "Text-of-a-Person"
"""What stands in free texts and in the project's own fields of the person's records."""
FREE = {pair for pair, row in PERSONAL.items() if row.is_free_text}
OWN = {
    (name, field)
    for name, row in TYPES.items()
    for field, kind in row.get("fields", {}).items()
    if kind.startswith("FieldContainer")
}
CHANGED = {
    (name, field)
    for name, row in TYPES.items()
    for field, kind in row.get("fields", {}).items()
    if "CustomField" in name and kind.startswith("any") and "name" in row["fields"]
}
"""Values of custom fields in Messages of their changes, and in edits of orders."""
MEANT = {("DiscountCode", field) for field in ("name", "description", "cartPredicate")}
ERASED = {*PAIRS, *FREE, *OWN, *CHANGED, *MEANT, ("CustomObject", "value")}
"""What `forget` erases of a person's record."""
REFERENCE = {"typeId": "customer", "id": PERSON}
OBJECTS, CHANGES = "/custom-objects", "history:/"
OWNED: dict[str, dict[str, Any]] = {
    "business_units": {"contactEmail": EMAIL},
    "carts": {"customerId": PERSON, "customerEmail": EMAIL.upper()},
    "custom_objects": {"value": {"of": PERSON, "say": TEXT}},
    "customers": {"email": f" {EMAIL}"},
    "discount_codes": {"cartPredicate": f'customer.id = "{PERSON}"', "name": {"en": f"For {TEXT}"}},
    "messages": {"resource": REFERENCE},
    "order_edits": {"resource": REFERENCE, "comment": TEXT},
    "orders": {"customerId": PERSON, "customerEmail": EMAIL},
    "recurring_orders": {"customer": REFERENCE, "customerEmail": EMAIL},
    "shopping_lists": {"customer": REFERENCE, "name": {"en": f"{TEXT}'s list"}, "description": {"en": TEXT}},
}
"""What makes a record of a stream the person's; a reference to the customer for the others."""
_PARENTS = frozenset({"/", "/stores", "/product-selections"})


@cache
def rows() -> tuple[Row, ...]:
    """Return the fewest rows of the generated shop in which each stream has each personal field, all of them marked.

    With a Message of each type, and changes of the Change History. Marks name their stream: those of streams that
    hold nobody's records cannot be forgotten.
    """
    streams = {stream.path: stream for stream in STREAMS.values()} | {OBJECTS: STREAMS["custom_objects"]}
    ends, seen, chosen = published()["endpoints"], set[tuple[str, ...]](), []
    for path, parent, text in (*corpus(), *_changes()):
        record, item = json.loads(text), ends[path]["item"]
        reached = {(path, *pair) for pair in _reached(record, item)} | {(path,)}
        if reached <= seen and path not in _PARENTS:
            continue
        seen |= reached
        stream = streams.get(path)
        marks = (f"{MARK}-in-{stream.name if stream else path.strip('/')}-{number}" for number in count())
        new = marked(record, item, marks, fill=True)
        if stream in PERSON_STREAMS:
            new = {**_with_texts(new, item), **OWNED.get(stream.name, {"customer": REFERENCE} if stream else {})}
        chosen.append((path, parent, json.dumps(new).encode()))
    first = next(number for number, (path, _, _) in enumerate(chosen) if path == "/customers")
    path, parent, text = chosen[first]
    chosen[first] = path, parent, json.dumps({**json.loads(text), "id": PERSON}).encode()
    missing = PAIRS - {pair[1:] for pair in seen if len(pair) > 1} - {("BusinessUnit", "contactEmail")}
    assert not missing, missing  # a business unit that is neither a company nor a division is none that is known
    return tuple(chosen)


def marked_streams(text: str) -> set[str]:
    """Return the streams whose marks are in a text."""
    return set(re.findall(rf"{MARK}-in-([\w/{{}}-]+?)-\d", text))


def _changes() -> Iterator[Row]:
    """Yield a change of the customer for each kind of label, with a value in each field of a change."""
    fields = {name: f"{MARK}-in-change_history-0" for kind, name in PAIRS if kind == "HistoryChange"}
    for number, (kind, name) in enumerate(sorted(TYPES["HistoryLabel"]["variants"].items())):
        texts = {field: TEXT for field in TYPES[name]["fields"] if (name, field) in FREE}
        marks = {field: f"{MARK}-in-change_history-1" for field in TYPES[name]["fields"] if (name, field) in PAIRS}
        label = {"type": kind, **texts, **marks}
        changes = [{"type": "SetValueChange", "change": "setValue", **fields}]
        given = {"version": number, "label": label, "previousLabel": {}, "changes": changes}
        yield CHANGES, "", change(number, NOW, **given, resource=REFERENCE)


def _reached(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the personal fields of each object in `value`, of the contract's type `name`, whether or not it has them.

    And the variants of its unions, with "".
    """
    row = TYPES.get(name, {})
    if isinstance(value, list):
        for element in value:
            yield from _reached(element, name)
    elif not isinstance(value, dict):
        return
    elif "map" in row:
        for element in value.values():
            yield from _reached(element, named(row["map"]))
    elif isinstance(tag := value.get(row.get("tag", "")), str) and tag in row.get("variants", {}):
        yield row["variants"][tag], ""
        yield from _reached(value, row["variants"][tag])
    else:
        fields = row.get("fields", {})
        yield from ((name, field) for field in fields if (name, field) in PAIRS)
        for field in value.keys() & fields.keys():
            yield from _reached(value[field], named(fields[field]))


def _with_texts(value: Any, name: str) -> Any:
    """Return `value` with TEXT in its free texts, and for the texts of the project's own fields."""
    row = TYPES.get(name, {})
    if isinstance(value, list):
        return [_with_texts(element, name) for element in value]
    if not isinstance(value, dict):
        return value
    if isinstance(tag := value.get(row.get("tag", "")), str) and tag in row.get("variants", {}):
        return _with_texts(value, row["variants"][tag])
    if name == "FieldContainer":
        return {field: TEXT if isinstance(element, str) else element for field, element in value.items()}
    fields = row.get("fields", {})
    own = {"value", "oldValue", "previousValue"} if "CustomField" in name else set()
    return {
        key: TEXT
        if (name, key) in FREE and isinstance(element, str)
        else TEXT
        if key in own
        else _with_texts(element, named(fields[key]) if key in fields else "")
        for key, element in value.items()
    }
