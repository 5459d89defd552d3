"""The streams of a source and what the user chose of them: Singer's catalog with Mage's extra keys."""

# ruff: noqa: ARG002, FBT001, FBT002 - signatures are those that Mage documents

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Catalog", "CatalogEntry", "Schema"]

_PLAIN = {
    "tap_stream_id": "tap_stream_id",
    "database": "database_name",
    "replication_key": "replication_key",
    "replication_method": "replication_method",
    "key_properties": "key_properties",
    "schema": "schema",
    "is_view": "is_view",
    "stream": "stream",
    "stream_alias": "stream_alias",
    "row_count": "row_count",
    "table": "table_name",
    "metadata": "metadata",
}
"""Attribute of an entry -> its key in the file, in the file's order; None is left out."""


class Schema:
    """A JSON Schema; `properties` holds the schema of each property by name."""

    _ORDER = ("properties", "items", "format", "additionalProperties", "type")
    _UNKEPT = frozenset({"$schema", "$id"})

    def __init__(self, **keywords: Any) -> None:
        self._keywords = keywords

    def __getattr__(self, name: str) -> Any:
        # `copy` and `pickle` ask for dunder names before there are keywords, and must hear that there are none.
        if name.startswith("_"):
            raise AttributeError(name)
        return self._keywords.get(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it can change

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Schema:
        """Return the schema that `data` describes."""
        keywords = {name: value for name, value in (data or {}).items() if name not in cls._UNKEPT}
        if "properties" in keywords:
            keywords["properties"] = {name: cls.from_dict(item) for name, item in keywords["properties"].items()}
        if isinstance(keywords.get("items"), Mapping):
            keywords["items"] = cls.from_dict(keywords["items"])
        return cls(**keywords)

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as a JSON object; the type comes last."""
        names = sorted(
            self._keywords, key=lambda name: (name == "type", self._ORDER.index(name) if name in self._ORDER else -1)
        )
        return {name: self._told(self._keywords[name]) for name in names if self._keywords[name] is not None}

    @classmethod
    def _told(cls, value: Any) -> Any:
        if isinstance(value, Schema):
            return value.to_dict()
        if isinstance(value, dict):
            return {name: cls._told(item) for name, item in value.items()}
        return value


class CatalogEntry:
    """One stream: its schema and what the user chose for it."""

    def __init__(
        self,
        auto_add_new_fields: bool = False,
        bookmark_properties: list[str] | None = None,
        bookmark_property_operators: dict[str, Any] | None = None,
        disable_column_type_check: bool | None = None,
        partition_keys: list[str] | None = None,
        run_in_parallel: bool = False,
        unique_conflict_method: str | None = None,
        unique_constraints: list[str] | None = None,
        **plain: Any,
    ) -> None:
        unknown = plain.keys() - _PLAIN
        if unknown:
            raise TypeError(f"CatalogEntry has no {', '.join(sorted(unknown))}")
        self.tap_stream_id: str | None = plain.get("tap_stream_id")
        self.database: str | None = plain.get("database")
        self.replication_key: str | None = plain.get("replication_key")
        self.replication_method: str | None = plain.get("replication_method")
        self.key_properties: list[str] | None = plain.get("key_properties")
        self.schema: Schema | None = plain.get("schema")
        self.is_view: bool | None = plain.get("is_view")
        self.stream: str | None = plain.get("stream")
        self.stream_alias: str | None = plain.get("stream_alias")
        self.row_count: int | None = plain.get("row_count")
        self.table: str | None = plain.get("table")
        self.metadata: list[dict[str, Any]] | None = plain.get("metadata")
        self.auto_add_new_fields: bool | None = False
        self.bookmark_properties = bookmark_properties
        self.bookmark_property_operators = bookmark_property_operators
        self.disable_column_type_check = disable_column_type_check
        self.partition_keys = partition_keys
        self.run_in_parallel = run_in_parallel
        self.unique_conflict_method = unique_conflict_method
        self.unique_constraints = unique_constraints

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CatalogEntry:
        """Return the entry that `data` describes."""
        plain: dict[str, Any] = {name: data.get(key) for name, key in _PLAIN.items() if name != "schema"}
        entry = cls(**plain, schema=Schema.from_dict(data.get("schema")))
        for name in (
            "auto_add_new_fields",
            "bookmark_properties",
            "bookmark_property_operators",
            "disable_column_type_check",
            "partition_keys",
            "run_in_parallel",
            "unique_conflict_method",
            "unique_constraints",
        ):
            setattr(entry, name, data.get(name))
        return entry

    def is_selected(self) -> bool:
        """Return whether the user chose this stream."""
        whole = (row.get("metadata") or {} for row in self.metadata or () if not row.get("breadcrumb"))
        return any(row.get("selected") for row in whole) or bool(self.schema and self.schema.selected)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as a JSON object; keys that say nothing are left out."""
        result: dict[str, Any] = {}
        for name, key in _PLAIN.items():
            value = getattr(self, name)
            if value is not None:
                result[key] = value.to_dict() if isinstance(value, Schema) else value
        if self.auto_add_new_fields is not None:
            result["auto_add_new_fields"] = self.auto_add_new_fields
        if self.bookmark_properties:
            result["bookmark_properties"] = self.bookmark_properties
        if self.disable_column_type_check is not None:
            result["disable_column_type_check"] = self.disable_column_type_check
        for name in ("partition_keys", "run_in_parallel", "unique_conflict_method", "unique_constraints"):
            if getattr(self, name):
                result[name] = getattr(self, name)
        return result

    def update_schema(self, new_catalog_entry: CatalogEntry | dict[str, Any]) -> CatalogEntry:
        """Add the columns that only `new_catalog_entry` has, selected; return this entry."""
        new = new_catalog_entry
        if isinstance(new, dict):
            new = CatalogEntry.from_dict(new)
        rows = {tuple(row.get("breadcrumb") or ()): row for row in new.metadata or ()}
        columns = self.schema.properties if self.schema else None
        for name, schema in ((new.schema.properties if new.schema else None) or {}).items():
            if columns is None or name in columns:
                continue
            columns[name] = schema
            row = rows.get(("properties", name))
            if row is not None and self.metadata is not None:
                self.metadata.append({**row, "metadata": {**row["metadata"], "selected": True}})
        return self


class Catalog:
    """All streams of a source."""

    def __init__(self, streams: list[CatalogEntry]) -> None:
        self.streams = streams

    @classmethod
    def load(cls, filename: str) -> Catalog:
        """Return the catalog in a JSON file."""
        return cls.from_dict(json.loads(Path(filename).read_text(encoding="utf-8")))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Catalog:
        """Return the catalog that `data` describes. Raises ConfigError when it is no catalog."""
        streams = data.get("streams") if isinstance(data, Mapping) else None
        if not isinstance(streams, list) or not all(isinstance(row, Mapping) for row in streams):
            raise ConfigError('the catalog is broken: it must be an object with a list of objects under "streams"')
        return cls([CatalogEntry.from_dict(row) for row in streams])

    def to_dict(self) -> dict[str, Any]:
        """Return the catalog as a JSON object."""
        return {"streams": [row if isinstance(row, dict) else row.to_dict() for row in self.streams]}

    def dump(self) -> None:
        """Write the catalog to stdout as JSON."""
        sys.stdout.write(json.dumps(self.to_dict(), indent=2))

    def get_stream(self, tap_stream_id: str) -> CatalogEntry | None:
        """Return the stream with this id, None when there is none."""
        return next((stream for stream in self.streams if stream.tap_stream_id == tap_stream_id), None)

    def get_selected_streams(self, state: Mapping[str, Any]) -> Iterator[CatalogEntry]:
        """Yield the streams the user chose, the one that `state` was in the middle of first."""
        first = state.get("currently_syncing")
        for stream in sorted(self.streams, key=lambda stream: stream.tap_stream_id != first if first else False):
            if stream.is_selected():
                yield stream
