"""The command line of a source, and helpers for catalogs and state files."""

# ruff: noqa: FBT001, FBT002, PLR0913, PLR0917 - signatures are those that Mage documents

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.config.given import decode_json, read_given
from commercetools_source.errors import ConfigError
from commercetools_source.frontends.mage.standin.sources.catalog import Catalog
from commercetools_source.frontends.mage.standin.sources.constants import (
    INCLUSION_AUTOMATIC,
    INCLUSION_UNSUPPORTED,
    METADATA_KEY_INCLUSION,
    METADATA_KEY_SELECTED,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "extract_selected_columns",
    "get_standard_metadata",
    "parse_args",
    "update_catalog",
    "update_catalog_dict",
    "update_source_state_from_destination_state",
]


def get_standard_metadata(
    key_properties: list[str] | None = None,
    replication_method: str | None = None,
    schema: dict[str, Any] | None = None,
    stream_id: str | None = None,
    valid_replication_keys: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Return Singer metadata: one row for the stream, then one for each property; keys are `automatic`."""
    whole: dict[str, Any] = {}
    if key_properties is not None:
        whole["table-key-properties"] = key_properties
    if replication_method:
        whole["forced-replication-method"] = replication_method
    if valid_replication_keys is not None:
        whole["valid-replication-keys"] = valid_replication_keys
    rows: list[dict[str, Any]] = []
    if schema:
        whole["inclusion"] = "available"
        if stream_id:
            whole["schema-name"] = stream_id
        automatic = {*(key_properties or ()), *(valid_replication_keys or ())}
        rows = [
            {
                "breadcrumb": ("properties", name),
                "metadata": {"inclusion": INCLUSION_AUTOMATIC if name in automatic else "available"},
            }
            for name in schema["properties"]
        ]
    return [{"breadcrumb": (), "metadata": whole}, *rows] if whole else rows


def extract_selected_columns(metadata: Sequence[dict[str, Any]] | None) -> list[str]:
    """Return the names of the properties that are marked as selected."""
    columns = []
    for row in metadata or ():
        breadcrumb, said = list(row.get("breadcrumb") or ()), row.get("metadata") or {}
        if len(breadcrumb) == 2 and breadcrumb[0] == "properties" and said.get(METADATA_KEY_SELECTED):  # noqa: PLR2004 - a column
            columns.append(breadcrumb[1])
    return columns


def update_catalog_dict(
    catalog: dict[str, Any],
    stream_id: str,
    key_properties: list[str],
    replication_method: str,
    bookmark_properties: list[str] | None = None,
    deselected_columns: list[str] | None = None,
    select_all: bool = False,
    select_stream: bool = False,
    selected_columns: list[str] | None = None,
    unique_conflict_method: str | None = None,
    unique_constraints: list[str] | None = None,
) -> dict[str, Any]:
    """Return `catalog` with these choices made for one stream, which comes first."""
    stream = next(row for row in catalog["streams"] if row["tap_stream_id"] == stream_id)
    stream["key_properties"] = key_properties
    stream["bookmark_properties"] = bookmark_properties or []
    stream["replication_method"] = replication_method
    stream["unique_conflict_method"] = unique_conflict_method
    stream["unique_constraints"] = unique_constraints or []
    for row in stream["metadata"]:
        breadcrumb, metadata = row.get("breadcrumb") or [], row.get("metadata")
        if not breadcrumb:
            row["metadata"][METADATA_KEY_SELECTED] = select_stream
        elif metadata and len(breadcrumb) == 2 and breadcrumb[0] == "properties":  # noqa: PLR2004 - a column
            inclusion = metadata.get(METADATA_KEY_INCLUSION, INCLUSION_UNSUPPORTED)
            chosen = selected_columns is None or (
                breadcrumb[1] in selected_columns and breadcrumb[1] not in (deselected_columns or ())
            )
            metadata[METADATA_KEY_SELECTED] = (
                select_all or inclusion == INCLUSION_AUTOMATIC or (inclusion != INCLUSION_UNSUPPORTED and chosen)
            )
    return {"streams": [stream, *(row for row in catalog["streams"] if row["tap_stream_id"] != stream_id)]}


def update_catalog(absolute_path_to_catalog: str, **choices: Any) -> None:
    """Make the choices of `update_catalog_dict` in a catalog file."""
    path = Path(absolute_path_to_catalog)
    catalog = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(update_catalog_dict(catalog, **choices), indent=2), encoding="utf-8")


def update_source_state_from_destination_state(
    absolute_path_to_source_state: str, absolute_path_to_destination_state: str
) -> None:
    """Copy the last line of the destination's state file, which is made if need be, into the source's."""
    source, destination = Path(absolute_path_to_source_state), Path(absolute_path_to_destination_state)
    destination.touch()
    # The last line alone: a destination appends a state to its file after each batch.
    lines = destination.read_text(encoding="utf-8").splitlines()
    source.write_text(lines[-1] if lines else json.dumps({"bookmarks": {}}), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("-c", "--config", help="JSON file with settings")
    parser.add_argument("--config_json", help="settings as JSON; they win over all others")
    parser.add_argument("--catalog", help="JSON file with a catalog")
    parser.add_argument("--catalog_json", help="catalog as JSON; it wins over all others")
    parser.add_argument("-s", "--state", help="JSON file with the state; it wins over --state_json")
    parser.add_argument("--state_json", help="state as JSON")
    parser.add_argument("-p", "--properties", help="deprecated, use --catalog")
    parser.add_argument("--count_records", action="store_true", help="print how many records could be synced")
    parser.add_argument("-d", "--discover", action="store_true", help="print the catalog")
    parser.add_argument("--discover_streams", action="store_true", help="with --discover: print the names only")
    parser.add_argument("--show_templates", action="store_true", help="print the templates")
    parser.add_argument("--query", help="query for load_data as JSON; it wins over --query_json")
    parser.add_argument("--query_json", help="query for load_data as JSON")
    parser.add_argument("--selected_streams_json", help="list of stream ids as JSON")
    parser.add_argument("--settings", help="JSON or YAML file with settings and catalog")
    parser.add_argument("--log_to_stdout", help="any text: write log lines to stdout")
    parser.add_argument("--test_connection", action="store_true", help="only check that the settings work")
    parser.add_argument("--load_sample_data", action="store_true", help="print the first page of each selected stream")
    return parser


def parse_args(required_config_keys: Sequence[str], arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line (`sys.argv`, unless `arguments` are given), files and JSON loaded.

    Unknown flags are ignored. Settings: those of `--settings` < `--config` < `--config_json`. Raises
    ConfigError that names the flag whose file or JSON cannot be read, or the settings that are missing.
    """
    # Flags of other versions of Mage are passed over, as Mage's own parser does.
    args, _unknown = _parser().parse_known_args(arguments)
    if args.state:
        args.state_path = args.state
        args.state = _from_file("--state", args.state)
    else:
        args.state = _from_text("--state_json", args.state_json)
    if args.properties:
        args.properties_path = args.properties
        args.properties = _from_file("--properties", args.properties)
    args.query = {**_from_text("--query_json", args.query_json), **_from_text("--query", args.query)}
    args.selected_streams = _from_text("--selected_streams_json", args.selected_streams_json, [])
    args.settings = _from_file("--settings", args.settings) if args.settings else None
    args.catalog = _catalog(args)
    args.config = _config(args)
    missing = [key for key in required_config_keys if key not in args.config]
    if missing:
        raise ConfigError(f"the settings lack {', '.join(missing)}")
    return args


def _config(args: argparse.Namespace) -> dict[str, Any]:
    config: dict[str, Any] = {}
    # `--settings` stands for both only where no file of settings is named besides.
    if args.settings and not args.config:
        config.update(args.settings.get("config") or {})
    if args.config:
        args.config_path = args.config
        config.update(_from_file("--config", args.config))
    config.update(_from_text("--config_json", args.config_json))
    return config


def _catalog(args: argparse.Namespace) -> Catalog | None:
    if args.catalog_json:
        return Catalog.from_dict(_from_text("--catalog_json", args.catalog_json))
    if args.catalog:
        args.catalog_path = args.catalog
        return Catalog.from_dict(_from_file("--catalog", args.catalog))
    settings = args.settings or {}
    catalog = (settings.get("data_integration") or {}).get("catalog") or settings.get("catalog")
    return Catalog.from_dict(catalog) if catalog else None


def _from_text(flag: str, text: str | None, empty: Any = None) -> Any:
    """Return the value in `text`; it must be of the kind of `empty`, an object unless given."""
    empty = {} if empty is None else empty
    if not text:
        return empty
    try:
        value = decode_json(text)
    except ConfigError as error:
        raise ConfigError(f"{flag} {error}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{flag} is no JSON: {error}") from None
    if value is not None and not isinstance(value, type(empty)):
        raise ConfigError(f"{flag} must be a JSON {'list' if isinstance(empty, list) else 'object'}")
    return value or empty


def _from_file(flag: str, path: str) -> dict[str, Any]:
    try:
        text = read_given(Path(path)).decode()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{flag} {path!r} cannot be read: {error}") from None
    if flag == "--settings" and not path.endswith(".json"):
        value = _yaml(path, text)
    else:
        try:
            value = decode_json(text) if text.strip() else {}
        except ConfigError as error:
            raise ConfigError(f"{flag} {path!r} {error}") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{flag} {path!r} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{flag} {path!r} must hold an object")
    return value


def _yaml(path: str, text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigError(
            f"--settings {path!r} is YAML and PyYAML is not installed; install PyYAML, or name a .json file"
        ) from None
    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        breadcrumb = getattr(error, "problem_mark", None)
        line = f" in line {breadcrumb.line + 1}" if breadcrumb is not None else ""
        raise ConfigError(f"--settings {path!r} is broken YAML{line}") from None
