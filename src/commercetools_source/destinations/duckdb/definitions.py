"""The table of what was made for which stream, and from what: only what has changed is made anew."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.model.schemas import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.destinations.duckdb.catalogue import Form
    from commercetools_source.destinations.duckdb.database import Database

__all__ = ["DEFINITIONS", "Definitions", "Made", "fingerprint", "shape_of"]

_TABLE = "relations"
DEFINITIONS = f"{BOOKKEEPING}.{_TABLE}"
_COLUMNS = {"stream": "VARCHAR", "relation": "VARCHAR", "form": "VARCHAR", "fingerprint": "VARCHAR"}
_SHAPE = ""
"""Stands for the relation in the row of a stream's shape."""


class Made(NamedTuple):
    """What a relation was made as, and the fingerprint of its query."""

    form: Form
    fingerprint: str


class Definitions:
    """What was made in the file, by stream and relation; without what somebody dropped since."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made: dict[str, dict[str, Made]] | None = None
        self._shapes: dict[str, str] = {}
        self._streams: set[str] = set()

    def forget(self) -> None:
        """Read the table again when it is next needed: a transaction was rolled back."""
        self._made = None

    def of(self, stream: str) -> dict[str, Made]:
        """Return what was made for `stream`, by the relation's name."""
        return self._read().setdefault(stream, {})

    def names(self) -> set[str]:
        """Return the names of all relations that were made."""
        return {name for made in self._read().values() for name in made}

    def is_current(self, stream: str, shape: str) -> bool:
        """Return whether every relation of `stream` is there as it was made for this shape."""
        self._read()
        return self._shapes.get(stream) == shape

    def store(self, stream: str, changed: Iterable[str], current: Mapping[str, Made], shape: str) -> None:
        """Store what was made for `stream`, where only the relations `changed` differ from what is stored."""
        self._read()[stream] = dict(current)
        names = list(dict.fromkeys(changed))
        self._database.catalogue.prepare_bookkeeping(_TABLE, _COLUMNS)
        if stream in self._streams:
            self._database.execute(
                f"DELETE FROM {DEFINITIONS} WHERE stream = ? AND list_contains(?, relation)",  # noqa: S608 - a constant
                [stream, [*names, _SHAPE]],
            )
        rows = [(stream, name, *current[name]) for name in names if name in current] + [(stream, _SHAPE, "", shape)]
        marks = ", ".join(["(?, ?, ?, ?)"] * len(rows))
        self._database.execute(f"INSERT INTO {DEFINITIONS} VALUES {marks}", [value for row in rows for value in row])  # noqa: S608
        self._shapes[stream] = shape
        self._streams.add(stream)

    def _read(self) -> dict[str, dict[str, Made]]:
        if self._made is None:
            self._made, self._shapes = {}, {}
            catalogue, rows = self._database.catalogue, []
            if _COLUMNS.keys() <= catalogue.bookkeeping.get(_TABLE, {}).keys():
                rows = self._database.execute(f"SELECT {', '.join(_COLUMNS)} FROM {DEFINITIONS}")  # noqa: S608 - constants
            self._streams = {stream for stream, *_ in rows}
            dropped = set()
            for stream, name, form, digest in rows:
                if name == _SHAPE:
                    self._shapes[stream] = digest
                elif catalogue.relations.get(name) == form:
                    self._made.setdefault(stream, {})[name] = Made(form, digest)
                else:
                    dropped.add(stream)
            for stream in dropped:
                self._shapes.pop(stream, None)
        return self._made


def fingerprint(text: str) -> str:
    """Return what tells `text` apart from every other text."""
    # Two queries are told apart, nothing is kept secret: the fastest hash does.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def shape_of(*facts: object) -> str:
    """Return the fingerprint of what decides the queries of a stream: these facts, and the code that makes them."""
    return fingerprint("\n".join([_code(), *map(str, facts)]))


@cache
def _code() -> str:
    """Return a fingerprint of the package's files that queries are made by, so that another release makes them anew."""
    package = Path(__file__).parents[2]
    digest = hashlib.md5(usedforsecurity=False)
    # Sorted, because file systems list in any order.
    for path in sorted(path for folder in ("catalog", "model") for path in (package / folder).rglob("*.*")):
        if path.suffix in {".py", ".json"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()
