"""The source `commercetools` of dlt: one resource for each stream."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence  # noqa: TC003 - dlt reads the annotations, and would ignore what is set
from typing import TYPE_CHECKING, Any, Literal

import dlt

from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.catalog.timestamps import time_of
from commercetools_source.client import Client
from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError
from commercetools_source.errors.extras import require
from commercetools_source.frontends.arguments import checked, switch
from commercetools_source.frontends.dlt import reading
from commercetools_source.frontends.dlt.credentials import CommercetoolsCredentials, config_of
from commercetools_source.frontends.dlt.run import Run, tell
from commercetools_source.frontends.dlt.tables import hints
from commercetools_source.sync.transfer import predicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.catalog.stream import Stream

__all__ = ["commercetools"]

_NAME = "commercetools"
_FORMS = ("arrow", "json")
_LONGEST = 1_000_000
"""Minutes, nearly two years: whole numbers may be larger than any float."""
_REPETITIVE = {"_compute_tables", "verify_schema_merge_disposition"}
"""The functions of dlt 1.31 that warn of each table, however often it is written."""


@dlt.source(name=_NAME, section=_NAME, max_table_nesting=0)
def commercetools(
    streams: Sequence[str] | None = None,
    credentials: CommercetoolsCredentials = dlt.secrets.value,
    *,
    since: str | None = None,
    deletions: bool = True,
    minutes: float | None = None,
    form: Literal["arrow", "json"] = "arrow",
    where: Mapping[str, str] | None = None,
    relations: bool = False,
) -> Iterator[Any]:
    """Return one resource for each of `streams`, all by default: read in full at first, then what changed.

    `since` leaves out what was last changed before it. `deletions` removes the rows that, as Messages tell, were
    deleted since the last run. After `minutes` the run ends early and cleanly, and the next one goes on. `form` is
    what is handed to dlt: Arrow tables, or dicts. `where` has a predicate of the API's query language for some of the
    streams. `relations` adds the tables of docs/tables.md as `model_<name>`, custom fields typed. Raises ConfigError
    that names every problem.
    """
    # dlt converts what a file or the environment sets; what is handed in comes as it is.
    config, start, chosen, deletes, related, seconds, _ = checked(
        lambda: config_of(credentials),
        lambda: time_of(since, "since"),
        lambda: streams_of(streams),
        lambda: switch("deletions", deletions, default=True),
        lambda: switch("relations", relations),
        lambda: _seconds(minutes),
        lambda: _check_form(form),
    )
    predicates(where or {}, chosen)
    if related:
        require("what makes relations", "duckdb")
    logging.getLogger("dlt").addFilter(_is_worth_saying)
    run = Run(Client(config, hook=tell), chosen, start, where or {}, deletes, seconds, form, related)
    for stream in chosen:
        yield _resource(stream, run)


def _check_form(form: object) -> None:
    if form not in _FORMS:
        raise ConfigError(f"form is {shown(form)}; it must be arrow or json")


def _seconds(minutes: object) -> float:
    if minutes is None:
        return math.inf
    if isinstance(minutes, (int, float)) and not isinstance(minutes, bool) and minutes >= 0:  # NaN is not
        return min(minutes, _LONGEST) * 60.0
    raise ConfigError(f"minutes is {shown(minutes)}; it must be a number from 0 on, or not given")


def _resource(stream: Stream, run: Run) -> Any:
    def read() -> Iterator[Any]:
        yield from reading.read(run, stream)

    # Tables beside the stream's own would inherit hints from the resource, so each table has its own then.
    table_hints: Any = {} if run.relations else hints(stream, run.form)
    return dlt.resource(read, name=stream.name, write_disposition="merge", parallelized=True, **table_hints)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """Return False for what dlt says of each table and is meant so.

    Columns of JSON are text in Arrow, and a table that is replaced needs no hints about merging.
    """
    text = record.getMessage() if record.funcName in _REPETITIVE else ""
    return f'in schema "{_NAME}" will be ignored' not in text and not any(
        f"resource: {name}," in text for name in STREAMS
    )
