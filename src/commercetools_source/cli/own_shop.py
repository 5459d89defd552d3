"""Records of a shop of one's own for the sandbox: what `sync` stored, or JSON lines; with personal data masked."""

from __future__ import annotations

import os
import secrets
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import PROJECTIONS, STREAMS
from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.config.project import checked, setting_of
from commercetools_source.config.values import Secret
from commercetools_source.destinations.jsonl import Jsonl
from commercetools_source.destinations.store.atomic import size_of
from commercetools_source.errors import ConfigError, DestinationError, printable
from commercetools_source.errors.suggestion import suggestion
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.privacy import Privacy

    Record = dict[str, msgspec.Raw]

__all__ = [
    "masked",
    "masking_of",
    "project_key",
    "sandbox_rows",
    "stored_records",
    "unmasked_names",
    "written_records",
]

_BATCH = 1000


class _Head(msgspec.Struct):
    """What the sandbox reads of every record: not NULL, but it need not be there."""

    id: str = ""
    key: str | None = None
    version: int = 0
    createdAt: str = ""  # noqa: N815 - the platform's name
    lastModifiedAt: str = ""  # noqa: N815 - same


_HEAD = msgspec.json.Decoder(_Head)


def stored_records(destination: Destination) -> dict[str, list[Record]]:
    """Return the live records of a destination by stream: nested values byte for byte, others with the same value.

    Raises ConfigError for one that cannot be asked with SQL, and DestinationError also for one with missing files.
    """
    from commercetools_source.destinations.duckdb.memory import with_enough
    from commercetools_source.extract.abilities import Queryable, lost_streams, open_to_read
    from commercetools_source.report.html.queries import stream_tables

    if not isinstance(destination, Queryable):
        raise ConfigError(
            f"--from is for what can be asked with SQL; for {destination.name} use --data with its folder"
        )
    records = {}
    try:
        broken = {name: state.broken for name, state in open_to_read(destination).items() if state.broken}
        gone = {**broken, **lost_streams(destination)}
        with destination.querying() as connection:
            tables = stream_tables(connection)
            # A copy without them would pass for a shop that has none.
            if reasons := [f"{name}: {reason}" for name, reason in gone.items() if name not in tables]:
                raise DestinationError("; ".join(reasons))
            for name, types in tables.items():
                # Records of more than 1 MB take more memory than DuckDB is given at first.
                records[name] = with_enough(connection, partial(_records_of, connection, name, types))
    finally:
        destination.close()
    return records


