"""What Mage's own modules offer, ours offer too, inside Mage and without it: names, signatures, constants, schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.mage import STEPS
from commercetools_source.frontends.mage.documented import schemas

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Environment

OURS = ["commercetools", "commercetools.client", "commercetools.schemas", "commercetools.streams.base"]
SIX = ["customers", "discount_codes", "inventory", "orders", "payments", "products"]
OURS += [f"commercetools.streams.{name}" for name in SIX]
BASES = ["http.client", "base", "catalog", "constants", "messages", "utils"]

# Prints what each module defines: bases and members of classes, parameters of functions, values of constants.
TELL = """
import importlib, inspect, json, sys
def parameters(function):
    found = inspect.signature(function).parameters.values()
    return [[one.name, "" if one.default is one.empty else repr(one.default)] for one in found if one.kind < 2]
def tell(value):
    if inspect.isclass(value):
        names = [name for name in vars(value) if not name.startswith("__")]
        members = {name: tell(inspect.unwrap(getattr(value, name))) for name in names}
        if "__init__" in vars(value):
            members["__init__"] = parameters(value.__init__)
        return {"bases": [base.__name__ for base in value.__mro__[1:-1]], "members": members}
    if inspect.isroutine(value) and callable(value):
        return parameters(inspect.unwrap(value))
    return "property" if isinstance(value, property) else repr(value)
def own(module, name, value):
    home = getattr(value, "__module__", None) or module.__name__
    return home.startswith(module.__name__) and not inspect.ismodule(value)
said = {}
for path in sys.argv[1].split(","):
    module = importlib.import_module("mage_integrations.sources." + path)
    names = [name for name in vars(module) if not name.startswith("_")]
    said[path] = {name: tell(vars(module)[name]) for name in names if own(module, name, vars(module)[name])}
print(json.dumps(said))
"""
# Values that hold classes, whose text names their module; tests of the suite look into them.
DIFFERENT = {"STREAMS", "LOGGER", "STATUS_CODE_EXCEPTION_MAPPING"}
# Nobody's interface: what Mage's modules import for themselves, a private method, and bases of singer-python's.
OF_SINGER = {"CatalogEntry", "Catalog", "SchemaMessage", "Message"}
IGNORED = {
    ".base.TYPE_SAMPLE_DATA",
    ".base.Source.members._Source__get_bookmarks_for_stream",
    ".catalog.METADATA_KEY_SELECTED",
}


@pytest.fixture(scope="module")
def inside(environment: Callable[..., Environment], mage_integrations: Path) -> Environment:
    return environment("mage-ours-first", *STEPS["ours first"], mage=mage_integrations)


def told(python: Environment, modules: list[str], **environ: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(python.good("python", "-c", TELL, ",".join(modules), environ=environ).out)
    return said


def lacking(wanted: Any, found: Any, place: str) -> list[str]:
    """Return what of Mage's surface is not in ours, in words."""
    if isinstance(wanted, dict):
        absent = [f"{place}.{name} is missing" for name in wanted if not isinstance(found, dict) or name not in found]
        both = [name for name in wanted if isinstance(found, dict) and name in found and name not in DIFFERENT]
        return absent + [line for name in both for line in lacking(wanted[name], found[name], f"{place}.{name}")]
    if isinstance(wanted, list) and place.endswith(".bases"):
        return [f"{place}: {base}" for base in wanted if base not in found and base not in OF_SINGER]
    if isinstance(wanted, list):
        names, ours = [name for name, _ in wanted], [name.lstrip("_") for name, _ in found or []]
        kept = ours[: len(names)] == [name.lstrip("_") for name in names]
        optional = all(default for _, default in (found or [])[len(names) :])
        return [] if kept and optional else [f"{place}{tuple(names)} is {tuple(ours)}"]
    return [] if wanted == found else [f"{place} is {found} and not {wanted}"]


def test_our_modules_offer_what_mages_do_inside_mage(inside: Environment) -> None:
    mage = told(inside, OURS, COMMERCETOOLS_SOURCE_MAGE="off")
    assert {name for path in mage.values() for name in path} > {"Commercetools", "Client", "BaseStream", "OrdersStream"}
    assert lacking(mage, told(inside, OURS), "") == []


def test_our_modules_and_stand_ins_offer_what_mages_do_without_mage(
    inside: Environment, environment: Callable[..., Environment]
) -> None:
    mage = told(inside, OURS + BASES, COMMERCETOOLS_SOURCE_MAGE="off")
    found = lacking(mage, told(environment("tap", ["{wheel}[singer]"]), OURS + BASES), "")
    assert [line for line in found if line.split()[0] not in IGNORED] == []


def narrower(wanted: Any, found: Any, place: str) -> list[str]:
    """Return where a schema of Mage's says something that ours does not."""
    types, ours = wanted.get("type", []), found.get("type", [])
    said = [f"{place} is {ours} and not {types}"] if not {*types} <= {*ours} else []
    for name, inner in wanted.get("properties", {}).items():
        said += narrower(inner, found.get("properties", {}).get(name, {}), f"{place}.{name}")
    if "items" in wanted:
        said += narrower(wanted["items"], found.get("items", {}), f"{place}[]")
    for key in {"format", "additionalProperties"} & wanted.keys():
        said += [f"{place} has no {key}"] if found.get(key) != wanted[key] else []
    return said


def test_mages_own_schemas_keep_their_columns_and_types_only_widen(mage_sources: Path) -> None:
    folder = mage_sources / "mage_integrations" / "mage_integrations" / "sources" / "commercetools" / "schemas"
    files = sorted(folder.glob("*.json"))
    assert [file.stem for file in files] == SIX
    ours = schemas()
    for file in files:
        wanted = json.loads(file.read_text())
        assert narrower(wanted, ours[file.stem], file.stem) == []
        assert list(ours[file.stem]["properties"])[: len(wanted["properties"])] == list(wanted["properties"])
