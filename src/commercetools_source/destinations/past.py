"""SQL about rows as they were: when a version began, and the moment that a macro is asked for. Only text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.model.quoting import string

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOMENT", "asked", "began"]

MOMENT = "(SELECT time FROM asked)"
"""The moment that a macro is asked for, where `asked` stands before."""


def asked(stream: str, beginning: str) -> str:
    """Return what stands behind WITH for the moment that a macro's parameter `moment` names.

    `beginning`: a table expression with a column `since`, from when on the history of `stream` is true. An earlier
    moment is an error of DuckDB's, and so is NULL.
    """
    text = "moment::VARCHAR"
    # Without a zone a time is UTC, as all stored ones are; a cast to TIMESTAMP would forget an offset.
    zoned = f"regexp_matches({text}, ':.*[+-][0-9]')"
    time = f"CASE WHEN {zoned} THEN make_timestamp(epoch_us({text}::TIMESTAMPTZ)) ELSE {text}::TIMESTAMP END"
    begins = string(f"the history of {stream} begins with ")
    # No rows would look like an empty shop: a NULL comes from a join or a variable that found nothing.
    missing = string(f"history.{stream}_at needs a moment, such as '2026-11-01'; it was given NULL")
    checked = (
        f"CASE WHEN {time} IS NULL THEN error({missing}) WHEN {time} < since THEN error({begins} || since)"
        f" ELSE {time} END"
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
