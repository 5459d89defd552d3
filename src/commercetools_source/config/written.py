"""Settings as the text of a `.env` file: what this package writes, its own and other programs for the platform read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.config.settings import SETTINGS
from commercetools_source.config.values import Secret

if TYPE_CHECKING:
    from commercetools_source.config.project import Config

__all__ = ["SIGN", "env_text"]

SIGN = "# written by `commercetools-source init`"
"""The first line of such a file."""


def env_text(config: Config) -> str:
    """Return the settings that are not their defaults as lines `NAME=value`; the secret is among them."""
    lines = [f"{SIGN}; it holds a secret, so keep it out of version control"]
    for name, setting in SETTINGS.items():
        value = getattr(config, name)
        # The URLs say what region and host do, and other programs know only them.
        if value != setting.default and name not in {"region", "host"}:
            # As on the wire: https://datatracker.ietf.org/doc/html/rfc6749#section-3.3
            separator = " " if name == "scopes" else ","
            lines.append(f"{setting.variable}={_quoted(_text(value, separator))}")
    return "\n".join([*lines, ""])


def _text(value: object, separator: str) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    return separator.join(value) if isinstance(value, tuple) else str(value)


def _quoted(text: str) -> str:
    """Return a value so that it is read again as it is: quotes at its ends would be taken off, ` #` would end it."""
    if not (text.startswith(("'", '"')) or " #" in text):
        return text
    # The mark that the value does not have; for one that has both `init` finds that the text reads otherwise.
    mark = "'" if '"' in text else '"'
    return f"{mark}{text}{mark}"
