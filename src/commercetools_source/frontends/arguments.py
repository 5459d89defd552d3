"""What front-ends are handed beside the table's settings: each checked, and all problems in one error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.config.values import is_blank, shown
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["checked", "switch"]

# Templates and variables of the environment give nothing but text.
_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def checked(*checks: Callable[[], Any]) -> list[Any]:
    """Return what each of `checks` returns; raises one ConfigError with the problems of all that raise one."""
    results: list[Any] = []
    problems: list[str] = []
    for check in checks:
        try:
            results.append(check())
        except ConfigError as error:  # noqa: PERF203 - a handful of checks
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return results


def switch(name: str, value: object, *, default: bool = False) -> bool:
    """Return whether a setting is on, `default` where it is blank; raises ConfigError for no word of either."""
    setting = default if is_blank(value) else _WORDS.get(str(value).strip().lower())
    if setting is None:
        raise ConfigError(f"{name} is {shown(value)}; it must be true or false")
    return setting
