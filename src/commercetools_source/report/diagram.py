"""Entity-relationship diagrams of the model: which tables and columns to show, and the text for Mermaid.

A shop has more than 250 tables with thousands of columns; a picture of all of them shows nothing. What is left out is
counted in the picture. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.model.relations import all_relations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from commercetools_source.model.relation import Field, ForeignKey, Relation

__all__ = ["AUTHORS", "Box", "Diagram", "Link", "Row", "draw", "draw_tables", "mermaid", "telling"]

EVERYDAY = (
    *("stores", "channels", "customer_groups", "customers", "customer_addresses", "business_units"),
    *("product_types", "categories", "products", "product_data", "product_categories", "product_variants"),
    *("product_variant_prices", "inventory", "tax_categories", "product_discounts"),
    *("carts", "cart_line_items", "orders", "order_line_items", "order_discount_codes", "order_payments"),
    *("discount_codes", "discount_code_cart_discounts", "cart_discounts", "payments", "payment_transactions"),
    *("shipping_methods", "states"),
)
"""What is drawn when no stream is named: the tables that most questions need."""

# More would make boxes so high that no screen shows two ranks of them.
_PLAIN = 8
"""Columns of a table that are shown besides its keys."""
AUTHORS = ("createdBy_", "lastModifiedBy_")
"""How columns of who made and changed a record begin: nearly every table has them, and they would hide the others."""
_ADMINISTRATIVE = frozenset({"version", "createdAt", "lastModifiedAt", "lastMessageSequenceNumber", "typeId"})
_TELLING = (
    re.compile(r"key|sku|variant_sku|code|(order|customer|quote|invoice)?[nN]umber"),
    re.compile(r"email|customerEmail|contactEmail"),
    re.compile(r"name|firstName|lastName|companyName"),
    re.compile(r"totalPrice_amount|taxedPrice_total(Net|Gross)_amount|(totalPrice|value)_currency"),
    re.compile(r"(value|amount|amountPlanned|price)_amount"),
    re.compile(
        r"state|[a-zA-Z]+State|isActive|active|published|isMaster|quantity[a-zA-Z]*|[a-zA-Z]+Quantity|rating|country|city|type"
    ),
)
"""What a person looks for in a table, by the names of columns: what identifies a row, its totals, its state."""
# With fewer, a table says nothing of what it is about, so its first plain columns stand in.
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One column of a box; `target`: the table that it refers to, "" if none."""

    name: str
    kind: str
    is_key: bool
    target: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One table: the columns that are shown, and how many are not."""

    name: str
    rows: tuple[Row, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Link:
    """Rows of the table `many` refer to one of `one` by `columns`, all of them or (`optional`) some."""

    many: str
    one: str
    columns: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """What a picture shows."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def draw(chosen: Sequence[str] = ()) -> Diagram:
    """Return the tables `chosen` (a stream stands for all its tables) with all that they refer to.

    Without any, those of everyday use.
    """
    relations = all_relations()
    # In the order of the model, parents before children, whatever order the names were given in.
    names = [name for name, relation in relations.items() if name in chosen or relation.stream in chosen]
    # What a table refers to is drawn with its keys, or its lines would lead nowhere.
    near = [target for name in names for target in _targets(relations[name])]
    return draw_tables((*names, *near), names) if names else draw_tables(EVERYDAY)


def draw_tables(tables: Iterable[str], whole: Collection[str] = (), *, types: bool = True) -> Diagram:
    """Return exactly these tables: those of `whole`, or all, with their columns, the others with their keys.

    Without `types` columns have their names only, so that the picture of many tables is narrow.
    """
    relations = all_relations()
    shown = dict.fromkeys(tables)
    names = [name for name in shown if not whole or name in whole]
    links = [link for name in names for link in _links(relations[name], shown)]
    # A column that others refer to is drawn too, or their lines would end at nothing.
    referred = {(key.relation, column) for name in names for key in relations[name].foreign_keys for column in key.to}
    boxes = [_box(relations[name], links, referred, whole=name in names, types=types) for name in shown]
    return Diagram(tuple(boxes), tuple(links))


