"""Unknown fields inside objects and lists that a run finds: which get a column in the relations, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import MOST_NAMED
from commercetools_source.arrow.nested import NestedFields
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.events import Notice, first_of
from commercetools_source.model.nested import column_names
from commercetools_source.model.relations import relations

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import msgspec

    from commercetools_source.catalog.stream import Stream

__all__ = ["UnknownFields"]


class UnknownFields:
    """Looks at a sample of the records that a run stores, as `NestedFields` does."""

    def __init__(self) -> None:
        self._found = NestedFields()
        self._has_column: dict[tuple[str, str], bool] = {}

    def look(self, stream: Stream, records: Iterable[msgspec.Raw]) -> None:
        """Look at those of `records` that belong to the sample."""
        self._found.look(stream, records)

    def paths(self, stream: Stream) -> list[str]:
        """Return the paths of the fields found so far that a relation can have a column for."""
        legible = self._found.legible(stream)
        for path in legible:
            # Asked with every delivery, and each path takes milliseconds.
            if (key := (stream.name, path)) not in self._has_column:
                self._has_column[key] = bool(column_names(relations(stream), [path]))
        return [path for path in legible if self._has_column[stream.name, path]]

    def notices(self, stored: Callable[[str], Collection[str]]) -> Iterator[Notice]:
        """Yield what was found; `stored` returns which paths of a stream have columns."""
        for name, paths in self._found.fields():
            columns = column_names(relations(STREAMS[name]), sorted({*paths} & {*stored(name)}))
            if columns:
                yield Notice(name, _with_columns(columns))
            if without := [path for path in paths if path not in columns]:
                yield Notice(
                    name,
                    f"has fields inside objects or lists that were not known: {first_of(without, MOST_NAMED)};"
                    " they are kept in the JSON where they came, and have no column",
                )


def _with_columns(columns: dict[str, list[str]]) -> str:
    names = dict.fromkeys(name for path_names in columns.values() for name in path_names)
    return (
        f"has fields inside objects or lists that were not known: {first_of(list(columns), MOST_NAMED)};"
        f" they are kept as columns of JSON in the relations: {first_of(list(names), MOST_NAMED)}"
    )
