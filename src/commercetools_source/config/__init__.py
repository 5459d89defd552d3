"""The settings of one project: their table, the files that hold them, and `Config`, which checks them as a whole."""

from commercetools_source.config.project import Config
from commercetools_source.config.values import Secret

__all__ = ["Config", "Secret"]
