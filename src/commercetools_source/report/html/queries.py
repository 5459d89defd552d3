"""What is stored, asked for by SQL: counts, times, fields that the contract does not know, sample rows."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, OWN, SYNCED_AT, UNFIT
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import readable
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import RECORDS, record_table
from commercetools_source.model.select import select
from commercetools_source.report.diagram import Diagram, draw, telling
from commercetools_source.report.html.values import FieldNote, MonthlyCounts, Sample, StreamFigures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    import duckdb

    from commercetools_source.model.relation import Relation

__all__ = [
    "MASK",
    "Tables",
    "diagram_of",
    "figures",
    "monthly_orders",
    "samples",
    "stream_tables",
    "unknown_fields",
]

MASK = "•••"
"""What stands for a value that is not shown."""
# A year and a half: a month can be compared with the same one of the year before.
_MONTHS = 18
_MOST_SERIES = 6
_SAMPLED = ("orders", "customers", "product_projections_current", "carts", "payments", "categories")
_SAMPLE_ROWS = 3
_LONGEST_VALUE = 60
# An id says nothing about a person to whoever has not the shop's data.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPEN_TEXTS = ("currency", "State", "country")
"""Columns whose texts are codes of the API, by the end of their names."""

Tables = dict[str, dict[str, str]]
"""The streams' tables with the SQL type of each column."""


def stream_tables(connection: duckdb.DuckDBPyConnection) -> Tables:
    """Return the tables of streams."""
    tables: Tables = {}
    # Asked of DuckDB and not of the catalogue: a table may have columns of fields that the contract does not know.
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"  # noqa: S608 - a constant
        f" WHERE database_name = current_database() AND schema_name = '{RECORDS}' ORDER BY table_name, column_index"
    ).fetchall()
    for table, column, sql in rows:
        tables.setdefault(table, {})[column] = sql
    # The mark of this package's tables: another program's table may have the name of a stream.
    return {name: types for name, types in tables.items() if name in STREAMS and SYNCED_AT in types}


def figures(connection: duckdb.DuckDBPyConnection, tables: Tables, until: datetime) -> dict[str, StreamFigures]:
    """Return by stream what its table holds, with the records created in the months up to `until`."""
    return {name: _figures_of(connection, name, types, until) for name, types in tables.items()}


def _figures_of(
    connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str], until: datetime
) -> StreamFigures:
    # Some streams have no time of change, or of creation; the column is then no part of their table.
    newest = quoted("lastModifiedAt") if "lastModifiedAt" in types else "NULL::TIMESTAMP"
    created = quoted("createdAt") if "createdAt" in types else "NULL::TIMESTAMP"
    live = f"{DELETED_AT} IS NULL"
    # All in one look at the table, by month: there are fifty tables, and most of the time is taken by beginning.
    by_month = connection.execute(
        f"SELECT year({created}) * 12 + month({created}) - 1, count(*) FILTER ({live}), count({DELETED_AT}),"  # noqa: S608 - quoted names
        # Python has no time before the year 1, which DuckDB then returns as a text.
        f" count({UNFIT}) FILTER ({live}), max({newest}) FILTER (year({newest}) BETWEEN 1 AND 9999)"
        f" FROM {record_table(name)} GROUP BY 1"
    ).fetchall()
    counts = {month: rows for month, rows, *_ in by_month}
    # Months as one number, so that a range of them goes over the end of a year.
    last = until.year * 12 + until.month - 1
    rows = sum(counts.values())
    return StreamFigures(
        name=name,
        rows=rows,
        deleted=sum(row[2] for row in by_month),
        unfit=sum(row[3] for row in by_month),
        newest=max((row[4] for row in by_month if row[4] is not None), default=None),
        months=tuple(counts.get(month, 0) for month in range(last - _MONTHS + 1, last + 1))
        if "createdAt" in types and rows
        else (),
    )


