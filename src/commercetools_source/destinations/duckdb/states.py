"""The stored states of streams: a table beside theirs, written in the transaction that stores their rows."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.extract.checkpoint import StreamState, encode, give_up, restore
from commercetools_source.model.schemas import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.destinations.duckdb.database import Database

__all__ = [
    "STATE",
    "create_table",
    "delete_state",
    "is_there",
    "loading_name",
    "now",
    "read_states",
    "write_state",
    "write_states",
]

_TABLE = "state"
_TYPES = {"stream": "VARCHAR", "state": "JSON", "updated_at": "TIMESTAMP"}
STATE = f"{BOOKKEEPING}.{_TABLE}"


def loading_name(stream: str) -> str:
    """Return the name of the table that a full read of `stream` fills until it is complete."""
    return f"_loading_{stream}"


def now() -> datetime:
    """Return this moment in UTC without a zone, as all times in the file are."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def is_there(database: Database) -> bool:
    """Return whether the file has a table of states."""
    return _TYPES.keys() <= database.catalogue.bookkeeping.get(_TABLE, {}).keys()


def read_states(database: Database) -> dict[str, StreamState]:
    """Return the state of each stream; one whose rows are gone is read from its start."""
    tables = database.catalogue.columns
    if not is_there(database):  # made with the first row: what was opened may be somebody else's
        return {}
    states = {}
    for stream, text in database.execute(f"SELECT stream, state FROM {STATE}"):  # noqa: S608 - a constant
        state = restore(_parsed(text))
        # What was loaded is gone, and with it what the ranges of the read rely on.
        if state.mode == "full" and loading_name(stream) not in tables:
            state = give_up(state)
        if state.mode != "full" and stream not in tables:
            state = StreamState()
        if state != StreamState():
            states[stream] = state
    return states


def write_state(database: Database, stream: str, state: StreamState, moment: datetime) -> None:
    """Store the state of a stream; `moment` is UTC without a zone."""
    text = _text(state)
    ((count,),) = database.execute(
        f"UPDATE {STATE} SET state = ?, updated_at = ? WHERE stream = ?",  # noqa: S608 - a constant
        [text, moment, stream],
    )
    if not count:
        database.execute(f"INSERT INTO {STATE} VALUES (?, ?, ?)", [stream, text, moment])  # noqa: S608 - a constant


def write_states(database: Database, stored: Mapping[str, StreamState], moment: datetime) -> None:
    """Store the states of several streams by two statements, inside a transaction."""
    database.execute(f"DELETE FROM {STATE} WHERE list_contains(?, stream)", [list(stored)])  # noqa: S608 - a constant
    rows = [(stream, _text(state), moment) for stream, state in stored.items()]
    marks = ", ".join(["(?, ?, ?)"] * len(rows))
    database.execute(f"INSERT INTO {STATE} VALUES {marks}", [value for row in rows for value in row])  # noqa: S608 - same


def create_table(database: Database) -> None:
    """Create the table of states where it is not there; raises DestinationError where somebody else made one."""
    database.catalogue.prepare_bookkeeping(_TABLE, _TYPES)


def delete_state(database: Database, stream: str) -> bool:
    """Delete the state of a stream; return whether there was one."""
    if not is_there(database):
        return False
    ((count,),) = database.execute(f"DELETE FROM {STATE} WHERE stream = ?", [stream])  # noqa: S608 - same
    return bool(count)


def _text(state: StreamState) -> str:
    return msgspec.json.encode(encode(state)).decode()


def _parsed(text: str | None) -> Any:
    """Return what a stored text says in JSON, or the text itself where it says nothing."""
    try:
        return msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError):
        return text
