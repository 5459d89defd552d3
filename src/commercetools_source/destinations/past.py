"""Rows as they were: which ones belong together, and SQL about when a version began. Only text, runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from commercetools_source.arrow.decode import UNFIT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import KINDS_BY_SQL
from commercetools_source.destinations.duckdb_engine import api_time
from commercetools_source.model.quoting import string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["ANEW", "MOMENT", "asked", "began", "fitted", "selection_of"]

ANEW = "its history begins anew, because {reason}"
"""What a person is told of a stream whose earlier rows were not kept."""

MOMENT = "(SELECT time FROM asked)"
"""The moment that a macro is asked for, where `asked` stands before."""


def asked(stream: str, beginning: str, is_own: str = "true") -> str:
    """Return what stands behind WITH for the moment that a macro's parameter `moment` names.

    `beginning`: a table expression of one row with a column `since`, from when on the history of `stream` is true. The
    macro raises an error of DuckDB's for an earlier moment, for NULL, and where the condition `is_own` of that row is
    not true.
    """
    text = "moment::VARCHAR"
    # Without a zone a time is UTC, as all stored ones are; a cast to TIMESTAMP would forget an offset.
    zoned = f"regexp_matches({text}, ':.*([+-][0-9]|[A-Za-z])')"  # an offset, or the name of a zone
    time = f"CASE WHEN {zoned} THEN make_timestamp(epoch_us({text}::TIMESTAMPTZ)) ELSE {text}::TIMESTAMP END"
    begins = string(f"the history of {stream} begins with ")
    # No rows would look like an empty shop: a NULL comes from a join or a variable that found nothing.
    missing = string(f"history.{stream}_at needs a moment, such as '2026-11-01'; it was given NULL")
    other = string(
        f"history.{stream}_at is asked in another database than its own, whose rows it would return; say USE and the"
        " name of its own first"
    )
    checked = (
        f"CASE WHEN NOT ({is_own}) THEN error({other}) WHEN {time} IS NULL THEN error({missing})"
        f" WHEN {time} < since THEN error({begins} || since) ELSE {time} END"
    )
    return f"asked AS MATERIALIZED (SELECT {checked} AS time FROM {beginning})"  # noqa: S608 - quoted


def began(table: str, types: Mapping[str, str]) -> str:
    """Return the SQL of the time at which a row's version began; `types` are those of the columns of `table`.

    Changes that the platform makes by itself move the version and its date, and perhaps not that of the record.
    """
    changed = f"{table}.lastModifiedAt"
    if (sql := types.get("versionModifiedAt")) is None:
        return changed
    text = "versionModifiedAt ->> '$'" if sql == "JSON" else "versionModifiedAt"
    return f"greatest({changed}, TRY_CAST({table}.{text} AS TIMESTAMP))"


def selection_of(state: StreamState) -> str:
    """Return what part of a stream is held, and as what: the rows of another one are no versions of these."""
    return msgspec.json.encode((state.where, state.privacy, state.store)).decode()


def fitted(columns: Mapping[str, str], types: Mapping[str, str], target: Mapping[str, str]) -> dict[str, str]:
    """Return the SQL of the `columns` of an earlier row, which have these types, as the types in `target`.

    What does not fit goes to `UNFIT`, as with records.
    """
    fitting, misfits = dict(columns), []
    for name, sql in types.items():
        if sql != target[name]:
            value = api_time(columns[name]) if sql == "TIMESTAMP" else columns[name]
            as_json = value if sql == "JSON" else f"to_json({value})"
            form = KINDS[KINDS_BY_SQL[target[name]]]
            fitting[name] = as_json if form.duckdb == "JSON" else form.sql.replace("{0}", f"({as_json} ->> '$')")
            misfits.append(f"{string(name)}, CASE WHEN {fitting[name]} IS NULL THEN {as_json} END")
    if misfits:
        merged = f"json_merge_patch(coalesce({columns[UNFIT]}, '{{}}'), json_object({', '.join(misfits)}))"
        fitting[UNFIT] = f"nullif({merged}, '{{}}')"
    return fitting
