"""Rows as they were: what a delivery replaces goes to the schema `history`, in the transaction that replaces it.

A version counts from its own change on, by the platform's times, until the next version that a run stored, or the
deletion. So the history of a stream is a table beside that of its records, which has the newest versions. It begins
with the state in which its first delivery finds the stream, goes on with every command that writes, and ends when
somebody drops its table: there is never a span in between of which nothing was kept.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations.duckdb.catalogue import OUTDATED
from commercetools_source.destinations.past import ANEW, MOMENT, asked, began, fitted, selection_of
from commercetools_source.errors import RecordError
from commercetools_source.events import Notice
from commercetools_source.model.keys import newest_of_key
from commercetools_source.model.quoting import literal, quoted, string
from commercetools_source.model.schemas import BOOKKEEPING, HISTORY, history_table, record_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from commercetools_source.destinations.duckdb.catalogue import Catalogue
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["REPLACED", "SPAN", "History", "earlier", "mark_of", "rows_at"]

_FROM, _TO = "_valid_from", "_valid_to"
SPAN: Mapping[str, str] = {_FROM: "TIMESTAMP", _TO: "TIMESTAMP"}
"""The types of the columns that an earlier row has besides those of a record."""
REPLACED = "_replaced"
"""What the table of a stream is called from when a full read takes its place until its rows are in the history."""
_TABLE = "history"
_BEGINNINGS = f"{BOOKKEEPING}.{_TABLE}"
_MARK = "file"
_TYPES = {"stream": "VARCHAR", "since": "TIMESTAMP", "selection": "VARCHAR", _MARK: "VARCHAR"}


class History:
    """The earlier rows in the file that `database` has open, of the streams `asked_for` and those that have some.

    Every method is called inside the transaction that changes the records. `notices`: what a person should hear.
    """

    def __init__(self, database: Database, asked_for: Collection[str]) -> None:
        self._database = database
        self._asked_for = asked_for
        self.notices: list[Notice] = []

    def keeps(self, stream: str) -> bool:
        """Return whether earlier rows of `stream` are kept."""
        return stream in self._asked_for or bool(earlier(self._database.catalogue, stream))

    def is_current(self, stream: str, state: StreamState) -> bool:
        """Return whether nothing is to be done for a delivery with this state that brings no rows."""
        if not self.keeps(stream):
            return True
        is_there = bool(earlier(self._database.catalogue, stream)) and state.since is None
        return is_there and self._selection(stream) == selection_of(state)

    def prepare(self, delivery: Delivery) -> None:
        """Let the table of earlier rows be there, with the columns of the records' table, before rows are stored.

        After a full read the table that it took the place of is `REPLACED`. The history begins anew where it has no
        table, or says nothing of the records that are there now. Raises RecordError for a table that somebody else
        made.
        """
        stream, phase = delivery.stream.name, delivery.phase
        if self.keeps(stream) and (phase.last or not phase.full):
            tables = self._database.catalogue.columns
            is_same = not phase.swaps or (
                REPLACED in tables and self._selection(stream) == selection_of(delivery.state)
            )
            self._prepare(stream, delivery.state, is_same=is_same, joins=delivery.joins)

    def _prepare(self, stream: str, state: StreamState, *, is_same: bool = True, joins: bool = False) -> None:
        catalogue = self._database.catalogue
        stored, types = earlier(catalogue, stream), {**catalogue.columns[stream], **SPAN}
        if not stored and (stream in catalogue.history or f"{HISTORY}.{stream}" in catalogue.views):
            raise RecordError(
                f"the file has a table or view {HISTORY}.{stream} that commercetools-source did not make; rename it, or"
                " choose another file"
            )
        catalogue.prepare_bookkeeping(_TABLE, _TYPES)
        if not stored or not is_same:
            if stored:
                reason = "its table was dropped, other records are read, or personal data become something else"
                self.notices.append(Notice(stream, ANEW.format(reason=reason), lacking=True))
            catalogue.drop_table(REPLACED)
            catalogue.create_history(stream, types)
        else:
            self._evolve(stream, stored, types)
        if not stored or not is_same or state.cursor is None or joins:
            self._begin(stream, state, joins=joins)
        elif not mark_of(self._database, stream):  # begun by an earlier version
            self._database.execute(f"UPDATE {_BEGINNINGS} SET {_MARK} = ? WHERE stream = ?", [token_hex(8), stream])  # noqa: S608 - constants

    def _evolve(self, stream: str, stored: Mapping[str, str], types: Mapping[str, str]) -> None:
        catalogue = self._database.catalogue
        if all(stored.get(name, sql) == sql for name, sql in types.items()):
            for name in [name for name in types if name not in stored]:
                catalogue.add_history_column(stream, name, types[name])
        else:
            types = {**stored, **types}
            rows = f"SELECT {_cast(stored, types)} FROM {HISTORY}.{OUTDATED} AS past"  # noqa: S608 - quoted names
            catalogue.create_history(stream, types, rows)

    def finish(self, delivery: Delivery) -> None:
        """Store the rows that a full read took the place of, once its own are there; take out what is too old."""
        stream, catalogue, bound = delivery.stream.name, self._database.catalogue, delivery.state.cursor
        if (types := catalogue.columns.get(REPLACED)) is not None:
            gone = None if bound is None else moment(bound).replace(tzinfo=None)
            self.replace(stream, record_table(REPLACED), types, record_table(stream), gone)
            catalogue.drop_table(REPLACED)
        if delivery.phase.last and delivery.state.since is not None and self.keeps(stream):
            self._expire(stream, moment(delivery.state.since).replace(tzinfo=None))

    def replace(self, stream: str, table: str, types: Mapping[str, str], newer: str, gone: datetime | None) -> None:
        """Store the rows of `table`, with columns of these types, that are replaced by those of `newer`.

        `gone`: the end of rows that `newer` lacks; None: those stay. Both are table expressions.
        """
        name, begin = history_table(stream), began("newer", self._database.catalogue.columns[stream])
        # A version that came back is no earlier one: a deletion that was none, or a read that was behind.
        self._database.execute(
            f"DELETE FROM {name} AS past USING {newer} AS newer"  # noqa: S608 - quoted names
            " WHERE past.id = newer.id AND past.version >= newer.version"
        )
        if gone is None:
            self._insert(stream, table, types, f"JOIN {newer} AS newer", begin, "past.version < newer.version")
        else:
            # Of a record that changed after the time up to which the read is complete nobody knows when it went.
            seen = f"greatest({literal(gone)}, {began('past', types)} + INTERVAL 1 MILLISECOND)"
            end = f"CASE WHEN newer.id IS NULL THEN {seen} ELSE {begin} END"
            changed = "newer.id IS NULL OR past.version < newer.version"
            self._insert(stream, table, types, f"LEFT JOIN {newer} AS newer", end, changed)

    def remove(self, stream: str, gone: str, state: StreamState) -> None:
        """Store the rows whose ids are in the table `gone`, each with the `time` of its end."""
        types = self._database.catalogue.columns[stream]
        if not earlier(self._database.catalogue, stream):
            self._prepare(stream, state)
        self._insert(stream, record_table(stream), types, f"JOIN {gone} AS newer", "newer.time", "true")

    def _expire(self, stream: str, oldest: datetime) -> None:
        """Take out what was last changed before `oldest`, from which on the stream is held."""
        self._database.execute(f"DELETE FROM {history_table(stream)} WHERE {_FROM} < ?", [oldest])  # noqa: S608 - quoted
        self._database.execute(
            f"UPDATE {_BEGINNINGS} SET since = ? WHERE stream = ? AND since < ?",  # noqa: S608 - a constant
            [oldest, stream, oldest],
        )

    def _insert(self, stream: str, table: str, types: Mapping[str, str], join: str, end: str, condition: str) -> None:
        target = self._database.catalogue.history[stream]
        rows = (
            f"SELECT {_cast(types, target)}, {began('past', types)} AS {_FROM},"  # noqa: S608 - quoted names
            f" least(past.{DELETED_AT}, {end}) AS {_TO}"
            f" FROM {table} AS past {join} ON past.id = newer.id WHERE {condition}"
        )
        # Two changes in a millisecond: at no moment was the first one the newest.
        self._database.execute(
            f"INSERT INTO {history_table(stream)} BY NAME SELECT * FROM ({rows}) WHERE {_FROM} < {_TO}"  # noqa: S608 - same
        )

    def _selection(self, stream: str) -> str | None:
        if _TABLE not in self._database.catalogue.bookkeeping:
            return None
        rows = self._database.execute(f"SELECT selection FROM {_BEGINNINGS} WHERE stream = ?", [stream])  # noqa: S608 - a constant
        return rows[0][0] if rows else None

    def _begin(self, stream: str, state: StreamState, *, joins: bool) -> None:
        """Store from when on the history of `stream` is true: what is read up to now is there as it was then.

        Of what `joins` others nobody knows how it was before; theirs begins no earlier than it did.
        """
        since = moment(read).replace(tzinfo=None) if (read := state.cursor or state.bound) else None
        if joins and since is not None:
            stored = self._database.execute(f"SELECT since FROM {_BEGINNINGS} WHERE stream = ?", [stream])  # noqa: S608 - a constant
            since = max([since, *(begin for (begin,) in stored if begin is not None)])
        mark = mark_of(self._database, stream) or token_hex(8)
        self._database.execute(f"DELETE FROM {_BEGINNINGS} WHERE stream = ?", [stream])  # noqa: S608 - a constant
        self._database.execute(
            f"INSERT INTO {_BEGINNINGS} VALUES (?, ?, ?, ?)",  # noqa: S608 - same
            [stream, since, selection_of(state), mark],
        )


def earlier(catalogue: Catalogue, stream: str) -> Mapping[str, str]:
    """Return the types of the columns of the stream's earlier rows; {} where none are kept."""
    types = catalogue.history.get(stream, {})
    return types if types.keys() >= SPAN.keys() else {}


