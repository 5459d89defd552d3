"""Stored rows as records to be changed, and back: only the columns in which a change left something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT, UNFIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

__all__ = ["rewritten"]

_TEXTS = frozenset({"VARCHAR", "JSON"})


def rewritten(
    rows: pa.Table, types: Mapping[str, str], change: Callable[[msgspec.Raw], msgspec.Raw]
) -> tuple[pa.Table, int]:
    """Return rows, whose columns have these DuckDB types, as `change` leaves their records, and how many it changed.

    It can leave fields out, and change texts and nested values. A value that did not fit its column is a field too.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [name for name in rows.column_names if name in types and name not in {SYNCED_AT, DELETED_AT}]
    texts = {name for name in names if types[name] in _TEXTS}
    # What is no text can only be left out, so it is enough to know whether it is there.
    stored = {
        name: (rows.column(name) if name in texts else pc.if_else(rows.column(name).is_valid(), "", None)).to_pylist()
        for name in names
    }
    columns: dict[str, dict[int, str | None]] = {}
    changed = 0
    for index in range(rows.num_rows):
        values = {name: column[index] for name, column in stored.items() if column[index] is not None}
        new = _changed(values, types, change)
        changed += bool(new)
        for name, value in new.items():
            columns.setdefault(name, {})[index] = value
    for name, new_values in columns.items():
        field, column = rows.schema.field(name), rows.column(name)
        gone = pa.array([index in new_values for index in range(rows.num_rows)])
        after = pc.if_else(gone, pa.scalar(None, field.type), column)
        if name in texts:
            after = pa.array([new_values.get(index, value) for index, value in enumerate(stored[name])], field.type)
        rows = rows.set_column(rows.column_names.index(name), field, after)
    return rows, changed


def _changed(
    values: Mapping[str, Any], types: Mapping[str, str], change: Callable[[msgspec.Raw], msgspec.Raw]
) -> dict[str, str | None]:
    """Return the columns of a row that are other values after `change`, None for what it left out."""
    fields = {name: _json(value, types[name]) for name, value in values.items() if name != UNFIT}
    misfits = msgspec.json.decode(values.get(UNFIT, "{}"), type=dict[str, msgspec.Raw])
    record = msgspec.Raw(msgspec.json.encode({**fields, **misfits}))
    left = msgspec.json.decode(change(record), type=dict[str, msgspec.Raw])
    changed: dict[str, str | None] = {}
    for name, raw in fields.items():
        if name not in left:
            changed[name] = None
        elif bytes(left[name]) != bytes(raw):
            text = bytes(left[name])
            changed[name] = text.decode() if types[name] == "JSON" else msgspec.json.decode(text, type=str)
    kept = {name: left[name] for name in misfits if name in left}
    if any(name not in kept or bytes(kept[name]) != bytes(raw) for name, raw in misfits.items()):
        changed[UNFIT] = msgspec.json.encode(kept).decode() if kept else None
    return changed


def _json(value: Any, sql: str) -> msgspec.Raw:
    return msgspec.Raw(value.encode() if sql == "JSON" else msgspec.json.encode(value))
