"""What the optional parts of the package need, and how they are installed: the one place that a release changes."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from commercetools_source.errors import ConfigError

__all__ = ["EXTRAS", "install_hint", "lacking", "lacking_text", "needs", "require"]

# It is on no package index yet: anybody could register its name there, so no hint may tell pip to look for it.
_INSTALL = "run pip install '.[{extra}]' in the folder of its source code"

EXTRAS: dict[str, tuple[str, ...]] = {
    "cli": ("rich", "typer"),
    "duckdb": ("duckdb", "pyarrow"),
    "ducklake": ("duckdb", "duckdb_extension_ducklake", "pyarrow"),
    "parquet": ("duckdb", "pyarrow"),
    "bucket": ("fsspec", "obstore"),
    # A server and a grammar: the sandbox answers without a web framework.
    "sandbox": ("lark", "uvicorn"),
    "singer": ("singer_sdk",),
    "dlt": ("dlt", "pyarrow"),
    "arrow": ("pyarrow",),
    "polars": ("polars", "pyarrow"),
    "pandas": ("pandas", "pyarrow"),
    "spark": ("pyspark", "pyarrow"),
}
"""The packages of each extra that are imported by their names; pip installs what these need in turn."""


def install_hint(extra: str) -> str:
    """Return how an extra is installed, as the end of a sentence."""
    return _INSTALL.format(extra=extra)


def lacking(extra: str) -> tuple[str, ...]:
    """Return the packages of an extra that are not installed; imports none of them."""
    return tuple(package for package in EXTRAS[extra] if not _is_installed(package))


def lacking_text() -> str:
    """Return in a sentence which packages of the commands are not installed, "" if all are."""
    # `parquet` needs what `duckdb` does; the other extras are asked for where somebody uses them.
    extras = [extra for extra in ("cli", "duckdb", "sandbox") if lacking(extra)]
    names = _listed(*extras)
    return f"not installed: {names}, which some commands need; {install_hint(','.join(extras))}" if extras else ""


def require(user: str, *extras: str) -> None:
    """Raise ConfigError that says what `user` needs and how it is installed, if a package of `extras` is missing."""
    missing = [extra for extra in extras if lacking(extra)]
    if missing:
        raise ConfigError(f"{user} needs {_listed(*missing)}: {install_hint(','.join(missing))}")


def _listed(*extras: str) -> str:
    """Return the missing packages of `extras` as words: "duckdb, pyarrow and lark"."""
    # Extras share packages, most of all pyarrow: each is named once.
    packages = list(dict.fromkeys(package for extra in extras for package in lacking(extra)))
    return " and ".join([", ".join(packages[:-1]), packages[-1]] if len(packages) > 1 else packages)


def needs(package: str, extra: str | None = None) -> str | None:
    """Return a sentence for a module that could not be imported; None for one that no extra brings.

    `extra`: what to install, by default the first that has the package.
    """
    # What fails is mostly a submodule, such as `pyarrow.dataset`; pip installs by the first name.
    name = package.partition(".")[0]
    extras = [extra] if extra else [extra for extra, packages in EXTRAS.items() if name in packages]
    return f"this needs {name}: {install_hint(extras[0])}" if extras else None


def _is_installed(package: str) -> bool:
    try:
        # find_spec raises ValueError for a module that has no spec, as one put in place by hand
        # (https://docs.python.org/3/library/importlib.html#importlib.util.find_spec).
        return sys.modules[package] is not None
    except KeyError:
        return find_spec(package) is not None
