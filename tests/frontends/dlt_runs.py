"""The dlt source as one run: settings and a state in; what a destination was handed, and the state, out."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from datetime import date, datetime, time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant
from commercetools_source.errors import CommercetoolsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


@dataclass
class Taken:
    """What a destination was handed: rows by table, in the API's form."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def take(self, items: pa.Table | list[dict[str, Any]], table: Mapping[str, Any]) -> None:
        rows = items if isinstance(items, list) else items.to_pylist()
        self.rows.setdefault(table["name"], []).extend(_as_api(table["name"], row) for row in rows)


def _as_api(name: str, row: dict[str, Any]) -> dict[str, Any]:
    kinds = {column.name: column.kind for column in columns(STREAMS[name])} if name in STREAMS else {}
    return {
        key: json.loads(value) if kinds.get(key) == "json" and isinstance(value, str) else _text(value)
        for key, value in row.items()
        if value is not None and key != "_synced_at"
    }


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, (date, time)) else value


def run(
    streams: Any, settings: Mapping[str, Any], state: Any = None, **options: Any
) -> tuple[Taken, Any, str, Exception | None]:
    """Run a pipeline once and return what was loaded, the resources' states, the log, and why it failed."""
    import dlt
    from dlt.pipeline.exceptions import PipelineStepFailed

    from commercetools_source.dlt import commercetools

    taken, error = Taken(), None

    def take(items: Any, table: Any) -> None:  # dlt marks the function, which a method cannot bear
        taken.take(items, table)

    sink = dlt.destination(
        take, name="sink", batch_size=10_000, loader_file_format="parquet", naming_convention="direct"
    )
    logs = _Log()
    logging.getLogger("dlt").addHandler(logs)
    try:
        with TemporaryDirectory() as folder:
            pipeline = dlt.pipeline("test", pipelines_dir=folder, destination=sink, dataset_name="shop")
            if state:
                pipeline.run(_states(state))
            try:
                pipeline.run(commercetools(streams, dict(settings), **options))
            except (CommercetoolsError, PipelineStepFailed) as fault:
                error = fault
            after = pipeline.state.get("sources", {}).get("commercetools", {}).get("resources", {})
            pipeline.deactivate()
    finally:
        logging.getLogger("dlt").removeHandler(logs)
    taken.rows.pop("_states", None)
    return taken, json.loads(json.dumps(after)), "\n".join([*logs.lines, str(error or "")]), error


def _states(states: Mapping[str, Any]) -> Any:
    """Return a source that does nothing but store states of resources."""
    import dlt

    def store() -> Iterator[dict[str, int]]:
        for name, state in states.items():
            dlt.current.resource_state(name).update(state)
        yield {"stored": 1}

    source = dlt.source(lambda: dlt.resource(store, name="_states"), name="commercetools", section="commercetools")
    return source()


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
