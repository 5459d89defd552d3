"""What is exported at the root: everything that a caller gets, hands over or catches, loaded when it is used."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import commercetools_source
from commercetools_source import errors, events

INSIDE = {"OversizedError", "OverdueError"}  # the transport raises and catches them
IMPORTS = [
    (str(node.module), alias.name)
    for block in ast.parse(Path(commercetools_source.__file__).read_text(encoding="utf-8")).body
    if isinstance(block, ast.If)
    for node in block.body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
]


@pytest.mark.parametrize(("module", "name"), IMPORTS)
def test_type_checkers_and_programs_get_the_same(module: str, name: str) -> None:
    assert inspect.unwrap(getattr(commercetools_source, name)) is getattr(import_module(module), name)


def test_type_checkers_see_every_public_name() -> None:
    assert sorted([name for _, name in IMPORTS] + ["__version__"]) == sorted(commercetools_source.__all__)


def test_every_error_and_every_event_is_exported() -> None:
    tree = {name for name, item in vars(errors).items() if inspect.isclass(item) and issubclass(item, Exception)}
    assert tree - INSIDE <= set(commercetools_source.__all__)
    assert {event.__name__ for event in get_args(events.Event)} <= set(commercetools_source.__all__)


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("first", ["import commercetools_source", "from commercetools_source.sync import sync as verb"])
def test_sync_is_called_by_its_short_name_whatever_was_imported_first(first: str) -> None:
    code = f"""
{first}
from commercetools_source import sync
from commercetools_source.sync import Summary, sync as verb
import commercetools_source.sync.plan, inspect
assert callable(sync) and sync.sync is verb and commercetools_source.sync is sync
print(inspect.signature(sync) == inspect.signature(verb), end="")
"""
    assert python(code) == "True"


def test_the_import_of_the_package_loads_none_of_its_modules() -> None:
    loaded = python("import sys, commercetools_source\nprint(*sys.modules)").split()
    assert [name for name in loaded if name.startswith("commercetools_source.")] == []


def test_the_types_of_the_records_cost_a_program_nothing() -> None:
    loaded = python("import sys\nfrom commercetools_source import Client, sync\nprint(*sys.modules)").split()
    assert "commercetools_source.client" in loaded
    assert "commercetools_source.records" not in loaded
