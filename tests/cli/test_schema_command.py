"""`schema`: the model as text, as JSON and as pictures that can be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import combinations
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.cli.app import run
from commercetools_source.model.descriptions import describe_relation, descriptions
from commercetools_source.model.relations import all_relations
from commercetools_source.report.diagram import EVERYDAY, Box, Diagram, Link, Row, draw, mermaid
from commercetools_source.report.svg import svg

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["schema", *arguments]) == 0
    return capsys.readouterr().out


def test_without_a_name_every_table_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = answer(capsys).splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == list(all_relations())
    assert lines[-1].startswith(f"{len(all_relations())} tables")


def test_with_a_name_every_column_is_one_line_with_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = answer(capsys, "zones", "customers")
    assert re.findall(r"^(\w+): key (.*)$", text, re.MULTILINE)[:2] == [
        ("customers", "id"),
        ("customer_addresses", "customerId, id, below customers"),
    ]
    assert re.search(
        r"^  customerId +VARCHAR +key, -> customers\.id +Key of the row of customers .*\.$", text, re.MULTILINE
    )
    assert re.search(
        r"^  customerGroup_id +VARCHAR +-> customer_groups\.id +Id of the customer group\. Refers to .*\.$",
        text,
        re.MULTILINE,
    )
    assert re.search(r"^  dateOfBirth +DATE +Date of birth\. A day without a zone\.$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("order_line_items", {"order_line_items"}),
        ("product_variant_prices", {"product_variant_prices"}),
        ("sub_rates", {"tax_category_rate_sub_rates"}),
        ("Parcel_Items", {"cart_parcel_items", "order_parcel_items"}),
        ("zones", {"zones", "zone_locations"}),
    ],
)
def test_a_table_is_found_by_its_name_and_by_any_part_of_it(
    capsys: pytest.CaptureFixture[str], name: str, tables: set[str]
) -> None:
    assert {table["name"] for table in json.loads(answer(capsys, name, "--json"))["tables"]} == tables
    assert set(re.findall(r"^(\w+): key ", answer(capsys, name), re.MULTILINE)) == tables


def test_columns_are_found_by_any_part_of_their_name_or_description(capsys: pytest.CaptureFixture[str]) -> None:
    everywhere = json.loads(answer(capsys, "--find", "DiscountCode", "--json"))["columns"]
    expected = [
        (name, field.name)
        for name, relation in all_relations().items()
        for field in relation.columns
        if "discountcode" in f"{field.name} {descriptions(relation)[field.name]}".lower()
    ]
    assert [(column["table"], column["name"]) for column in everywhere] == expected != []
    text = answer(capsys, "orders", "--find", "totalprice_AMOUNT")
    assert re.match(r"orders\.totalPrice_amount +DECIMAL", text)
    by_description = json.loads(answer(capsys, "orders", "--find", "creditowed", "--json"))["columns"]
    assert [column["name"] for column in by_description] == ["paymentState"]
    # As the answer prints it, a table and its column, which people copy.
    assert "\n1 column with" in answer(capsys, "--find", "Order_Line_Items.variant_sku")
    assert "\n1 column with" in answer(capsys, "customers", "--find", "dateOfBirth")
    assert answer(capsys, "--find", "no such column").startswith("0 columns with 'no such column'")


def test_json_holds_all_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = {one["name"]: one for one in json.loads(answer(capsys, "--json"))["tables"]}
    assert list(found) == list(all_relations())
    for name, relation in all_relations().items():
        columns = [(one["name"], one["type"], one["nullable"]) for one in found[name]["columns"]]
        assert {one["name"]: one["description"] for one in found[name]["columns"]} == descriptions(relation)
        assert found[name]["description"] == describe_relation(relation)
        assert columns == [(one.name, KINDS[one.kind].duckdb, one.nullable) for one in relation.columns]
        assert tuple(found[name]["key"]) == relation.key
    assert {"columns": ["orderId"], "table": "orders", "references": ["id"]} in found["order_line_items"][
        "foreign_keys"
    ]


def test_mistakes_are_answered_with_what_is_legal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [
        (["order"], 2, "Did you mean orders?"),
        (["order_lin_items"], 2, "Did you mean order_line_items"),
        (["qqq"], 2, "`commercetools-source schema` lists all"),
        ([""], 2, "there is no stream or table '', nor in the name of a table."),
        (["order"], 2, "tables. Did you mean orders?"),
        (["--erd", str(tmp_path / "shop.pdf")], 2, "legal are .mmd, .svg"),
        (["--erd", str(tmp_path / "no" / "shop.svg")], 1, "does not exist; create it first"),
    ]
    for arguments, status, sentence in cases:
        assert run(["schema", *arguments]) == status
        assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_everyday_tables_are_there_and_linked_to_each_other() -> None:
    diagram = draw()
    assert [box.name for box in diagram.boxes] == list(EVERYDAY)
    linked = {name for link in diagram.links for name in (link.one, link.many)}
    assert linked == set(EVERYDAY)
    assert Link("order_line_items", "orders", ("orderId",), optional=False) in diagram.links
    assert Link("orders", "customers", ("customerId",), optional=True) in diagram.links


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("orders", {"orderNumber", "customerEmail", "totalPrice_amount", "orderState", "customerId", "store_key"}),
        ("customers", {"customerNumber", "email", "firstName", "lastName", "customerGroup_id"}),
        ("order_line_items", {"orderId", "name", "quantity", "totalPrice_amount", "productId"}),
        ("products", {"key", "productType_id", "taxCategory_id"}),
        ("payments", {"key", "amountPlanned_amount", "customer_id"}),
        ("discount_codes", {"code", "isActive"}),
    ],
)
def test_a_box_shows_the_columns_that_a_person_looks_for(table: str, columns: set[str]) -> None:
    (box,) = (box for box in draw().boxes if box.name == table)
    assert columns <= {row.name for row in box.rows}
    assert len(box.rows) <= 20


def test_a_streams_diagram_has_all_its_tables_and_what_they_refer_to() -> None:
    diagram = draw(["orders"])
    names = {box.name for box in diagram.boxes}
    assert {name for name, one in all_relations().items() if one.stream == "orders"} < names
    assert {"customers", "stores", "products"} < names
    store = next(box for box in diagram.boxes if box.name == "stores")
    assert [row.name for row in store.rows] == ["id", "key"]  # orders refer to stores by their key
    for box in diagram.boxes:
        assert len(box.rows) + box.hidden == len(all_relations()[box.name].columns)


@pytest.mark.parametrize("streams", [[], ["orders"], ["products", "stores"]])
def test_mermaid_gets_words_it_knows(streams: list[str]) -> None:
    first, sign, *lines = mermaid(draw(streams)).splitlines()
    assert (first, sign) == ("erDiagram", "    %% tables of commercetools-source")
    forms = [
        r"    \w+ \{",
        r"        [A-Z_]+ \w+( (PK|FK|PK, FK))?",
        r"    \}",
        r'    \w+ (\|o|\|\|)--o\{ \w+ : "[\w, ]+"',
    ]
    assert not [line for line in lines if not any(re.fullmatch(form, line) for form in forms)]


def rectangles(picture: str) -> dict[str, tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box by its name."""
    root = ET.fromstring(picture)  # noqa: S314 - our own
    boxes = [one for one in root.iter(f"{SVG}rect") if one.get("class") == "box"]
    names = [one.text or "" for one in root.iter(f"{SVG}text") if one.get("class") == "name"]
    sides = [[float(one.get(side, "0")) for side in ("x", "y", "width", "height")] for one in boxes]
    return {name: (x, y, x + wide, y + high) for name, (x, y, wide, high) in zip(names, sides, strict=True)}


