"""The table of unknown fields inside objects and lists that have columns in the relations, by stream and path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.model.nested import new_paths
from commercetools_source.model.schemas import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.destinations.duckdb.database import Database

__all__ = ["NestedColumns"]

_TABLE = "nested_fields"
_COLUMNS = {"stream": "VARCHAR", "path": "VARCHAR"}


class NestedColumns:
    """The paths of such fields in the file that `database` has open; a path that was found once stays."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._paths: dict[str, list[str]] | None = None

    def forget(self) -> None:
        """Read the table again when it is next needed: a transaction was rolled back."""
        self._paths = None

    def of(self, stream: str) -> tuple[str, ...]:
        """Return the paths of `stream`, sorted: columns stand in one order whenever they came."""
        return tuple(sorted(self._read().get(stream, ())))

    def new(self, stream: str, paths: Iterable[str]) -> list[str]:
        """Return those of `paths` that are not there, as many as may still come."""
        return new_paths(paths, self.of(stream))

    def learn(self, stream: str, paths: Iterable[str]) -> None:
        """Store those of `paths` that are not there, inside a transaction."""
        if not (new := self.new(stream, paths)):
            return
        self._database.catalogue.prepare_bookkeeping(_TABLE, _COLUMNS)
        marks = ", ".join(["(?, ?)"] * len(new))
        values: list[object] = [value for path in new for value in (stream, path)]
        self._database.execute(f"INSERT INTO {BOOKKEEPING}.{_TABLE} VALUES {marks}", values)  # noqa: S608 - constants
        self._read().setdefault(stream, []).extend(new)

    def _read(self) -> dict[str, list[str]]:
        if self._paths is None:
            self._paths = {}
            if _COLUMNS.keys() <= self._database.catalogue.bookkeeping.get(_TABLE, {}).keys():
                query = f"SELECT stream, path FROM {BOOKKEEPING}.{_TABLE}"  # noqa: S608 - constants
                for stream, path in self._database.execute(query):
                    self._paths.setdefault(stream, []).append(path)
        return self._paths
