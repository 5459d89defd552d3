"""The tap's settings as JSON Schema, and a tap's configuration as a `Config`; both from the package's one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.config.settings import SETTINGS
from commercetools_source.errors import ConfigError
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS, deletions_schema
from commercetools_source.frontends.words import SINGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.config import Config

__all__ = ["ACTIVATE_VERSION", "PREFIX", "TAP_SETTINGS", "check_environment", "config_of"]

PREFIX = "TAP_COMMERCETOOLS_"
"""Environment variables of the tap begin so (Singer's convention); `CTP_` belongs to the other front-ends."""

ACTIVATE_VERSION = "emit_activate_version_messages"
TAP_SETTINGS: dict[str, dict[str, Any]] = {
    ACTIVATE_VERSION: {
        "type": ["boolean", "null"],
        "title": "Emit ACTIVATE_VERSION messages",
        "description": "Send ACTIVATE_VERSION after each complete full read, so that targets remove what is gone.",
        "default": False,
    },
    EMIT_DELETIONS: deletions_schema("_sdc_deleted_at"),
}
"""Settings that the tap has besides the package's and the SDK's."""


def config_of(given: Mapping[str, Any], reserved: Iterable[str]) -> Config:
    """Return the checked settings in a tap's configuration; `reserved` names are the SDK's own.

    Raises ConfigError that names every wrong key, as a Singer user writes it.
    """
    # A setting of ours may have the name of one of the SDK.
    own_settings = {name: value for name, value in given.items() if name in SETTINGS or name not in set(reserved)}
    # Unknown keys are refused there, in the words of a Singer user.
    return SINGER.config(own_settings)


def check_environment(environ: Mapping[str, str]) -> None:
    """Raise ConfigError for numbers in the environment that the SDK would stumble over."""
    problems = []
    for name, setting in SETTINGS.items():
        variable = PREFIX + name.upper()
        # The SDK parses them before any check of ours.
        if setting.type == "integer" and variable in environ and not environ[variable].strip().isdecimal():
            problems.append(f"{variable} is {environ[variable]!r}; it must be a whole number, or not set")
    if problems:
        raise ConfigError(problems)