def check(diagram: Diagram) -> None:
    picture = svg(diagram)
    found = rectangles(picture)
    width, height = map(int, re.findall(r' (?:width|height)="(\d+)"', picture)[:2])
    assert set(found) == {box.name for box in diagram.boxes}
    assert all(
        left >= 0 and top >= 0 and right <= width and bottom <= height for left, top, right, bottom in found.values()
    )
    for (_, one), (_, other) in combinations(found.items(), 2):
        apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
        assert apart, "two boxes touch"
    lines = len(re.findall("<title>", picture))
    assert lines == len([link for link in diagram.links if link.one != link.many])


@pytest.mark.parametrize(
    "streams", [[], ["orders"], ["products"], list({one.stream for one in all_relations().values()})]
)
def test_a_picture_shows_every_box_and_line_and_none_covers_another(streams: list[str]) -> None:
    check(draw(streams))


def test_the_styles_of_a_picture_stay_inside_it_when_a_page_inlines_it() -> None:
    picture = svg(draw(["orders"]))
    (styles,) = re.findall(r"<style>(.*?)</style>", picture, re.DOTALL)
    rules = re.sub(r"@media[^{]*\{(.*)\}", r"\1", styles, flags=re.DOTALL)
    selectors = [part for rule in re.findall(r"([^{}]+)\{[^}]*\}", rules) for part in rule.split(",")]
    assert len(selectors) == 11
    scope = ET.fromstring(picture).get("class")  # noqa: S314 - our own
    assert scope
    assert all(selector.strip().startswith(f".{scope} ") for selector in selectors)


def test_a_picture_is_the_same_each_time() -> None:
    imports = "from commercetools_source.report import diagram, svg"
    command = [sys.executable, "-c", f"{imports}\nprint(svg.svg(diagram.draw()))"]
    found = set()
    for seed in ("1", "2"):  # sets of texts come in another order
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        found.add(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    assert len(found) == 1


NAMES = "abcdefgh"


@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20), st.integers(0, 9))
def test_any_tables_and_links_can_be_drawn(pairs: set[tuple[str, str]], hidden: int) -> None:
    boxes = [
        Box(
            name,
            tuple(Row(one, "VARCHAR", is_key=False, target=one) for many, one in sorted(pairs) if many == name),
            hidden,
        )
        for name in NAMES
    ]
    links = [Link(many, one, (one,), optional=one < many) for many, one in sorted(pairs)]
    check(Diagram(tuple(boxes), tuple(links)))


def test_the_files_hold_what_was_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("shop.svg", "shop.mmd"):
        assert answer(capsys, "stores", "--erd", str(tmp_path / name)) == ""
    assert (tmp_path / "shop.svg").read_text("utf-8") == svg(draw(["stores"]))
    assert (tmp_path / "shop.mmd").read_text("utf-8") == mermaid(draw(["stores"]))
