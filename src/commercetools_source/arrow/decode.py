"""Raw records to Arrow columns: top-level scalars typed, nested values as the exact JSON text.

Shared by every destination that stores columns. One msgspec struct is generated per table and refuses
unknown fields; only a record that it refuses is looked at key by key. Knows nothing of DuckDB or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.arrow.arrays import MISSING, arrow_type, json_texts, repeated, scalars, strings
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import Column
from commercetools_source.errors import RecordError, legible
from commercetools_source.events import Notice, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from commercetools_source.catalog.kinds import Kind

__all__ = [
    "DELETED_AT",
    "MOST_COLUMNS",
    "MOST_NAMED",
    "OWN",
    "ROW_NAMES",
    "SYNCED_AT",
    "UNFIT",
    "Decoder",
    "Rows",
    "slices",
    "surprises",
]

SYNCED_AT = "_synced_at"
"""When the row was stored, in UTC."""
DELETED_AT = "_deleted_at"
"""When the platform deleted the record, in UTC; null while it exists."""
UNFIT = "_unfit"
"""A JSON object of the values that do not fit their column's type, under their field's name; null if all fit."""

MOST_COLUMNS = 500
"""No unknown field gets a column where a table has so many: DuckDB takes a gigabyte for 2,000 of them."""
BEYOND = f"fields beyond the {MOST_COLUMNS} columns of a table"

OWN: Mapping[str, str] = MappingProxyType({SYNCED_AT: "TIMESTAMP", DELETED_AT: "TIMESTAMP", UNFIT: "JSON"})
"""The DuckDB types of the columns that every table has besides those of its records."""
ROW_NAMES = frozenset({"rowid", "_file", "file_row_number"})
"""By these DuckDB finds a row, of a table or of files (https://duckdb.org/docs/stable/sql/statements/select#row-ids):
beside a column of such a name it cannot, and a merge would delete all rows that have the same value there."""
_LAKE_NAMES = frozenset(
    {"row_id", "begin_snapshot", "end_snapshot", "_ducklake_internal_row_id", "_ducklake_internal_snapshot_id"}
)
"""A lake of DuckLake refuses tables with columns that are called so, in any case."""


def _type(column_type: Kind) -> tuple[Any, Any]:
    """Return what msgspec decodes a type of column into, and what stands for a missing value."""
    decode = KINDS[column_type].decode
    return (decode, MISSING) if decode is msgspec.Raw else (decode | None, None)


_CHUNK_BYTES = 8_000_000
# https://arrow.apache.org/docs/format/CanonicalExtensions.html#json
_JSON = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoded records, one per key: `values` are structs, `sources` the records they were decoded from.

    `unfit`: by index into `values`, the raw values that fit no column.
    """

    values: list[Any]
    sources: list[msgspec.Raw]
    unfit: dict[int, dict[str, msgspec.Raw]]


class Decoder:
    """Decodes the records of one table; `fields` grows by a JSON field whenever a record brings a new one.

    `misfits` counts, by field, the values that did not fit their column and went to `_unfit` instead. With `fixed`
    fields those of new fields do too.
    """

    def __init__(self, table: str, fields: Iterable[Column], key: Sequence[str], *, fixed: bool = False) -> None:
        self.table = table
        self._fixed = fixed
        self.fields: list[Column] = list(fields)
        self.misfits: dict[str, int] = {}
        self.key = tuple(key)
        self._generate()

    def _generate(self) -> None:
        # A field's name may be a keyword, or no identifier at all.
        self._attributes = {field.name: f"c{index}" for index, field in enumerate(self.fields)}
        # DuckDB's names ignore case: https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
        self._taken = {name.casefold() for name in (*self._attributes, *OWN, *ROW_NAMES, *_LAKE_NAMES)}
        self._struct = msgspec.defstruct(
            "Row",
            [(self._attributes[field.name], *_type(field.kind)) for field in self.fields],
            rename={attribute: name for name, attribute in self._attributes.items()},
            # An unknown field is then an error, so that known records pay nothing for the search.
            forbid_unknown_fields=True,
            gc=False,  # rows hold no cycles
        )
        self._decode = msgspec.json.Decoder(self._struct).decode
        self._key_of = attrgetter(*(self._attributes[name] for name in self.key))
        self.versioned = any(field.name == "version" and field.kind == "int" for field in self.fields)

    def rows(self, records: Sequence[msgspec.Raw]) -> Rows:
        """Return `records` decoded, one per key: the higher version, then the later one. `fields` may have grown.

        Raises DestinationError when a record is no JSON object or lacks its key.
        """
        decode, decoded, unfit = self._decode, [], {}
        for index, record in enumerate(records):
            try:
                decoded.append(decode(record))
            except msgspec.DecodeError:  # noqa: PERF203 - the exception, and a test before it would cost each record
                parsed = self._parse(record)
                # The struct has changed, so those decoded before lack its new fields.
                if self._learn(parsed, records[index:]):
                    return self.rows(records)
                row, unfit[index] = self._salvage(parsed)
                decoded.append(row)
        return self._newest(Rows(decoded, list(records), unfit))

    def _parse(self, record: msgspec.Raw) -> dict[str, msgspec.Raw]:
        try:
            return msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError as error:
            raise RecordError(f"a record of {self.table} is no JSON object ({error})") from error

    def _learn(self, parsed: dict[str, msgspec.Raw], records: Sequence[msgspec.Raw]) -> bool:
        """Add a column for each unknown field that can be one; look at all records once, so that one pass is enough."""
        if self._fixed or not any(self.takes(name) for name in parsed):
            return False
        for record in records:
            for name in self._parse(record):
                if self.takes(name):
                    self.fields.append(Column(name, "json", nullable=True))
                    self._taken.add(name.casefold())
        self._generate()
        return True

    def takes(self, name: str) -> bool:
        """Return whether a column can be added for it: SQL names ignore case, and a name needs something to print.

        A name with `"` or a backslash goes to `_unfit`: msgspec's structs cannot have such a field.
        """
        if len(self.fields) >= MOST_COLUMNS:
            return False
        fits = name.isprintable() and bool(name.strip()) and not {'"', "\\"} & set(name)
        return fits and name.casefold() not in self._taken

    def _salvage(self, parsed: dict[str, msgspec.Raw]) -> tuple[Any, dict[str, msgspec.Raw]]:
        kinds = {field.name: field.kind for field in self.fields}
        values: dict[str, Any] = {}
        unfit: dict[str, msgspec.Raw] = {}
        for name, raw in parsed.items():
            try:
                values[self._attributes[name]] = msgspec.json.decode(raw, type=_type(kinds[name])[0])
            except (KeyError, msgspec.DecodeError):  # noqa: PERF203 - a rare record
                unfit[name] = raw
        return self._struct(**values), unfit

    def _newest(self, rows: Rows) -> Rows:
        keys = [self._key_of(row) for row in rows.values]
        without = None if len(self.key) == 1 else (None,) * len(self.key)
        distinct = set(keys)
        if without in distinct or (len(self.key) > 1 and any(None in key for key in distinct)):
            raise RecordError(
                f"a record of {self.table} has no {' or no '.join(self.key)}, which identifies it; it cannot be stored"
            )
        # Nearly every page: nothing is copied.
        if len(distinct) == len(keys):
            return rows
        version = attrgetter(self._attributes["version"]) if self.versioned else None
        best: dict[Any, tuple[int, int]] = {}
        for index, key in enumerate(keys):
            rank = -1 if version is None or (found := version(rows.values[index])) is None else found
            # Equal versions: the later one wins, because its answer is newer.
            if key not in best or rank >= best[key][0]:
                best[key] = (rank, index)
        kept = sorted(index for _, index in best.values())
        return Rows(
            [rows.values[index] for index in kept],
            [rows.sources[index] for index in kept],
            {position: rows.unfit[index] for position, index in enumerate(kept) if index in rows.unfit},
        )

    def column_types(self) -> dict[str, str]:
        """Return the DuckDB types of all columns of its table by name, those of ours last."""
        return {**{field.name: KINDS[field.kind].duckdb for field in self.fields}, **OWN}

    def tell(self, stream: str, drift: dict[tuple[str, str], int]) -> None:
        """Add `misfits` to those of the stream in `drift`, and count from zero again."""
        for name, count in self.misfits.items():
            drift[stream, name] = drift.get((stream, name), 0) + count
        self.misfits.clear()

    def schema(self) -> pa.Schema:
        """Return the Arrow schema of `batches`: the fields, then the columns of our own. JSON is marked as such."""
        import pyarrow as pa

        columns = [
            pa.field(field.name, arrow_type(field.kind), metadata=_JSON if field.kind == "json" else None)
            for field in self.fields
        ]
        moments = [pa.field(name, pa.timestamp("us")) for name in (SYNCED_AT, DELETED_AT)]
        return pa.schema([*columns, *moments, pa.field(UNFIT, pa.string(), metadata=_JSON)])

    def batches(self, rows: Rows, synced_at: datetime) -> Iterator[pa.RecordBatch]:
        """Yield `rows` as record batches of a few megabytes; `synced_at` is UTC without a zone."""
        import pyarrow as pa

        schema = self.schema()
        for start, stop in slices(rows.sources):
            values, unfit = (
                rows.values[start:stop],
                {index - start: dict(raws) for index, raws in rows.unfit.items() if start <= index < stop},
            )
            columns = [self._column(field, values, rows.sources[start:stop], unfit) for field in self.fields]
            for name in chain.from_iterable(unfit.values()):
                if len(self.fields) >= MOST_COLUMNS and name not in self._attributes:
                    name = BEYOND  # noqa: PLW2901 - thousands of names would be thousands of notices
                self.misfits[name] = self.misfits.get(name, 0) + 1
            columns += [
                repeated(synced_at, len(values)),
                pa.nulls(len(values), pa.timestamp("us")),
                strings([_object(unfit.get(index)) for index in range(len(values))]),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(
        self, field: Column, rows: list[Any], sources: list[msgspec.Raw], unfit: dict[int, dict[str, msgspec.Raw]]
    ) -> pa.Array[Any]:
        import pyarrow as pa

        values = list(map(attrgetter(self._attributes[field.name]), rows))
        if field.kind == "json":
            return json_texts(values)
        try:
            return scalars(field.kind, values)
        except (pa.ArrowInvalid, OverflowError):
            pass
        # Arrow says that a value does not fit, and not which one.
        for index, value in enumerate(values):
            try:
                scalars(field.kind, [value])
            except (pa.ArrowInvalid, OverflowError):  # noqa: PERF203 - only when a batch has such a value
                values[index] = None
                unfit.setdefault(index, {})[field.name] = self._parse(sources[index])[field.name]
        return scalars(field.kind, values)


def _object(unfit: dict[str, msgspec.Raw] | None) -> str | None:
    # Half a surrogate pair in a text has no UTF-8.
    return msgspec.json.encode(unfit).decode(errors="replace") if unfit else None


def slices(sources: Sequence[msgspec.Raw], most: int = _CHUNK_BYTES) -> Iterator[tuple[int, int]]:
    """Yield ranges of records that together have about `most` bytes."""
    start = size = 0
    for index, source in enumerate(sources):
        size += memoryview(source).nbytes
        if size >= most:
            yield start, index + 1
            start, size = index + 1, 0
    if start < len(sources):
        yield start, len(sources)


_MISFIT = "do not fit its column"
_FAULTS = {BEYOND: "get no column of their own"}
MOST_NAMED = 20
"""Fields of a stream that are told one by one: among thousands of lines nobody would find another one."""


def surprises(
    added: Iterable[tuple[str, str]],
    drift: Mapping[tuple[str, str], int],
    nested: Iterable[Notice] = (),
) -> list[Notice]:
    """Return what a person should hear of fields that the schema did not know, and of values that did not fit it.

    By stream, `added` with a field, `drift` with a field and its number of values; `nested`: what is said of fields
    inside objects and lists.
    """
    fields: dict[str, list[str]] = {}
    for stream, field in added:
        fields.setdefault(stream, []).append(field)
    misfits: dict[str, dict[str, int]] = {}
    for (stream, field), count in drift.items():
        misfits.setdefault(stream, {})[field] = count
    return [
        *(Notice(stream, reason) for stream, names in fields.items() for reason in _added(names)),
        *nested,
        *(Notice(stream, reason) for stream, counts in misfits.items() for reason in _misfits(counts)),
    ]


def _added(fields: Sequence[str]) -> Iterator[str]:
    for field in fields[:MOST_NAMED]:
        yield f"has a field that was not known, {legible(field)}; it is kept as a column of JSON"
    if (others := len(fields) - MOST_NAMED) > 0:
        yield f"has {counted(others, 'more field')} that {'was' if others == 1 else 'were'} not known, kept likewise"


def _misfits(counts: Mapping[str, int]) -> Iterator[str]:
    names = [*counts]
    named = {*names[:MOST_NAMED], *_FAULTS}
    for field in names:
        if field in named:
            yield f"values of {legible(field)} that {_FAULTS.get(field, _MISFIT)}: {counts[field]}; {UNFIT} has them"
    if others := [counts[field] for field in names if field not in named]:
        yield f"values of {counted(len(others), 'more field')} that {_MISFIT}: {sum(others)}; {UNFIT} has them"
