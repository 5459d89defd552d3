"""The pages of tables: a list of all, and a page for each area with every column. Part of `make docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.areas import AREAS
from commercetools_source.model.descriptions import describe_relation, descriptions
from commercetools_source.model.left import COPIES, LEFT_LISTS
from commercetools_source.model.relations import relations
from commercetools_source.report.diagram import draw_tables
from commercetools_source.report.svg import svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.model.areas import Area
    from commercetools_source.model.relation import Field, Relation

__all__ = ["table_pages"]

_BY_STREAM = {name: area for area in AREAS for name in area.streams}


def table_pages() -> dict[str, str]:
    """Return the text of each page and picture by its path below docs/."""
    pages = {"tables.md": _overview()}
    for area in AREAS:
        pages[f"tables/{area.name}.md"] = _page(area)
        if area.drawn:
            pages[f"tables/{area.name}.svg"] = svg(draw_tables(area.drawn, types=False))
    return pages


def _overview() -> str:
    return _OVERVIEW + "\n".join(_listed(area) for area in AREAS) + _left()


def _left() -> str:
    rows = [f"| lists in `{name}` | {reason} |" for name, reason in COPIES.items()]
    rows += [f"| `{name}` | {reason} |" for name, reason in LEFT_LISTS.items()]
    return "\n".join([_LEFT, *rows, ""])


def _listed(area: Area) -> str:
    lines = [
        f"\n## {area.title}\n",
        *_picture(area, "tables/"),
        "| stream | its tables, each with its columns |",
        "|---|---|",
    ]
    for name in area.streams:
        links = [f"[{table.name}](tables/{area.name}.md#{table.name})" for table in relations(STREAMS[name])]
        lines.append(f"| `{name}` | {', '.join(links)} |")
    return "\n".join(lines) + "\n"


def _picture(area: Area, folder: str) -> list[str]:
    return [f"![Tables of this area and how they refer to each other]({folder}{area.name}.svg)\n"] if area.drawn else []


def _page(area: Area) -> str:
    sections = [text for name in area.streams for table in relations(STREAMS[name]) for text in _table(table)]
    top = [f"# {area.title}\n", _GENERATED, "All tables: [the list](../tables.md).\n", *_picture(area, "")]
    return "\n".join([*top, *sections])


def _table(relation: Relation) -> Iterator[str]:
    yield f"## {relation.name}\n"
    yield f"{_cell(describe_relation(relation))} Key: {', '.join(f'`{name}`' for name in relation.key)}.\n"
    yield "| column | type | what it is |"
    yield "|---|---|---|"
    for field in relation.columns:
        yield f"| `{field.name}` | {KINDS[field.kind].duckdb} | {_described(relation, field)} |"
    yield ""


def _described(relation: Relation, field: Field) -> str:
    """Return the description of a column, with a link to the table that it refers to."""
    text = _cell(descriptions(relation)[field.name])
    for key in relation.foreign_keys:
        if field.name in key.columns:
            column = key.to[key.columns.index(field.name)]
            area = _BY_STREAM[_STREAM_OF[key.relation]]
            link = f"[{key.relation}.{column}]({area.name}.md#{key.relation})"
            text = text.replace(f"Refers to {key.relation}.{column}.", f"Refers to {link}.")
    return text


_STREAM_OF = {table.name: stream.name for stream in STREAMS.values() for table in relations(stream)}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


_GENERATED = "<!-- written by `make docs` from the catalogue, the contract and src/commercetools_source/model -->\n"

_LEFT = """
## Lists without a table

Some lists are JSON columns of what they lie in, whole and unchanged, by the type of their items:

| items | why they have no table |
|---|---|"""
_OVERVIEW = f"""\
# Tables

{_GENERATED}
What a shop becomes: one table for each stream with the live records, and one for each list inside them. These
stand in schema `main`; the records as the API sends them, nested values as JSON, have the streams' names in `raw`.
Of each table the list below leads to its columns, types and descriptions.

`commercetools-source schema NAME` prints the same, `schema --find TEXT` finds columns by their name or description,
`schema --json` gives all to programs, and `schema --erd shop.svg` (or `.mmd`, for Mermaid) draws them.

- A column is called as in the API; parts of an object hang behind it: `shippingAddress_city`.
- The rows of a list begin with the key of the record that they lie in: `orderId`, `lineItemId`. `position` counts
  from 1.
- A money is `_centAmount`, `_currency`, `_fractionDigits` and the exact DECIMAL `_amount`, with `_preciseAmount`
  where the platform has one.
- A TIMESTAMP is UTC; MAP is a text for each language; JSON has no fixed shape.
- `createdBy_*` and `lastModifiedBy_*` refer to customers by `…_customer_id` and `…_associate_id`, in every table.
- Keys are unique. A reference is empty where the platform has none.
"""
