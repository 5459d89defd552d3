"""What leaves of a record, worked out from the contract's JSON and the table of secrets in the plainest manner."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.secrets import SECRETS
from commercetools_source.catalog.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

TYPES: dict[str, Any] = json.loads(
    resources.files("commercetools_source.catalog").joinpath("contract.json").read_bytes()
)["types"]
HIDDEN = {pair for pair, secret in SECRETS.items() if not secret.leaves}


def named(expression: str) -> str:
    """Return the name in a type expression."""
    return re.sub(r"[\[\]{}!]", "", expression)


def shown(value: Any, name: str, hidden: Collection[tuple[str, str]] = HIDDEN) -> Any:
    """Return `value`, of the contract's type `name` (or a list of such), without its secrets, or what is `hidden`."""
    if isinstance(value, list):
        return [shown(element, name, hidden) for element in value]
    row = TYPES.get(name, {})
    if not isinstance(value, dict):
        return value
    if "map" in row:
        return {key: shown(element, named(row["map"]), hidden) for key, element in value.items()}
    if isinstance(tag := value.get(row.get("tag", "")), str) and tag in row.get("variants", {}):
        return shown(value, row["variants"][tag], hidden)
    fields = row.get("fields", {})
    return {
        key: shown(element, named(fields[key]), hidden) if key in fields else element
        for key, element in value.items()
        if (name, key) not in hidden
    }


def inner(name: str) -> Iterator[tuple[str, str]]:
    """Yield what a type leads to, each with the step to it."""
    row = TYPES.get(name, {})
    for field, expression in row.get("fields", {}).items():
        yield f"field {field}", named(expression)
    for tag, variant in row.get("variants", {}).items():
        yield f"variant {tag}", variant
    if "map" in row:
        yield "map", named(row["map"])


def leading(hidden: Collection[tuple[str, str]], text: str) -> Iterator[tuple[str, Any]]:
    """Yield, for each stream and each way to one of the fields `hidden`, a record with `text` in that field."""
    for stream in STREAMS.values():
        seen = {stream.item}
        waiting: list[tuple[str, tuple[tuple[str, str], ...]]] = [(stream.item, ())]
        for name, steps in waiting:  # breadth first: the shortest way to each step
            for pair in sorted(hidden):
                if pair[0] == name:
                    yield stream.name, record(steps, {pair[1]: text, "other": 1, "shown": {pair[1]: "kept"}})
            for step, other in inner(name):
                ends = any(pair[0] == other for pair in hidden)
                if other not in seen or ends:
                    seen.add(other)
                    if len(steps) < 9:
                        waiting.append((other, (*steps, (step, name))))


def record(steps: tuple[tuple[str, str], ...], secret: dict[str, Any]) -> Any:
    value: Any = secret
    for step, name in reversed(steps):
        how, _, what = step.partition(" ")
        if how == "field":
            is_list = TYPES[name]["fields"][what].startswith("[")
            value = {"before": [what], what: [value, None, value] if is_list else value, "number": 1.10}
        elif how == "variant":
            value = {TYPES[name]["tag"]: what, **value}
        else:
            value = {"any": value}
    return value
