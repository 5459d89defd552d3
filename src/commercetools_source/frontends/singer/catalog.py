"""A Singer catalog as a user hands it in: checked as a whole, with what it leaves open filled in from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.singerlib import Catalog, Metadata, Schema

from commercetools_source.catalog.streams import find
from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from singer_sdk.singerlib import CatalogEntry, MetadataMapping

    from commercetools_source.catalog.stream import Stream

__all__ = [
    "DELETED_AT",
    "DELETED_AT_SCHEMA",
    "FULL_TABLE",
    "INCREMENTAL",
    "catalog_of",
    "keep_deletions",
    "tell_deletions",
]

FULL_TABLE, INCREMENTAL = "FULL_TABLE", "INCREMENTAL"
DELETED_AT = "_sdc_deleted_at"
_ODD = (AttributeError, KeyError, TypeError, ValueError)
"""What the SDK raises for values of forms that it does not expect."""
DELETED_AT_SCHEMA = {"type": ["string", "null"], "format": "date-time"}


def catalog_of(given: Any) -> Catalog:
    """Return what `given` selects, as the SDK's catalog: deselected streams, however many, then cost nothing.

    Every stream in it is known, has a schema, its key and a replication method that it can be read by.
    Raises ConfigError that names every problem.
    """
    catalog = given if isinstance(given, Catalog) else _parsed(given)
    chosen = Catalog()
    problems: list[str] = []
    for entry in catalog.streams:
        # Deselected streams are left alone even if they are broken: a catalog of another version still works.
        if not entry.metadata.resolve_selection().get((), False):
            continue
        # https://hub.meltano.com/singer/spec/#metadata: what `selected` is in the root's metadata.
        chosen.add_stream(entry)
        try:
            _complete(entry, find(entry.tap_stream_id))
        except ConfigError as error:
            problems += [f"the catalog cannot be used: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    return chosen


def tell_deletions(catalog: Catalog) -> None:
    """Give every stream in `catalog` whose deletions the platform tells of the column for them."""
    for entry in catalog.streams:
        if find(entry.tap_stream_id).deleted_messages and entry.schema.properties is not None:
            entry.schema.properties[DELETED_AT] = Schema.from_dict(DELETED_AT_SCHEMA)
            keep_deletions(entry.metadata)


def keep_deletions(metadata: MetadataMapping) -> None:
    """Let nobody deselect the column for deletions: without it, a deleted record would look like one without values."""
    metadata["properties", DELETED_AT] = Metadata(inclusion=Metadata.InclusionType.AUTOMATIC)


def _parsed(given: Any) -> Catalog:
    streams = given.get("streams") if isinstance(given, dict) else None
    if not isinstance(streams, list) or not all(isinstance(stream, dict) for stream in streams):
        raise ConfigError('the catalog is broken: it must be {"streams": [{…}, …]}; make a new one with --discover')
    try:
        return Catalog.from_dict(given)
    except _ODD as error:
        name = type(error).__name__
        raise ConfigError(f"the catalog is broken ({name}: {error}); make a new one with --discover") from None


def _complete(entry: CatalogEntry, row: Stream) -> None:
    if not entry.schema.properties:
        raise ConfigError(f"{row.name} has no schema; make a new catalog with --discover")
    try:
        # As the SDK does later, where an error would be a traceback.
        get_selected_schema(row.name, entry.schema.to_dict(), entry.metadata.resolve_selection())
    except _ODD as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"the schema of {row.name} is broken ({reason}); make a new one with --discover") from None
    if entry.stream not in {None, row.name}:
        raise ConfigError(
            f"{row.name} is called {shown(entry.stream)} there; a catalog cannot rename it, but"
            f' stream_maps can: {{"{row.name}": {{"__alias__": "…"}}}}'
        )
    root = entry.metadata.root
    key = entry.replication_key or root.replication_key
    # Tools write it into the entry, into the metadata, or into both.
    methods = {entry.replication_method, root.forced_replication_method} - {None}
    # LOG_BASED among them: deletions come with a setting, not with a method.
    unknown = methods - {FULL_TABLE, INCREMENTAL}
    if unknown:
        raise ConfigError(
            f"{row.name} has the replication method {unknown.pop()}; it can be INCREMENTAL or FULL_TABLE"
            " (deletions come with the setting emit_deletions)"
        )
    if row.cursor is None and (key or INCREMENTAL in methods):
        raise ConfigError(f"{row.name} has no change date, so it cannot be INCREMENTAL; make it FULL_TABLE")
    if FULL_TABLE not in methods and key not in {None, row.cursor}:
        raise ConfigError(f"{row.name} has the replication key {key!r}; it can only go by {row.cursor!r}")
    entry.replication_key = row.cursor
    # Discovery offers INCREMENTAL wherever it can be, so one FULL_TABLE is somebody's decision.
    entry.replication_method = FULL_TABLE if FULL_TABLE in methods or row.cursor is None else INCREMENTAL
    if entry.key_properties is None:
        entry.key_properties = root.table_key_properties or list(row.key)
    # Without a key a target appends; by another one it would take rows for each other.
    if entry.key_properties and set(entry.key_properties) != set(row.key):
        raise ConfigError(f"{row.name} has the key {shown(entry.key_properties)}; it can be {list(row.key)}, or empty")
    # Nobody can deselect them: a target could not merge what it is sent.
    for name in row.key:
        entry.metadata["properties", name] = Metadata(inclusion=Metadata.InclusionType.AUTOMATIC)
