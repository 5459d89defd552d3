"""What leaves of a record, worked out from the contract's JSON and the table of secrets in the plainest manner."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from commercetools_source.catalog.secrets import SECRETS

TYPES: dict[str, Any] = json.loads(
    resources.files("commercetools_source.catalog").joinpath("contract.json").read_bytes()
)["types"]
HIDDEN = {pair for pair, secret in SECRETS.items() if not secret.leaves}


def named(expression: str) -> str:
    """Return the name in a type expression."""
    return re.sub(r"[\[\]{}!]", "", expression)


def shown(value: Any, name: str) -> Any:
    """Return `value`, of the contract's type `name` (or a list of such), without its secrets."""
    if isinstance(value, list):
        return [shown(element, name) for element in value]
    row = TYPES.get(name, {})
    if not isinstance(value, dict):
        return value
    if "map" in row:
        return {key: shown(element, named(row["map"])) for key, element in value.items()}
    if "variants" in row:
        return shown(value, row["variants"].get(value.get(row["tag"]), ""))
    fields = row.get("fields", {})
    return {
        key: shown(element, named(fields[key])) if key in fields else element
        for key, element in value.items()
        if (name, key) not in HIDDEN
    }