def monthly_orders(connection: duckdb.DuckDBPyConnection, tables: Tables, until: datetime) -> MonthlyCounts | None:
    """Return the orders of the months up to `until` by the currency of their total; None where there are none."""
    if not {"createdAt", "totalPrice"} <= tables.get("orders", {}).keys():
        return None
    # Out of the stored JSON: the relation would make all columns of an order for the sake of one.
    rows = connection.execute(
        "SELECT strftime(createdAt, '%Y-%m'), json_extract_string(totalPrice, '$.currencyCode'), count(*)"  # noqa: S608
        f" FROM {record_table('orders')} WHERE {DELETED_AT} IS NULL AND createdAt IS NOT NULL GROUP BY ALL"
    ).fetchall()
    last = until.year * 12 + until.month - 1
    numbers = range(last - _MONTHS + 1, last + 1)
    months = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]
    counts = {(month, currency or "?"): count for month, currency, count in rows if month in months}
    if not counts:
        return None
    # A young shop has no orders in the first months: they would say that sales had stopped.
    months = months[months.index(min(month for month, _ in counts)) :]
    totals: dict[str, int] = {}
    for (_, currency), count in counts.items():
        totals[currency] = totals.get(currency, 0) + count
    largest = sorted(totals, key=lambda currency: (-totals[currency], currency))
    series = {currency: tuple(counts.get((month, currency), 0) for month in months) for currency in largest}
    if len(series) > _MOST_SERIES:
        # More lines than these nobody can tell apart.
        others = [series.pop(currency) for currency in largest[_MOST_SERIES - 1 :]]
        series["others"] = tuple(map(sum, zip(*others, strict=True)))
    return MonthlyCounts(tuple(months), series, open_month=True)


# --- fields and rows ---


def unknown_fields(tables: Tables) -> list[FieldNote]:
    """Return the columns that were added for fields that the contract does not know."""
    notes = []
    for name, types in tables.items():
        described = {column.name for column in columns(STREAMS[name])} | OWN.keys()
        notes += [
            FieldNote(
                f"{name}.{column}", f"a field that this version does not know; its values are in a column ({sql})"
            )
            for column, sql in types.items()
            if column not in described
        ]
    return notes


def diagram_of(names: Collection[str]) -> Diagram | None:
    """Return the everyday tables of the streams `names`, which have rows; None without any."""
    diagram = draw()
    stream_names = {relation.name: stream.name for stream in STREAMS.values() for relation in relations(stream)}
    boxes = tuple(box for box in diagram.boxes if stream_names[box.name] in names)
    kept = {box.name for box in boxes}
    links = tuple(link for link in diagram.links if {link.one, link.many} <= kept)
    return Diagram(boxes, links) if boxes else None


def samples(
    connection: duckdb.DuckDBPyConnection, tables: Tables, names: Iterable[str], *, masked: bool
) -> list[Sample]:
    """Return a few rows of the streams most asked for, of `names`, which have rows."""
    taken = []
    for name in (name for name in _SAMPLED if name in names):
        root = relations(STREAMS[name])[0]
        chosen = {*root.key, *telling(root, root.key)}
        # By key and not by time: the same rows are shown each time, and a page can be compared with the one before.
        query = _selected(root, tables[name], chosen, f" ORDER BY {quoted(root.key[0])} LIMIT {_SAMPLE_ROWS}")
        header = tuple(field.name for field in root.columns if field.name in chosen)
        rows = connection.execute(query).fetchall()
        texts = tuple(
            tuple(_shown(column, value, masked=masked) for column, value in zip(header, row, strict=True))
            for row in rows
        )
        taken.append(Sample(name, header, texts))
    return taken


def _selected(relation: Relation, types: Mapping[str, str], names: Collection[str], limit: str = "") -> str:
    """Return the query of some columns of a stream's relation, of its live records."""
    chosen = tuple(field for field in relation.columns if field.name in names)
    source = f"(FROM {record_table(relation.name)} WHERE {DELETED_AT} IS NULL{limit})"
    return select(replace(relation, columns=chosen), source, types)


def _shown(column: str, value: Any, *, masked: bool) -> str:
    """Return a value as text. Masked, only numbers, moments, ids and the API's own codes are shown as they are."""
    if value is None:
        return ""
    if masked and not _is_open(column, value):
        return MASK
    text = readable(_text(value))  # before it is cut, as an escape is longer than what it stands for
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _text(value: Any) -> str:
    """Return a value as people write it: 271.05 of a column with four digits behind the point, a text by language."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text}" for key, text in value.items())
    return str(value)


def _is_open(column: str, value: Any) -> bool:
    if isinstance(value, str):
        return _UUID.fullmatch(value) is not None or column.endswith(_OPEN_TEXTS)
    # A date is a day of birth, a moment (`datetime`, which is a `date` too) is none; maps and lists hold texts.
    return isinstance(value, (bool, int, float, Decimal)) or hasattr(value, "hour")
