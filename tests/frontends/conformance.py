"""What each front-end is driven by in the shared suite: settings, streams and a state in; records and a state out.

A new front-end is one row of FRONT_ENDS: a function that runs it once.
"""

from __future__ import annotations

import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from commercetools_source.frontends import words
from commercetools_source.frontends.mixed_columns import mixed_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FRONT_ENDS", "FrontEnd", "Run"]


@dataclass
class Run:
    """One run of a front-end: what it sent, the state to hand to the next run, and what it wrote for people.

    `deleted`: ids by stream, of the records `gone`.
    """

    complete: bool
    records: dict[str, list[dict[str, Any]]]
    state: Any
    text: str
    deleted: dict[str, list[str]] = field(default_factory=dict)
    gone: list[dict[str, Any]] = field(default_factory=list)

    def take_deleted(self, stream: str, record: dict[str, Any]) -> None:
        self.deleted.setdefault(stream, []).append(record["id"])
        self.gone.append(record)


class Start(Protocol):
    """Runs a front-end once; `deletions` asks it to tell of deleted records."""

    def __call__(
        self, settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False
    ) -> Run: ...


@dataclass(frozen=True)
class FrontEnd:
    """A row: how to run it, a state that it must refuse, and whether columns of several types come as JSON text.

    `needs`: the module without which it is not tested; `anew`: what its users do to read a stream from its start.
    """

    run: Start
    broken_state: Callable[[str], Any]
    mixed_as_text: bool = True
    needs: str = "commercetools_source"
    anew: str = ""


def plain(stream: str, record: Mapping[str, Any], *, text: bool) -> dict[str, Any]:
    """Return a record without nulls, the JSON text of columns of several types being read again."""
    columns = mixed_columns(stream) if text else frozenset()
    values = {name: value for name, value in record.items() if value is not None}
    return {
        name: json.loads(value) if name in columns and isinstance(value, str) else value
        for name, value in values.items()
    }


def _singer(settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False) -> Run:
    from frontends.singer.conftest import Tap

    with TemporaryDirectory() as folder:
        tap = Tap(Path(folder), dict(settings))
        catalog = tap.catalog(*streams)
        catalog["streams"] += [
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": {"type": "object"},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
            for name in streams
            if name not in {entry["tap_stream_id"] for entry in catalog["streams"]}
        ]
        answer = tap(catalog=catalog, state=state, emit_deletions=deletions)
    states = answer.of("STATE")
    result = Run(answer.status == 0, {}, states[-1]["value"] if states else state, answer.err)
    for message in answer.of("RECORD"):
        record = dict(message["record"])
        if record.pop("_sdc_deleted_at", None) is not None:
            result.take_deleted(message["stream"], record)
        else:
            result.records.setdefault(message["stream"], []).append(record)
    return result


def _mage(settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False) -> Run:
    """Run the streams one after the other, as Mage does, and keep the last STATE of each."""
    from mage_integrations.sources.catalog import Catalog
    from mage_integrations.sources.commercetools import Commercetools

    result = Run(complete=True, records={}, state=state or {"bookmarks": {}}, text="")
    logs = StringIO()
    handler = logging.StreamHandler(logs)
    logging.getLogger().addHandler(handler)
    try:
        for stream in streams:
            out, err = StringIO(), StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                try:
                    catalog = Catalog.from_dict(_mage_catalog(stream, deletions=deletions))
                    # As Mage starts it: lines of its log stand between those of records.
                    given = {"config": dict(settings), "catalog": catalog, "state": result.state}
                    Commercetools(**given, log_to_stdout=True).process()
                except Exception as error:  # noqa: BLE001 - Mage shows whatever is raised
                    result.complete = False
                    result.text += f"{type(error).__name__}: {error}\n"
            _take_mage_lines(result, stream, out.getvalue())
            result.text += err.getvalue()
    finally:
        logging.getLogger().removeHandler(handler)
    result.text += logs.getvalue()
    return result


