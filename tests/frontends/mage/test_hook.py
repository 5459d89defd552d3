"""The import hook, met as an interpreter meets it: by a `.pth` file in a site directory, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import commercetools_source

ROOT = Path(__file__).parents[3]
PACKAGE = Path(commercetools_source.__file__).parent
OURS = str(PACKAGE / "frontends" / "mage" / "commercetools" / "__init__.py")
NAME = "mage_integrations.sources.commercetools"

# A package of Mage's shape, with nothing of Mage's in it but names.
BASE = """
class Source:
    def __init__(self, **kwargs): self.config = kwargs.get("config")
class Schema: pass
def main(source_class, **kwargs): source_class(**kwargs)
"""
CLIENT = """
class Client:
    def __init__(self, config, logger=None): self.config = config
"""
OWN = "from mage_integrations.sources.base import Source\nclass Commercetools(Source): own = True\n"


def fake_mage(folder: Path, *, base: str = BASE, own: bool = True) -> Path:
    """Write a package of Mage's shape into `folder`, which is a site directory, and return it."""
    sources = folder / "mage_integrations" / "sources"
    (sources / "http").mkdir(parents=True)
    for package in (sources.parent, sources, sources / "http"):
        (package / "__init__.py").touch()
    (sources / "base.py").write_text(base)
    (sources / "http" / "client.py").write_text(CLIENT)
    if own:
        (sources / "commercetools").mkdir()
        (sources / "commercetools" / "__init__.py").write_text(OWN)
        (sources / "commercetools" / "client.py").write_text("mark = 1\n")
    return folder


def installed_hook(folder: Path) -> Path:
    """Lay the hook into `folder`, as the wheel does, and return it."""
    folder.mkdir(exist_ok=True)
    for name in ("commercetools_source_mage.py", "commercetools_source_mage.pth"):
        (folder / name).write_text((ROOT / "hook" / name).read_text())
    return folder


