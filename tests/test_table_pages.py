"""docs/tables: every table and column of the model with its description, and pictures that can be read."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.areas import AREAS, Area
from commercetools_source.model.relations import all_relations, relations

DOCS = Path(__file__).parents[1] / "docs"
DRAWN = [area for area in AREAS if area.drawn]
WIDEST = 960  # scaled to the 830 pixels of a README its text has 9.5 pixels


def test_every_stream_is_in_one_area_and_the_list_leads_to_each_table() -> None:
    assert Counter(name for area in AREAS for name in area.streams) == Counter(list(STREAMS))
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    links = re.findall(r"\[(\w+)\]\(tables/(\w+)\.md#(\w+)\)", text)
    assert [table for table, _, anchor in links if table == anchor] == [
        table.name for area in AREAS for name in area.streams for table in relations(STREAMS[name])
    ]
    assert {area for _, area, _ in links} == {area.name for area in AREAS}


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name)
def test_every_column_has_its_type_and_a_description(area: Area) -> None:
    text = (DOCS / "tables" / f"{area.name}.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert list(sections) == [table.name for name in area.streams for table in relations(STREAMS[name])]
    for name, section in sections.items():
        rows = re.findall(r"^\| `(\w+)` \| (\S.*?) \| (\S.*\.) \|$", section, re.MULTILINE)
        assert [row[:2] for row in rows] == [
            (field.name, KINDS[field.kind].duckdb) for field in all_relations()[name].columns
        ]
        assert re.match(r"\n[A-Z].*\. Key: `", section)


def test_references_lead_to_the_section_of_their_table() -> None:
    anchors = {
        f"{path.name}#{name}"
        for path in (DOCS / "tables").glob("*.md")
        for name in re.findall(r"^## (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for path in (DOCS / "tables").glob("*.md"):
        links = set(re.findall(r"\]\((\w+\.md#\w+)\)", path.read_text(encoding="utf-8")))
        assert links <= anchors
    assert len(anchors) == len(all_relations())


@pytest.mark.parametrize("area", DRAWN, ids=lambda area: area.name)
def test_the_picture_of_an_area_can_be_read_at_the_width_of_a_page(area: Area) -> None:
    picture = (DOCS / "tables" / f"{area.name}.svg").read_text(encoding="utf-8")
    match = re.search(r'<svg [^>]*width="(\d+)" height="(\d+)"', picture)
    assert match is not None
    assert int(match[1]) <= WIDEST
    assert int(match[2]) <= 1100
    for name in area.drawn:
        assert f">{name}</text>" in picture


def test_pictures_show_what_identifies_a_row_its_totals_and_states() -> None:
    orders = (DOCS / "tables" / "orders.svg").read_text(encoding="utf-8")
    for name in ("orderNumber", "customerEmail", "orderState", "totalPrice_amount", "totalPrice_currency"):
        assert f">{name}</text>" in orders
    catalogue = (DOCS / "tables" / "catalogue.svg").read_text(encoding="utf-8")
    for name in ("sku", "key", "value_amount", "availableQuantity"):
        assert f">{name}</text>" in catalogue