def _mage_catalog(stream: str, *, deletions: bool) -> dict[str, Any]:
    from mage_integrations.sources.commercetools import Commercetools

    (entry,) = Commercetools().discover([stream]).to_dict()["streams"]
    for row in entry["metadata"]:
        row["metadata"]["selected"] = True
    from commercetools_source.catalog.streams import STREAMS

    incremental = STREAMS[stream].cursor is not None
    method = "LOG_BASED" if deletions else "INCREMENTAL" if incremental else "FULL_TABLE"
    entry |= {"replication_method": method, "unique_constraints": ["id"], "unique_conflict_method": "UPDATE"}
    if incremental:
        entry["bookmark_properties"] = [STREAMS[stream].cursor]
    return {"streams": [entry]}


def _take_mage_lines(result: Run, stream: str, written: str) -> None:
    assert not written or written.endswith("\n"), "the last line is not whole"
    for line in written.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = dict(message["record"])
            if record.pop("_mage_deleted_at", None) is not None:
                result.take_deleted(stream, record)
            else:
                result.records.setdefault(stream, []).append(record)
        elif message["type"] == "STATE":
            result.state = {"bookmarks": {**result.state["bookmarks"], **message["value"]["bookmarks"]}}
        else:
            result.text += line + "\n"


def _airbyte(settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False) -> Run:
    from commercetools_source.catalog.streams import STREAMS
    from frontends.airbyte_runs import run

    entries = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]},
            "sync_mode": "incremental" if name not in STREAMS or STREAMS[name].cursor else "full_refresh",
            "destination_sync_mode": "append_dedup",
        }
        for name in streams
    ]
    config = {**settings, "emit_deletions": deletions}
    status, messages = run("read", config=config, catalog={"streams": entries}, state=state)
    result = Run(status == 0, {}, list(state or []), "")
    for message in messages:
        if message["type"] == "RECORD":
            record = dict(message["record"]["data"])
            name = message["record"]["stream"]
            if record.pop("_ab_cdc_deleted_at", None) is not None:
                result.take_deleted(name, record)
            else:
                result.records.setdefault(name, []).append(record)
        elif message["type"] == "STATE":
            name = message["state"]["stream"]["stream_descriptor"]["name"]
            kept = [one for one in result.state if one["stream"]["stream_descriptor"]["name"] != name]
            result.state = [*kept, message["state"]]
        else:
            result.text += json.dumps(message) + "\n"
    return result


def _dlt(settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False) -> Run:
    from frontends.dlt_runs import run

    taken, after, text, error = run(streams, settings, state, deletions=deletions)
    result = Run(error is None, {}, after, text)
    for name, rows in taken.rows.items():
        kept = [row for row in rows if "_deleted_at" not in row]
        result.records |= {name: kept} if kept else {}
        for row in rows:
            if "_deleted_at" in row:
                result.take_deleted(name, row)
    return result


def _dummy(settings: Mapping[str, Any], streams: Sequence[str], state: Any = None, *, deletions: bool = False) -> Run:
    from frontends.dummy import run

    return Run(*run(settings, streams, state, deletions=deletions))


_BROKEN = {"format": 1, "walks": 3}
FRONT_ENDS: dict[str, FrontEnd] = {
    "singer": FrontEnd(
        _singer, lambda stream: {"bookmarks": {stream: {"commercetools": _BROKEN}}}, anew=words.SINGER.anew
    ),
    "mage": FrontEnd(
        _mage,
        lambda stream: {"bookmarks": {stream: {"lastModifiedAt": None, "commercetools_source": _BROKEN}}},
        anew=words.MAGE.anew,
    ),
    "airbyte": FrontEnd(
        _airbyte,
        lambda stream: [{"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": _BROKEN}}],
        mixed_as_text=False,
        anew=words.AIRBYTE.anew,
    ),
    "dlt": FrontEnd(
        _dlt, lambda stream: {stream: {"state": _BROKEN}}, mixed_as_text=False, needs="dlt", anew=words.DLT.anew
    ),
    "dummy": FrontEnd(_dummy, lambda stream: {stream: _BROKEN}, mixed_as_text=False),
}
