"""The documentation says what the code does: its examples run, its generated pages are up to date."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.relations import all_relations

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))  # as `python tools/docs.py` has it


def test_every_generated_page_is_up_to_date() -> None:
    pages = runpy.run_path(str(ROOT / "tools" / "docs.py"))["pages"]()
    stale = [name for name, text in pages.items() if (ROOT / "docs" / name).read_text(encoding="utf-8") != text]
    assert pages
    assert not stale, "run `make docs`"


TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "path", [path for path in TEXTS if "sum(" in path.read_text("utf-8")], ids=lambda path: path.name
)
def test_no_example_adds_up_money_of_several_currencies(path: Path) -> None:
    examples = re.findall(r"```\w+\n.*?```|^    [^`\n]+$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    sums = re.compile(r"sum\([^)]*amount|amount[^\n]*sum\(", re.IGNORECASE)
    assert [code for code in examples if sums.search(code) and "currency" not in code.lower()] == []


def test_every_test_that_holds_a_promise_exists() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 20
    for path, name in named:
        code = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {name}\b", code, re.MULTILINE), f"{path} has no {name}"
    promises = re.findall(r"^## (.+)$", text, re.MULTILINE)
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert [name for name, part in zip(promises, parts, strict=True) if "Held by `tests/" not in part] == []


def test_the_number_of_types_whose_deletions_messages_tell_is_that_of_the_catalogue() -> None:
    count = sum(bool(stream.deleted_messages) for stream in STREAMS.values())
    assert f"for the {count} types that have one" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_numbers_of_streams_and_relations_are_those_of_the_catalogue() -> None:
    for page in ("README.md", "docs/airbyte.md", "docs/singer.md"):
        numbers = re.findall(r"(?:\*\* |: )(\d+) streams[:,]", (ROOT / page).read_text(encoding="utf-8"))
        assert numbers == [str(len(STREAMS))], page
    assert f"{len(all_relations())} relations" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