def written_records(folder: Path) -> dict[str, list[Record]]:
    """Return the records of `STREAM.jsonl` and `STREAM/*.jsonl` in a folder; of several with one key the newest.

    Raises ConfigError that names the file and line of whatever is no record, and DestinationError for a folder that
    `sync` wrote with missing files.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - that of a Path raises what the system refuses, as a long name
        raise ConfigError(f"--data is {folder}, which is no folder; name one with files such as orders.jsonl")
    for file in folder.glob("[!_.]*.jsonl"):
        if file.stem not in STREAMS:
            near = suggestion(file.stem, STREAMS, "`commercetools-source streams` lists them")
            raise ConfigError(f"{file} has the name of no stream; {near}")
    records = {}
    for name, stream, counted in _counted(folder):
        files = [*folder.glob(f"{name}.jsonl"), *counted]
        newest: dict[tuple[bytes, ...], Record] = {}
        for record in (record for file in files for record in _lines(file, stream)):
            key = tuple(bytes(record[field]) for field in stream.key)
            if key not in newest or _version(newest[key]) <= _version(record):
                newest[key] = record
        if files:
            records[name] = list(newest.values())
    if not records:
        raise ConfigError(f"--data is {folder}, which has no file of a stream, such as orders.jsonl")
    return records


def _counted(folder: Path) -> Iterator[tuple[str, Stream, list[Path]]]:
    """Yield each stream with its files in a folder of its own: where `sync` made it, those that count."""
    if not (folder / "manifest.json").exists():
        yield from ((name, stream, sorted((folder / name).glob("*.jsonl"))) for name, stream in STREAMS.items())
        return
    # Others were left by a run that was killed, and without one that is missing the shop would have less.
    lines = Jsonl(folder)
    try:
        lines.open_read_only()
        yield from ((name, stream, lines.paths(stream)) for name, stream in STREAMS.items())
    finally:
        lines.close()


def masking_of(personal_fields: str | None, environ: Mapping[str, str]) -> Privacy:
    """Return how a copy is masked: with the setting `hash_key`, or a random key that nobody learns.

    `personal_fields`: the option; None: what the setting hashes or drops. Raises ConfigError for a value that a run
    would refuse.
    """
    from commercetools_source.extract.privacy import masking

    key = setting_of("hash_key", None, environ) or Secret(secrets.token_hex())
    if personal_fields is not None:
        return masking(checked("personal_fields", personal_fields), key)
    # What a run may keep or shorten was decided for its destination, and must not unmask a copy for others.
    fields = setting_of("personal_fields", None, environ)
    return masking([text for text in fields if text.rpartition("=")[2] in {"hash", "drop"}], key)


def masked(records: Mapping[str, list[Record]], privacy: Privacy) -> dict[str, list[Record]]:
    """Return the records with their personal data as `privacy` chooses; other values keep their bytes."""
    from commercetools_source.extract.redaction import redactor

    result = {}
    for name, rows in records.items():
        redact = redactor(STREAMS[name].item, privacy)
        result[name] = rows
        if redact is not None:
            try:
                result[name] = [decode_fields(redact(msgspec.Raw(msgspec.json.encode(record)))) for record in rows]
            except RecursionError:
                raise DestinationError(f"a record of {name} is nested too deep to be masked; take it out") from None
    return result


def unmasked_names(records: Mapping[str, list[Record]], privacy: Privacy) -> str:
    """Return which custom fields and attributes `privacy` names that the shop does not define, "" if there are none.

    Where its definitions were not copied nothing is known of them.
    """
    from commercetools_source.sync.undefined import undefined_in

    if not {"types", "product_types"} <= records.keys():
        return ""
    return undefined_in(
        privacy, lambda name: (msgspec.json.decode(msgspec.json.encode(record)) for record in records[name])
    )


def project_key(records: Mapping[str, list[Record]]) -> str:
    """Return the key of the project that the records have, that of the generated shop where they have none.

    Raises ConfigError for one that no project can have.
    """
    project = records.get("project")
    key: str | None = checked("project_key", _text(project[0]["key"])) if project else None
    return key or "sample-shop"


def sandbox_rows(records: Mapping[str, list[Record]]) -> Iterator[tuple[str, str, bytes]]:
    """Yield the records as the sandbox takes them: its collection, the parent in it, and JSON."""
    units = {_text(unit["key"]): unit for unit in records.get("business_units", ())}
    for name, found in records.items():
        stream = STREAMS[name]
        if name in PROJECTIONS:  # the sandbox works these out, too
            continue
        path = stream.parents.source if stream.parents and stream.parents.kind == "distinct" else stream.path
        # Extraction put these in front of what the platform sent.
        added = {column for column, _ in stream.derived} | set(stream.parents.columns if stream.parents else ())
        for record in found:
            body = msgspec.json.encode({field: value for field, value in record.items() if field not in added})
            for parent in _parents(stream, record, units):
                yield path, parent, body


def _parents(stream: Stream, record: Record, units: Mapping[str, Record]) -> Iterable[str]:
    """Return the parents below which a record is served; of one that only associates can list, all of its unit."""
    if stream.parents is None or stream.parents.kind == "distinct":
        return ("",)
    (*_, column) = stream.parents.columns
    value = _text(record[column])
    if len(stream.parents.columns) == 1:
        return (value,)
    associates = msgspec.json.decode(units[value].get("associates", b"[]")) if value in units else []
    return [f"{associate['customer']['id']}/{value}" for associate in associates]


def _records_of(connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]) -> list[Record]:
    """Return the live records of a table whose columns have the SQL types `types`."""
    from commercetools_source.arrow.decode import DELETED_AT
    from commercetools_source.model.schemas import record_table

    result = connection.execute(f"SELECT * FROM {record_table(name)} WHERE {DELETED_AT} IS NULL")  # noqa: S608
    names = [str(column[0]) for column in result.description or ()]
    records: list[Record] = []
    while rows := result.fetchmany(_BATCH):
        records += [_record(names, types, row) for row in rows]
    return records


def _record(names: Iterable[str], types: Mapping[str, str], row: Iterable[Any]) -> Record:
    from commercetools_source.arrow.decode import OWN, UNFIT

    record: Record = {}
    unfit: Record = {}
    for name, value in zip(names, row, strict=True):
        if name == UNFIT and value is not None:
            unfit = decode_fields(value)
        elif value is not None and name not in OWN:
            record[name] = msgspec.Raw(value.encode() if types[name] == "JSON" else msgspec.json.encode(_plain(value)))
    return record | unfit


def _plain(value: Any) -> Any:
    """Return a value as the platform writes it."""
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _lines(file: Path, stream: Stream) -> Iterator[Record]:
    # What the platform gives to each record, and without which none can be served.
    needed = {*stream.key, *({"version"} & {column.name for column in columns(stream)})}
    size_of(file)  # refuses a folder, and a pipe, which may never end
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = decode_fields(line)
                line.decode()
            except (ValueError, RecursionError) as error:
                raise ConfigError(f"{file}, line {number}: no JSON object ({printable(str(error))})") from None
            if missing := sorted(needed - {field for field, value in record.items() if bytes(value) != b"null"}):
                raise ConfigError(f"{file}, line {number}: a record of {stream.name} needs {' and '.join(missing)}")
            try:
                head = _HEAD.decode(line)
            except msgspec.ValidationError as error:
                raise ConfigError(f"{file}, line {number}: a record of {stream.name} is malformed ({error})") from None
            for time in filter(None, (head.createdAt, head.lastModifiedAt)):
                if not _is_written(time):
                    form = "is no time as the platform writes it (2026-01-31T12:00:00.000Z)"
                    raise ConfigError(f"{file}, line {number}: {time!r:.80} {form}")
            yield record


def _is_written(time: str) -> bool:
    """Return whether a time is written as the platform does, so that texts compare as times do."""
    try:
        return instant(moment(time)) == time
    except (ValueError, OverflowError):
        return False


def _version(record: Record) -> int:
    return int(msgspec.json.decode(record.get("version", b"0")))


def _text(value: msgspec.Raw) -> str:
    return str(msgspec.json.decode(value))
