# ruff: noqa: INP001 - a module of its own at the root of the wheel
"""Makes `mage_integrations.sources.commercetools` ours: import finders that a `.pth` file installs.

It is imported when any interpreter of the environment starts, so it stands alone, imports nothing of
ours and touches no file until somebody asks for a `mage_integrations` module. No file of Mage's is
replaced: uninstalling this package, or the variable COMMERCETOOLS_SOURCE_MAGE=off, gives Mage's own
source back.

PYTEST_DONT_REWRITE: the package brings a pytest plugin, and pytest would warn in everybody's tests that
this module was imported before it could rewrite its assertions; it has none.
"""

import os
import sys

TYPE_CHECKING = False  # `typing` and `__future__` would cost more than all the rest, so annotations are quoted
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["VARIABLE", "First", "Last", "install", "is_off"]

VARIABLE = "COMMERCETOOLS_SOURCE_MAGE"
_OFF = frozenset({"0", "false", "no", "off"})
_ROOT = "mage_integrations"
_SOURCE = "mage_integrations.sources.commercetools"
_OURS = "commercetools_source.frontends.mage"


def is_off(environ: "Mapping[str, str]") -> bool:
    """Return whether `environ` switches the hook off."""
    return environ.get(VARIABLE, "").strip().lower() in _OFF


def install(environ: "Mapping[str, str]" = os.environ) -> None:
    """Put both finders in place, once; do nothing when `environ` switches them off."""
    if is_off(environ) or any(isinstance(finder, First) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, First())
    sys.meta_path.append(Last())


class First:
    """Asked before all others: finds our source, and what lies inside modules of ours."""

    def find_spec(
        self, name: str, _path: "Sequence[str] | None" = None, _target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Return our module for `name`; None when it is not ours or ours fails, so that Mage's is used."""
        if not name.startswith(_ROOT + "."):
            return None
        if name == _SOURCE:
            return _alias(name, _OURS + ".commercetools")
        above, _, last = name.rpartition(".")
        parent = getattr(sys.modules.get(above), "__name__", "")
        return _alias(name, f"{parent}.{last}") if parent.startswith(_OURS) else None


class Last:
    """Asked after all others: finds the stand-in for `mage_integrations` where Mage is not installed."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, _target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Return the stand-in for `name`, None when there is none or another finder knows better."""
        root, _, rest = name.partition(".")
        if root != _ROOT or (rest and getattr(sys.modules.get(_ROOT), "__file__", None)):
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:  # it came after us, as that of `pip install -e`
            found = finder.find_spec(name, path)
            if found is not None:
                return found
        return _alias(name, ".".join(filter(None, (_OURS, "standin", rest))))


def _alias(name: str, target: str) -> "ModuleSpec | None":
    """Return a spec that makes `name` another name of module `target`, which is imported; None when that fails."""
    from importlib import import_module
    from importlib.machinery import ModuleSpec

    try:
        module = import_module(target)
        package = hasattr(module, "__path__")
        loader: Any = _Loader(module)
        spec = ModuleSpec(name, loader, origin=getattr(module, "__file__", None), is_package=package)
        spec.has_location = True
    except ModuleNotFoundError as error:
        if error.name != target:
            _warn(name, error)
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, Mage's own module must still be importable
        _warn(name, error)
        return None
    return spec


def _warn(name: str, error: Exception) -> None:
    import warnings

    text = f"commercetools-source cannot serve {name} ({error!r}); Mage's own is used if it is installed"
    warnings.warn(text, RuntimeWarning, stacklevel=2)


class _Loader:
    """Hands out a module that is already imported, and leaves it as it is."""

    def __init__(self, module: "ModuleType") -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, _spec: "ModuleSpec") -> "ModuleType":
        """Return the module."""
        return self._module

    def exec_module(self, module: "ModuleType") -> None:
        """Undo what the import system changed in the module."""
        module.__spec__ = self._spec