def mermaid(diagram: Diagram) -> str:
    """Return the diagram as Mermaid's `erDiagram`."""
    # A comment, by which `schema --erd` knows a file of its own: others begin with the same word.
    lines = ["erDiagram", "    %% tables of commercetools-source"]
    for box in diagram.boxes:
        lines.append(f"    {box.name} {{")
        for row in box.rows:
            # Both marks may stand at one column
            # (https://mermaid.js.org/syntax/entityRelationshipDiagram.html#attribute-keys-and-comments).
            marks = ", ".join([*(["PK"] if row.is_key else []), *(["FK"] if row.target else [])])
            # https://mermaid.js.org/syntax/entityRelationshipDiagram.html#attributes
            lines.append(f"        {_word(row.kind)} {row.name}{f' {marks}' if marks else ''}")
        lines.append("    }")
    lines += [
        # `|o` and `||`: of the table referred to there is one row, or, where the reference may be empty, perhaps none.
        f'    {link.one} {"|o" if link.optional else "||"}--o{{ {link.many} : "{", ".join(link.columns)}"'
        for link in diagram.links
    ]
    return "\n".join(lines) + "\n"


def _word(column_type: str) -> str:
    """Return a type as one word of letters and digits, which is all that Mermaid takes."""
    return column_type.replace("[]", "_LIST").partition("(")[0]


def _targets(relation: Relation) -> Iterable[str]:
    return (key.relation for key in relation.foreign_keys if not _is_everywhere(key.columns))


def _is_everywhere(columns: Iterable[str]) -> bool:
    return any(name.startswith(AUTHORS) for name in columns)


def _links(relation: Relation, shown: Iterable[str]) -> list[Link]:
    """Return one link to each table that is shown: of several keys that lead there the one with the shortest name."""
    optional = {field.name for field in relation.columns if field.nullable}
    best: dict[str, ForeignKey] = {}
    for key in relation.foreign_keys:
        if key.relation in shown and not _is_everywhere(key.columns):
            # Several lines between two tables lie upon each other.
            shortest = best.get(key.relation)
            if shortest is None or (
                # The line to the parent stays in any case: without it nobody sees what a child table belongs to.
                shortest.relation != relation.parent and len(key.columns[0]) < len(shortest.columns[0])
            ):
                best[key.relation] = key
    return [Link(relation.name, name, key.columns, not optional.isdisjoint(key.columns)) for name, key in best.items()]


def _box(relation: Relation, links: Iterable[Link], referred: set[tuple[str, str]], *, whole: bool, types: bool) -> Box:
    targets = {name: link.one for link in links if link.many == relation.name for name in link.columns}
    shown = set(relation.key) | set(targets)
    shown |= {field.name for field in relation.columns if (relation.name, field.name) in referred}
    if whole:
        shown |= set(telling(relation, shown))
    rows = [
        Row(
            field.name,
            KINDS[field.kind].duckdb if types else "",
            field.name in relation.key,
            # A line shows it, too, and what leads to the table above is the key of most tables.
            targets.get(field.name, "") if types or field.name not in relation.key else "",
        )
        for field in relation.columns
        if field.name in shown
    ]
    return Box(relation.name, tuple(rows), len(relation.columns) - len(rows))


def telling(relation: Relation, shown: Collection[str] = ()) -> list[str]:
    """Return the columns of a table that a person looks for first, beside those that are shown anyway."""
    names = [
        field.name
        for pattern in _TELLING
        for field in relation.columns
        if field.name not in shown and pattern.fullmatch(field.name)
    ]
    # The patterns come first and the model's order second: an order's number stands before its state.
    if len(names) < _FEWEST:
        names += [field.name for field in relation.columns if field.name not in {*shown, *names} and _is_plain(field)]
    return names[:_PLAIN]


def _is_plain(field: Field) -> bool:
    """Whether a column says something about what its table is about, and is no part of something else."""
    # A column inside of something has the name of that before an underscore, as in `taxedPrice_totalNet`.
    inside, _, last = field.name.rpartition("_")
    is_reference = field.refers != "" or last in _ADMINISTRATIVE
    return not inside and not is_reference and field.kind != "json"
