"""The base class of Mage's sources, and `main`, which runs one as a script."""

# ruff: noqa: ARG002, FBT001, FBT002, PLR0913, PLR0917 - signatures are those that Mage documents
# ruff: noqa: G004 - Mage's logger takes whole messages

from __future__ import annotations

import inspect
import json
import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.frontends.mage import writing
from commercetools_source.frontends.mage.standin.sources.catalog import Catalog, CatalogEntry, Schema
from commercetools_source.frontends.mage.standin.sources.constants import (
    REPLICATION_METHOD_FULL_TABLE,
    REPLICATION_METHOD_INCREMENTAL,
    REPLICATION_METHOD_LOG_BASED,
)
from commercetools_source.frontends.mage.standin.sources.messages import write_schema
from commercetools_source.frontends.mage.standin.sources.utils import (
    extract_selected_columns,
    get_standard_metadata,
    parse_args,
)
from commercetools_source.frontends.mage.standin.utils.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

__all__ = ["Source", "main"]

LOGGER = logging.getLogger("mage_integrations")

_METHODS = (REPLICATION_METHOD_FULL_TABLE, REPLICATION_METHOD_INCREMENTAL, REPLICATION_METHOD_LOG_BASED)


class Source:
    """A source that Mage can run; a subclass says how to `load_data`.

    `args`: a command line to parse, whose values win over the keywords. `sys.argv` is read only by `main`.
    """

    def __init__(
        self,
        args: Sequence[str] | None = None,
        catalog: Catalog | None = None,
        config: dict[str, Any] | None = None,
        count_records: bool = False,
        discover_mode: bool = False,
        discover_streams_mode: bool = False,
        is_sorted: bool = True,
        load_sample_data: bool = False,
        log_to_stdout: bool = False,
        logger: logging.Logger = LOGGER,
        query: dict[str, Any] | str | None = None,
        schemas_folder: str = "schemas",
        selected_streams: list[str] | None = None,
        settings: dict[str, Any] | None = None,
        show_templates: bool = False,
        state: dict[str, Any] | None = None,
        test_connection: bool = False,
        verbose: int = 1,
    ) -> None:
        # An empty line is parsed as well, so that every attribute has its default.
        parsed = parse_args([], list(args or ()))
        self.catalog: Catalog | None = parsed.catalog or catalog
        self.config: dict[str, Any] | None = parsed.config or config
        self.count_records_mode = parsed.count_records or count_records
        self.discover_mode = parsed.discover or discover_mode
        self.discover_streams_mode = parsed.discover_streams or discover_streams_mode
        self.is_sorted = is_sorted
        self.load_sample_data = parsed.load_sample_data or load_sample_data
        self.logger = Logger(
            caller=self, log_to_stdout=bool(parsed.log_to_stdout or log_to_stdout), logger=logger, verbose=verbose
        )
        self.schemas_folder = schemas_folder
        self.selected_streams: list[str] | None = parsed.selected_streams or selected_streams
        self.settings = settings
        self.show_templates = parsed.show_templates or show_templates
        self.should_test_connection = parsed.test_connection or test_connection
        self.state: dict[str, Any] | None = parsed.state or state
        query = parsed.query or query or {}
        self.query: dict[str, Any] = json.loads(query) if isinstance(query, str) else query

    @classmethod
    def templates(cls) -> dict[str, Any]:
        """Return the files of the folder `templates` beside the class, parsed, by name without `.json`."""
        folder = Path(inspect.getfile(cls)).parent / "templates"
        return _json_files(folder)

    def discover(self, streams: list[str] | None = None) -> Catalog:
        """Return the catalog of all streams, or of those in `streams`."""
        schemas = self.load_schemas_from_folder().items()
        return Catalog(
            [self.build_catalog_entry(name, schema) for name, schema in schemas if not streams or name in streams]
        )

    def discover_streams(self) -> list[dict[str, str]]:
        """Return the id of each stream, under both names that Mage asks for."""
        return [{"stream": name, "tap_stream_id": name} for name in self.get_stream_ids()]

    def get_stream_ids(self) -> list[str]:
        """Return the ids of all streams."""
        ids = []
        for stream in self.discover().streams:
            if not isinstance(stream, (CatalogEntry, dict)):
                raise TypeError(f"Invalid stream class type of {type(stream).__name__}.")
            ids.append(stream["tap_stream_id"] if isinstance(stream, dict) else str(stream.tap_stream_id))
        return ids

    def internal_column_schema(
        self,
        stream: CatalogEntry,
        bookmarks: dict[str, Any] | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Return columns that the source adds to those of the catalog: none."""
        return {}

    def process(self) -> None:
        """Do what the flags ask for, a sync when they ask for nothing else. Failures are logged and raised anew."""
        self.logger.info("Process started.")
        try:
            self._process()
        except Exception as error:
            message = f"{type(self).__name__} process failed with error {error}."
            tags = {"error": str(error), "errors": traceback.format_stack(), "message": traceback.format_exc()}
            self.logger.exception(message, tags=tags)
            raise Exception(message) from error  # noqa: TRY002 - documented, and Mage reads the text

    def _process(self) -> None:
        if self.should_test_connection:
            self.test_connection()
        elif self.load_sample_data:
            self._write_samples()
        elif self.discover_mode:
            if self.discover_streams_mode:
                sys.stdout.write(json.dumps(self.discover_streams()))
            else:
                self.discover(streams=self.selected_streams).dump()
        elif self.count_records_mode:
            sys.stdout.write(json.dumps(self._counts()))
        elif self.show_templates:
            sys.stdout.write(json.dumps(self.templates()))
        else:
            self.sync(self._catalog_to_sync())

    def _write_samples(self) -> None:
        """Write the first page of each selected stream, column by column, as a data frame's `to_json` would."""
        catalog = self.catalog or self.discover(streams=self.selected_streams)
        for name in self.selected_streams or ():
            stream = catalog.get_stream(name)
            if stream is None:
                raise ValueError(f"stream {name!r} is not in the catalog")
            rows = next(iter(self.load_data(stream, sample_data=True)), [])
            columns = dict.fromkeys(column for row in rows for column in row)
            sample = {column: {str(number): row.get(column) for number, row in enumerate(rows)} for column in columns}
            line = {"stream_id": name, "sample_data": json.dumps(sample), "type": "SAMPLE_DATA"}
            sys.stdout.write(json.dumps(line) + "\n")

    def _counts(self) -> list[dict[str, Any]]:
        if self.catalog is None:
            raise ValueError("counting needs a catalog; give --catalog, --catalog_json or --settings")
        selected = self.selected_streams or []
        counts = []
        for stream in self.catalog.get_selected_streams(self.state or {}):
            name = str(stream.tap_stream_id)
            if name in selected:
                count = self.count_records(
                    stream=stream, bookmarks=writing.bookmarks_of(self, stream), query=self.query
                )
                counts.append({"count": count, "id": name, "stream": name})
        return counts

    def _catalog_to_sync(self) -> Catalog:
        catalog = self.catalog or self.discover(streams=self.selected_streams)
        growing = [str(stream.tap_stream_id) for stream in catalog.streams if stream.auto_add_new_fields]
        if growing:
            fresh = self.discover(streams=growing)
            for stream in catalog.streams:
                updated = fresh.get_stream(str(stream.tap_stream_id))
                if updated is not None:
                    stream.update_schema(updated)
        if self.selected_streams:
            catalog.streams = [entry for entry in catalog.streams if entry.tap_stream_id in self.selected_streams]
        return catalog

    def process_stream(self, stream: CatalogEntry, properties: dict[str, Any] | None = None) -> None:
        """Write the SCHEMA line of `stream` with the columns the user chose, or with `properties`."""
        name = str(stream.tap_stream_id)
        self.logger.info(f"Process stream {name} started.")
        if stream.replication_method not in _METHODS:
            raise Exception(f"Invalid replication_method {stream.replication_method}")  # noqa: TRY002 - documented
        bookmarks = writing.bookmarks_of(self, stream)
        schema = stream.schema.to_dict() if stream.schema else {}
        columns = schema.get("properties") or {}
        if properties:
            chosen = {column: columns.get(column, given) for column, given in properties.items()}
        else:
            chosen = {
                column: columns[column] for column in extract_selected_columns(stream.metadata) if column in columns
            }
        schema["properties"] = {**chosen, **self.internal_column_schema(stream, bookmarks=bookmarks)}
        message: dict[str, Any] = {
            "bookmark_properties": self._get_bookmark_properties_for_stream(stream, bookmarks=bookmarks),
            "disable_column_type_check": stream.disable_column_type_check,
            "key_properties": stream.key_properties or [],
            "partition_keys": stream.partition_keys,
            "replication_method": stream.replication_method,
            "schema": schema,
            "stream_name": name,
            "unique_conflict_method": stream.unique_conflict_method,
            "unique_constraints": stream.unique_constraints,
        }
        tags = {"schema": message, "stream": name}
        self.logger.info(f"Write schema {name} started.", tags=tags)
        write_schema(**message)
        self.logger.info(f"Write schema {name} completed.", tags=tags)
        self.logger.info(f"Process stream {name} completed.")

    def sync_stream(self, stream: CatalogEntry, properties: dict[str, Any] | None = None) -> int:
        """Write all rows of `stream` and its state; return how many rows."""
        return writing.sync_stream(self, stream, properties)

    def write_records(
        self, stream: CatalogEntry, rows: list[dict[str, Any]], properties: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write the lines of one page; return `final_record` and `max_bookmark`."""
        return writing.write_records(self, stream, rows, properties)

    def sync(self, catalog: Catalog, properties: dict[str, Any] | None = None) -> None:
        """Write schema, rows and state of every selected stream."""
        self.logger.info("Sync started.")
        for stream in catalog.get_selected_streams(self.state or {}):
            tags: dict[str, Any] = {"stream": stream.tap_stream_id}
            self.logger.info(f"Sync for stream {stream.tap_stream_id} started.", tags=tags)
            self.process_stream(stream, properties)
            count = self.sync_stream(stream, properties)
            self.logger.info(f"Sync for stream {stream.tap_stream_id} completed.", tags={**tags, "records": count})
        self.logger.info("Sync completed.")

    def build_catalog_entry(
        self,
        stream_id: str,
        schema: Schema,
        bookmark_properties: list[str] | None = None,
        key_properties: list[str] | None = None,
        replication_key: str | None = None,
        replication_method: str | None = None,
        **extra: Any,
    ) -> CatalogEntry:
        """Return the entry of a stream as discovery shows it: nothing is selected, the user sets the keys."""
        method = replication_method or self.get_forced_replication_method(stream_id)
        metadata = get_standard_metadata(
            key_properties=key_properties or self.get_table_key_properties(stream_id),
            replication_method=method,
            schema=schema.to_dict(),
            stream_id=stream_id,
            valid_replication_keys=bookmark_properties or self.get_valid_replication_keys(stream_id),
        )
        # Nothing is chosen until the user chooses it.
        metadata[0]["metadata"]["selected"] = False
        if not replication_key and bookmark_properties:
            replication_key = bookmark_properties[0]
        entry = {
            "bookmark_properties": bookmark_properties,
            "key_properties": key_properties or [],
            "metadata": metadata,
            "replication_key": replication_key or "",
            "replication_method": method,
            "schema": schema,
            "stream": stream_id,
            "tap_stream_id": stream_id,
            **extra,
        }
        return CatalogEntry(**entry)

    def test_connection(self) -> None:
        """Raise when the settings do not work."""
        raise Exception(  # noqa: TRY002 - documented
            "Testing the connection is not currently supported for this source. "
            "You can request it as a feature by creating a new Github issue."
        )

    def count_records(
        self,
        stream: CatalogEntry,
        bookmarks: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        **extra: Any,
    ) -> int:
        """Return how many records a sync would write; 0 where a source cannot count."""
        return 0

    def load_data(
        self,
        stream: CatalogEntry,
        bookmarks: dict[str, Any] | None = None,
        query: dict[str, Any] | None = None,
        sample_data: bool = False,
        start_date: datetime | None = None,
        **extra: Any,
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows of `stream`, page by page."""
        raise Exception("Loading sample data is not currently supported for this source.")  # noqa: TRY002 - documented

    def get_forced_replication_method(self, stream_id: str) -> str:
        """Return the replication method that discovery proposes."""
        return REPLICATION_METHOD_FULL_TABLE

    def get_table_key_properties(self, stream_id: str) -> list[str]:
        """Return the columns that identify a row."""
        return []

    def get_valid_replication_keys(self, stream_id: str) -> list[str]:
        """Return the columns that may serve as a bookmark."""
        return []

    def load_schemas_from_folder(self) -> dict[str, Schema]:
        """Return the JSON Schemas of the schemas folder beside the class, by file name without `.json`."""
        folder = Path(inspect.getfile(type(self))).parent / self.schemas_folder
        return {name: Schema.from_dict(schema) for name, schema in _json_files(folder).items()}

    def _get_bookmark_properties_for_stream(
        self,
        stream: CatalogEntry,
        bookmarks: dict[str, Any] | None = None,
    ) -> list[str]:
        return self._get_replication_key(stream) if stream.replication_method == REPLICATION_METHOD_INCREMENTAL else []

    def _get_replication_key(self, stream: CatalogEntry) -> list[str]:
        return [stream.replication_key] if stream.replication_key else stream.bookmark_properties or []


def _json_files(folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def main(source_class: type[Source], **kwargs: Any) -> None:
    """Run a source as a script, by the flags in `sys.argv`; an exception ends it with its text on stderr."""
    if not LOGGER.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        LOGGER.propagate = False
    # `setdefault`, because a test or another program may hand over a command line of its own.
    kwargs.setdefault("args", sys.argv[1:])
    try:
        source_class(**kwargs).process()
    except Exception as error:
        for line in str(error).splitlines():
            LOGGER.critical(line)
        raise
