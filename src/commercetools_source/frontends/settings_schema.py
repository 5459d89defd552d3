"""The settings as JSON Schema, from their one table: what each front-end tells its users of them."""

from __future__ import annotations

from typing import Any, get_type_hints

from commercetools_source.config import Config
from commercetools_source.config.settings import SETTINGS, Secret

__all__ = ["config_schema"]

_NUMBERS = {int: "integer", float: "number"}


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings: types, defaults, meanings, what is required and what is secret."""
    types = get_type_hints(Config)
    properties = {}
    for name, setting in SETTINGS.items():
        kind = _NUMBERS.get(types[name], "string")
        described: dict[str, Any] = {
            "type": [kind] if setting.required else [kind, "null"],
            "title": name.replace("_", " ").capitalize(),
            "description": setting.meaning,
        }
        if types[name] is Secret:
            described["secret"] = True
        if kind != "string":
            described["default"] = setting.default
        properties[name] = described
    properties["start_date"]["format"] = "date-time"
    required = [name for name, setting in SETTINGS.items() if setting.required]
    return {"type": "object", "properties": properties, "required": required}
