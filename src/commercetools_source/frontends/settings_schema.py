"""The settings as JSON Schema, from their one table: what each front-end tells its users of them."""

from __future__ import annotations

from typing import Any

from commercetools_source.config.settings import SETTINGS, Setting

__all__ = ["EMIT_DELETIONS", "config_schema", "deletions_schema"]

EMIT_DELETIONS = "emit_deletions"
"""A setting that protocol front-ends have besides the table's: a destination of `sync` always takes deletions."""


def config_schema(*, nullable: bool = True, mark: str = "secret") -> dict[str, Any]:
    """Return the JSON Schema of the settings: types, defaults, meanings, what is required and what is secret.

    With `nullable` what is not required may be null. `mark`: the key by which a protocol marks a secret.
    """
    return {
        "type": "object",
        "properties": {name: _property(setting, mark, nullable=nullable) for name, setting in SETTINGS.items()},
        "required": [name for name, setting in SETTINGS.items() if setting.required],
    }


def deletions_schema(column: str, *, nullable: bool = True) -> dict[str, Any]:
    """Return the JSON Schema of `emit_deletions`, where `column` has the time of a deletion."""
    return {
        "type": ["boolean", "null"] if nullable else "boolean",
        "title": "Emit deletions",
        "description": f"Send a record with `{column}` for each one that, as Messages tell, was deleted since.",
        "default": False,
    }


def _property(setting: Setting, mark: str, *, nullable: bool) -> dict[str, Any]:
    json_type = "string" if setting.type == "time" else setting.type
    described: dict[str, Any] = {
        "type": [json_type, *([] if setting.required else ["null"])] if nullable else json_type,
        "title": setting.title,
        "description": setting.meaning,
    }
    if setting.secret:
        described[mark] = True
    if json_type != "string" and setting.default is not None:
        described["default"] = setting.default
    if setting.type == "time":
        described["format"] = "date-time"
    return described