def run(code: str, *sites: Path, variable: str | None = None) -> Any:
    """Return the JSON that `code` prints in a fresh interpreter whose site directories are `sites`, in that order.

    It reads no `.pth` file of this environment (`-S`), where our package may well be installed.
    """
    environ = {key: value for key, value in os.environ.items() if key != "COMMERCETOOLS_SOURCE_MAGE"}
    environ["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), sysconfig.get_path("platlib")])
    if variable is not None:
        environ["COMMERCETOOLS_SOURCE_MAGE"] = variable
    lines = [
        "import importlib, json, site, sys",
        *(f"sys.path.insert(1, {str(place)!r}); site.addsitedir({str(place)!r})" for place in sites),
        *code.strip().splitlines(),
    ]
    answer = subprocess.run(
        [sys.executable, "-S", "-c", "\n".join(lines)], capture_output=True, text=True, check=False, env=environ
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


FILE = f"print(json.dumps(importlib.import_module({NAME!r}).__file__))"


@pytest.mark.parametrize("order", ["ours first", "Mage first"])
def test_our_source_is_in_force_whatever_was_installed_first(tmp_path: Path, order: str) -> None:
    sites = [installed_hook(tmp_path / "ours"), fake_mage(tmp_path / "mage")]
    assert run(FILE, *(sites if order == "ours first" else sites[::-1])) == OURS


def test_base_classes_are_mages_own_where_mage_is_installed(tmp_path: Path) -> None:
    mage = fake_mage(tmp_path / "mage")
    code = """
from mage_integrations.sources.commercetools import Commercetools
from mage_integrations.sources.commercetools.client import Client
from mage_integrations.sources import base
from mage_integrations.sources.http import client
bases = [issubclass(Commercetools, base.Source), issubclass(Client, client.Client)]
print(json.dumps([base.__file__, client.__file__, *bases]))
"""
    found = run(code, installed_hook(tmp_path / "ours"), mage)
    sources = mage / "mage_integrations" / "sources"
    assert found == [str(sources / "base.py"), str(sources / "http" / "client.py"), True, True]


def test_the_test_of_a_connection_waits_for_no_import_of_mages(tmp_path: Path) -> None:
    mage = fake_mage(tmp_path / "mage", base="import something_slow\n")
    code = f"""
import runpy
sys.argv = ["source", "--test_connection", "--config_json", "{{}}"]
try:
    runpy.run_path({OURS!r}, run_name="__main__")
except Exception as error:
    print(json.dumps(str(error)))
"""
    assert "project_key is missing" in run(code, installed_hook(tmp_path / "ours"), mage)


def test_base_classes_are_stand_ins_where_mage_is_not_installed(tmp_path: Path) -> None:
    code = """
from mage_integrations.sources.commercetools.client import Client
from mage_integrations.sources.http.client import Client as Base
from commercetools_source.frontends.mage.standin.sources.http.client import Client as StandIn
print(json.dumps([issubclass(Client, Base), Base is StandIn]))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == [True, True]


@pytest.mark.few(6)
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".sources",
        ".sources.base",
        ".sources.catalog",
        ".sources.constants",
        ".sources.http",
        ".sources.http.client",
        ".sources.messages",
        ".sources.utils",
        ".sources.commercetools",
        ".sources.commercetools.client",
        ".sources.commercetools.schemas",
        ".sources.commercetools.streams",
        ".sources.commercetools.streams.base",
        ".sources.commercetools.streams.orders",
        ".sources.commercetools.streams.carts",
        ".utils.logger",
    ],
)
def test_every_documented_module_can_be_imported_without_mage(tmp_path: Path, name: str) -> None:
    code = f"""
first = importlib.import_module("mage_integrations{name}")
again = importlib.import_module("mage_integrations{name}")
print(json.dumps([first is again, first.__spec__.name.startswith("commercetools_source")]))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == [True, True]


@pytest.mark.parametrize("name", [f"{NAME}.nonsense", "mage_integrations.nonsense", f"{NAME}.streams.nonsense"])
def test_a_name_that_nobody_documents_is_not_found(tmp_path: Path, name: str) -> None:
    code = f"""
try:
    importlib.import_module({name!r})
except ModuleNotFoundError as error:
    print(json.dumps(error.name))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == name


@pytest.mark.parametrize("variable", ["off", "OFF", "0", "false", "no"])
def test_the_variable_gives_mages_own_source_back(tmp_path: Path, variable: str) -> None:
    mage = fake_mage(tmp_path / "mage")
    own = str(mage / "mage_integrations" / "sources" / "commercetools" / "__init__.py")
    assert run(FILE, installed_hook(tmp_path / "ours"), mage, variable=variable) == own


@pytest.mark.parametrize("variable", ["", "on", "1"])
def test_any_other_value_of_the_variable_leaves_the_hook_on(tmp_path: Path, variable: str) -> None:
    assert run(FILE, installed_hook(tmp_path / "ours"), fake_mage(tmp_path / "mage"), variable=variable) == OURS


def test_uninstalling_gives_mages_own_source_back(tmp_path: Path) -> None:
    ours, mage = installed_hook(tmp_path / "ours"), fake_mage(tmp_path / "mage")
    before = {path: path.read_bytes() for path in mage.rglob("*.py")}
    assert run(FILE, ours, mage) == OURS
    assert {path: path.read_bytes() for path in mage.rglob("*.py")} == before
    for path in [*ours.glob("*.py"), *ours.glob("*.pth")]:
        path.unlink()
    assert run(FILE, ours, mage) == str(mage / "mage_integrations" / "sources" / "commercetools" / "__init__.py")


def test_mages_own_source_is_used_when_ours_cannot_be_imported(tmp_path: Path) -> None:
    mage = fake_mage(tmp_path / "mage", base="class Source: pass\n")
    broken = tmp_path / "broken"
    (broken / "commercetools_source").mkdir(parents=True)
    (broken / "commercetools_source" / "__init__.py").write_text("raise RuntimeError('broken')\n")
    code = f"""
import warnings
sys.path.insert(0, {str(broken)!r})
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    from mage_integrations.sources.commercetools import Commercetools
    from mage_integrations.sources.commercetools.client import mark
print(json.dumps([Commercetools.own, mark, str(told[0].message)]))
"""
    own, mark, told = run(code, installed_hook(tmp_path / "ours"), mage)
    assert own
    assert mark == 1
    assert "broken" in told


def test_an_import_of_anything_else_passes_by(tmp_path: Path) -> None:
    code = """
before = set(sys.modules)
import wave
print(json.dumps([name for name in sys.modules if name.startswith("commercetools_source") and name not in before]))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == []


def test_the_hook_imports_nothing_when_an_interpreter_starts(tmp_path: Path) -> None:
    ours = installed_hook(tmp_path / "ours")
    code = f"""
import encodings.utf_8_sig  # by which Python 3.13 reads .pth files itself
before = set(sys.modules)
sys.path.insert(0, {str(ours)!r})
site.addsitedir({str(ours)!r})
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    assert run(code) == ["commercetools_source_mage"]


def test_installing_twice_adds_nothing(tmp_path: Path) -> None:
    code = """
import commercetools_source_mage as hook
count = len(sys.meta_path)
hook.install()
print(json.dumps(len(sys.meta_path) - count))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == 0


def test_an_editable_installation_of_mage_that_starts_later_still_comes_first(tmp_path: Path) -> None:
    mage = fake_mage(tmp_path / "mage")
    code = f"""
from importlib.machinery import PathFinder
class Editable:
    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, [{str(mage)!r}]) if name == "mage_integrations" else None
sys.meta_path.append(Editable())
import mage_integrations
print(json.dumps([mage_integrations.__file__, importlib.import_module({NAME!r}).__file__]))
"""
    assert run(code, installed_hook(tmp_path / "ours")) == [str(mage / "mage_integrations" / "__init__.py"), OURS]


def test_a_folder_that_only_has_mages_name_does_not_hide_the_stand_in(tmp_path: Path) -> None:
    (tmp_path / "clone" / "mage_integrations").mkdir(parents=True)
    assert run(FILE, installed_hook(tmp_path / "ours"), tmp_path / "clone") == OURS


STATUS = (
    "from commercetools_source.frontends.mage import status\nprint(json.dumps([status().in_force, status().lines()]))"
)


@pytest.mark.parametrize(
    ("present", "variable", "in_force", "reason"),
    [
        ("hook and Mage", None, "commercetools-source", "Mage's own base classes"),
        ("hook", None, "commercetools-source", "Mage is not installed"),
        ("hook and Mage", "off", "mage", "COMMERCETOOLS_SOURCE_MAGE=off"),
        ("hook", "off", "none", "COMMERCETOOLS_SOURCE_MAGE=off"),
        ("Mage", None, "mage", "import hook"),
        ("", None, "none", "import hook"),
    ],
)
def test_the_status_tells_what_is_in_force_and_why(
    tmp_path: Path, present: str, variable: str | None, in_force: str, reason: str
) -> None:
    sites = [installed_hook(tmp_path / "ours")] if "hook" in present else []
    sites += [fake_mage(tmp_path / "mage")] if "Mage" in present else []
    found, lines = run(STATUS, *sites, variable=variable)
    assert found == in_force
    assert reason in " ".join(lines)