def mark_of(database: Database, stream: str) -> str:
    """Return what tells the history of `stream` in this file from that in every other; "" where it has none."""
    if _MARK not in database.catalogue.bookkeeping.get(_TABLE, {}):
        return ""
    rows = database.execute(f"SELECT {_MARK} FROM {_BEGINNINGS} WHERE stream = ?", [stream])  # noqa: S608 - constants
    return (rows and rows[0][0]) or ""


def rows_at(stream: str, types: Mapping[str, str], past: Mapping[str, str], mark: str) -> str:
    """Return the table expression of the records of `stream` as they were at `moment`, the parameter of a macro.

    `types` are those of the columns of its table, `past` those of its earlier rows, `mark` is what `mark_of` returns.
    Raises an error of DuckDB's for a moment before the history begins, and where the current database is another.
    """
    live = ", ".join(map(quoted, types))
    earlier = ", ".join(quoted(name) for name in past if name not in SPAN)
    beginning = f"{_BEGINNINGS} WHERE stream = {string(stream)}"
    # DuckDB looks for the tables of a macro in the current database, and not in that of the macro, as for a view.
    is_own = f"{_MARK} IS NOT DISTINCT FROM {string(mark)}"
    return (
        f"(FROM (WITH {asked(stream, beginning, is_own)} SELECT {live} FROM {record_table(stream)} AS held"  # noqa: S608 - quoted
        f" WHERE {began('held', types)} <= {MOMENT} AND coalesce({DELETED_AT} > {MOMENT}, true)"
        f" UNION ALL BY NAME SELECT {earlier} FROM {history_table(stream)}"
        f" WHERE {_FROM} <= {MOMENT} AND {_TO} > {MOMENT}){newest_of_key(stream, types)})"
    )


def _cast(types: Mapping[str, str], target: Mapping[str, str]) -> str:
    """Return the columns of `past`, a row with columns of these types, with the types that `target` gives them."""
    columns = fitted({name: f"past.{quoted(name)}" for name in types}, types, target)
    return ", ".join(f"{value} AS {quoted(name)}" for name, value in columns.items())
