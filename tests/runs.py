"""A run into JSON lines, in virtual time, with something between it and the platform; and what the folder then has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sync.run import Summary, sync
from manifests import read_manifest
from patience import Jumps

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.events import Event
    from middle import Middle


def run(
    middle: Middle, path: Path, streams: list[str], events: list[Event] | None = None, **settings: object
) -> Summary:
    hook = (events if events is not None else []).append
    given = middle.settings(retry_seconds=2, **settings)
    with Client(given, timing=Jumps().timing, hook=hook) as client:
        return sync(client, open_destination(f"jsonl:{path}"), streams=streams, hook=hook)


def newest(path: Path, name: str) -> list[dict[str, Any]]:
    """Return the last line of each record of a stream."""
    entry = read_manifest(path).streams.get(name)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for file in entry.files if entry else ():
        for line in (path / name / file.name).read_text("utf-8").split("\n")[:-1]:
            record = json.loads(line)
            found[tuple(record[column] for column in STREAMS[name].key)] = record
    return [*found.values()]


def counts(path: Path, streams: list[str]) -> dict[str, int]:
    return {name: len(newest(path, name)) for name in streams}
