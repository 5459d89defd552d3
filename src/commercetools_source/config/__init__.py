"""The settings of one project: their table, the files that hold them, and `Config`, which checks them as a whole."""

from typing import TYPE_CHECKING, Any

from commercetools_source.config.values import Secret

if TYPE_CHECKING:
    from commercetools_source.config.project import Config

__all__ = ["Config", "Secret"]


def __getattr__(name: str) -> Any:
    """Load `Config` when it is asked for: the table of settings, which protocols describe, is here without it."""
    if name != "Config":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from commercetools_source.config.project import Config

    return Config
