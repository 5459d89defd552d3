"""The page of tables: every relation of every stream, from the catalogue and the contract. Part of `make docs`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.relations import relations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Field, Relation


_EVERYWHERE = ("createdBy_", "lastModifiedBy_")
"""Who made and changed a record stands in nearly every table, so the page says it once."""


def tables() -> str:
    """Return the page of tables."""
    return _PAGE + "".join(_section(stream) for stream in STREAMS.values())


def _section(stream: Stream) -> str:
    rows = [_row(relation) for relation in relations(stream)]
    return f"\n## {stream.name}\n| table | key | columns | refers to |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _row(relation: Relation) -> str:
    key = ", ".join(f"`{name}`" for name in relation.key)
    columns = [field for field in relation.columns if field.name not in relation.key]
    targets: dict[str, list[str]] = {}
    for one in relation.foreign_keys:
        if one.columns[0].startswith(_EVERYWHERE):
            continue
        targets.setdefault(one.relation, []).append("+".join(one.columns))
    refers = "; ".join(f"{target}: {', '.join(f'`{name}`' for name in names)}" for target, names in targets.items())
    return f"| `{relation.name}` | {key} | {', '.join(_grouped(columns))} | {refers} |"


def _grouped(columns: Iterable[Field]) -> Iterator[str]:
    """Yield columns with their types; those of one object together, a money as such."""
    for name, group in groupby(columns, key=lambda field: field.name.partition("_")[0]):
        fields = list(group)
        if len(fields) == 1:
            kind = KINDS[fields[0].kind].duckdb
            yield f"`{fields[0].name}`" + (f" {kind}" if kind != "VARCHAR" else "")
        elif all(field.name.count("_") == 1 for field in fields) and fields[-1].name == f"{name}_amount":
            yield f"`{name}_*` money"
        else:
            yield f"`{name}_*` ({len(fields)})"


_PAGE = """\
# Tables

<!-- written by `make docs` from the catalogue, the contract and src/commercetools_source/model/child_tables.py -->

What a shop becomes: one table for each stream with the live records, and one for each list inside them. These
stand in schema `main`; the records as the API sends them, nested values as JSON, have the streams' names in `raw`.

`commercetools-source schema NAME` prints every column of a stream's tables or of a table, `schema --json` of all, and
`schema --erd shop.svg` (or `.mmd`, for Mermaid) draws them. Those of everyday use, as `schema --erd` draws them:

![Everyday tables](model.svg)

- A column is called as in the API; parts of an object hang behind it: `shippingAddress_city`. Below,
  `shippingAddress_*` (30) stands for 30 such columns.
- The rows of a list begin with the key of the record that they lie in: `orderId`, `lineItemId`. `position` counts
  from 1.
- A money is `_centAmount`, `_currency`, `_fractionDigits` and the exact DECIMAL `_amount`, with `_preciseAmount`
  where the platform has one.
- A column without a type is text; a TIMESTAMP is UTC; MAP is a text for each language; JSON has no fixed shape.
- `createdBy_*` and `lastModifiedBy_*` refer to customers by `…_customer_id` and `…_associate_id`, in every table.
- Keys are unique. A reference is empty where the platform has none.
"""
