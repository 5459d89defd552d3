"""The relations of a shop in a DuckDB file: a schema `model` beside the tables of raw records.

Each relation is a view, which costs nothing until somebody asks, or a table, which is kept in step with
the records in the transaction that stores them. A table of definitions says what was made here, so that
only what has changed is made anew and what somebody else made is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from commercetools_source.arrow.decode import DELETED_AT, OWN
from commercetools_source.catalog.schema import KINDS_BY_SQL, columns
from commercetools_source.errors import DestinationError
from commercetools_source.model.custom.queries import KEY, NO_FIELDS, VARIANTS, CustomFieldQueries
from commercetools_source.model.keys import is_referred_by_key, newest_of_key
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import Field, Relation, relations
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.custom.definitions import ProductType

__all__ = ["DEFINITIONS", "SCHEMA", "Model"]

SCHEMA = "model"
DEFINITIONS = "_commercetools_model"

Form = Literal["VIEW", "TABLE"]
Made = tuple[Form, str]
"""What a relation was made as, and the query that it is the result of."""

_MEMORY = "1000MB"
"""What DuckDB may use once tables are filled: each of some forty, with up to 200 columns, has an unfinished row group
until the transaction ends. 120,000 orders need 700 MB."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The query of a relation's rows, and the columns in it that hold the record's key, by the record's fields."""

    query: str
    keys: Mapping[str, str]


class Model:
    """The relations in the file that is the current database of `connection`.

    `materialize`: whether relations become tables when their stream is written; None leaves each stream's as
    they are, and makes views of those that are not there. `find` gives the relations of a stream. `strangers`:
    names of product types' relations that somebody else uses already; those are left alone. Every
    method is called inside the transaction that changes the records, in the order of `prepare`, `update`, `fill`.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        materialize: bool | None = None,
        find: Callable[[Stream], Sequence[Relation]] = relations,
    ) -> None:
        self.memory = "0MB"
        self._connection = connection
        self._materialize = materialize
        self._find = find
        self._made: dict[str, dict[str, Made]] = {}
        self._prepared: dict[str, dict[str, str]] = {}
        self._empty: set[str] = set()
        self._own = NO_FIELDS
        self.strangers: set[str] = set()

    def define(self, own: CustomFieldQueries) -> None:
        """Let the project's own fields be these from the next `prepare` of each stream on."""
        self._own = own
        self._prepared.clear()

    def reset(self) -> None:
        """Look at the file again: the transaction was rolled back."""
        self._made.clear()
        self._prepared.clear()
        self._empty.clear()

    def prepare(self, stream: Stream, have: Mapping[str, str], *, anew: bool) -> None:
        """Make the relations of `stream` over its table, whose columns have the SQL types `have`.

        `anew`: the table is another one than before. Tables are made empty, and filled when the records
        are stored: DuckDB 1.4 loses rows when it replays a log in which a table changes after rows did.
        Raises DestinationError when somebody else made what has to be made here.
        """
        if self._prepared.get(stream.name) == have and not anew:
            return
        made = self._definitions(stream.name)
        form = self._form(made)
        queries = {name: rows.query for name, rows in self._rows(stream, _live(stream, have), have).items()}
        stale = [name for name in queries if made.get(name) != (form, queries[name]) or (anew and form == "TABLE")]
        gone = [name for name in made if name not in queries]
        self._take_over(stream, stale)
        self._refuse_strangers(stale, made)
        for name in [*gone, *stale]:
            if name in made:
                self._connection.execute(f"DROP {made.pop(name)[0]} IF EXISTS {_place(name)}")
        for name in stale:
            suffix = " LIMIT 0" if form == "TABLE" else ""
            self._connection.execute(f"CREATE {form} {_place(name)} AS {queries[name]}{suffix}")
            made[name] = (form, queries[name])
        if form == "TABLE":
            self._empty.update(stale)
        self._note(stream.name, [*gone, *stale], made)
        self._prepared[stream.name] = dict(have)

    def update(self, stream: Stream, have: Mapping[str, str], changed: str) -> None:
        """Replace, in the tables that are not to be filled anyway, the rows of the records in the table `changed`."""
        kept = [name for name in self._definitions(stream.name) if self._is_kept(stream, name)]
        if is_referred_by_key(stream.name):
            self._fill_again(stream, kept)
            return
        for name, rows in self._rows(stream, changed, have).items() if kept else ():
            if name in kept:
                self._delete(stream, name, rows.keys, changed)
                self._insert(name, rows.query)

    def fill(self, stream: Stream) -> None:
        """Fill the tables of `stream` that `prepare` made, from all its records."""
        for name, (_, query) in self._definitions(stream.name).items():
            if name in self._empty:
                self._insert(name, query)
                self._empty.discard(name)

    def _fill_again(self, stream: Stream, names: Iterable[str]) -> None:
        """Fill tables anew: a record may take the key of another one, whose rows go. There are few such records."""
        for name in names:
            self._connection.execute(f"DELETE FROM {_place(name)}")  # noqa: S608 - a quoted name
            self._insert(name, self._definitions(stream.name)[name][1])

    def remove(self, stream: Stream, gone: str) -> None:
        """Delete from the tables of `stream` the rows of the records whose keys are in the table `gone`."""
        for name, keys in self._keys(stream, self._find(stream)).items():
            if self._is_kept(stream, name):
                self._delete(stream, name, keys, gone)

    def relations(self, stream: Stream, have: Mapping[str, str]) -> list[Relation]:
        """Return the relations of the records of `stream`, whose table has the columns `have`."""
        return _complete(self._find(stream), stream, have)

    def _rows(self, stream: Stream, source: str, have: Mapping[str, str]) -> dict[str, _Rows]:
        """Return every relation of `stream` by its name, over the records of the table expression `source`."""
        found = self.relations(stream, have)
        keys = self._keys(stream, found)
        queries = {one.name: self._own.with_custom_columns(one, select(one, source, have)) for one in found}
        for name, one in self._product_types(stream).items():
            queries[name] = self._own.variants(one, stream.name, source, have)
        return {name: _Rows(query, keys[name]) for name, query in queries.items()}

    def _keys(self, stream: Stream, found: Iterable[Relation]) -> dict[str, dict[str, str]]:
        """Return, for every relation of `stream`, which of its columns hold the key of the record, by its fields."""
        keys = {
            one.name: {field.path[0]: field.name for field in one.columns if field.level == 0 and not field.nullable}
            for one in found
        }
        return {**keys, **{name: {"id": KEY[0]} for name in self._product_types(stream)}}

    def _product_types(self, stream: Stream) -> dict[str, ProductType]:
        """Return the relations of product types if `stream` is the best one in the file to have their variants from."""
        if stream.name not in VARIANTS:
            return {}
        better = list(VARIANTS)[: list(VARIANTS).index(stream.name)]
        there = self._catalogue("main") if better else {}
        if any(name in there for name in better):
            return {}
        ours = {name for one in VARIANTS for name in self._definitions(one)}
        found, taken = self._own.product_types_by_name(), self._catalogue()
        self.strangers = {name for name in found if name in taken and name not in ours}
        return {name: one for name, one in found.items() if name not in self.strangers}

    def _take_over(self, stream: Stream, names: Sequence[str]) -> None:
        """Drop what has one of these names and was made for another stream: the product types of projections."""
        for other in VARIANTS if stream.name in VARIANTS else ():
            made = self._definitions(other)
            taken = [name for name in names if name in made] if other != stream.name else []
            for name in taken:
                self._connection.execute(f"DROP {made.pop(name)[0]} IF EXISTS {_place(name)}")
            self._note(other, taken, made)

    def _insert(self, name: str, query: str) -> None:
        if int(self.memory.removesuffix("MB")) < int(_MEMORY.removesuffix("MB")):
            self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        self._connection.execute(f"INSERT INTO {_place(name)} {query}")

    def _form(self, made: Mapping[str, Made]) -> Form:
        if self._materialize is None:
            return "TABLE" if any(form == "TABLE" for form, _ in made.values()) else "VIEW"
        return "TABLE" if self._materialize else "VIEW"

    def _is_kept(self, stream: Stream, name: str) -> bool:
        """Whether a relation is a table that holds the rows of the records before this transaction."""
        made = self._definitions(stream.name).get(name)
        return made is not None and made[0] == "TABLE" and name not in self._empty

    def _definitions(self, stream: str) -> dict[str, Made]:
        """Return what was made for a stream and is there still, by the relation's name."""
        if stream not in self._made:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            fields = "stream VARCHAR, relation VARCHAR, form VARCHAR, query VARCHAR"
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {DEFINITIONS} ({fields})")
            rows = self._connection.execute(
                f"SELECT relation, form, query FROM {DEFINITIONS} WHERE stream = ?",  # noqa: S608 - a constant
                [stream],
            ).fetchall()
            found = self._catalogue()
            self._made[stream] = {name: (form, query) for name, form, query in rows if found.get(name) == form}
        return self._made[stream]

    def _catalogue(self, schema: str = SCHEMA) -> dict[str, str]:
        rows = self._connection.execute(
            "SELECT table_name, replace(table_type, 'BASE ', '') FROM information_schema.tables"
            " WHERE table_catalog = current_database() AND table_schema = ?",
            [schema],
        ).fetchall()
        return dict(rows)

    def _refuse_strangers(self, names: Sequence[str], made: Mapping[str, Made]) -> None:
        found = self._catalogue() if names else {}
        for name in names:
            if name in found and name not in made:
                raise DestinationError(
                    f"the file has a {found[name].lower()} {SCHEMA}.{name} that commercetools-source did not make;"
                    " rename it, or choose another file"
                )

    def _note(self, stream: str, names: Sequence[str], made: Mapping[str, Made]) -> None:
        for name in names:
            self._connection.execute(
                f"DELETE FROM {DEFINITIONS} WHERE stream = ? AND relation = ?",  # noqa: S608 - a constant
                [stream, name],
            )
        rows = [(stream, name, *made[name]) for name in names if name in made]
        if rows:
            self._connection.executemany(f"INSERT INTO {DEFINITIONS} VALUES (?, ?, ?, ?)", rows)  # noqa: S608 - same

    def _delete(self, stream: Stream, name: str, held: Mapping[str, str], keys: str) -> None:
        same = " AND ".join(f"held.{quoted(held[part])} = gone.{quoted(part)}" for part in stream.key)
        self._connection.execute(f"DELETE FROM {_place(name)} AS held USING {keys} AS gone WHERE {same}")  # noqa: S608 - quoted names


def _place(name: str) -> str:
    return f"{SCHEMA}.{quoted(name)}"


def _live(stream: Stream, have: Mapping[str, str]) -> str:
    newest = newest_of_key(stream.name, have)
    return f"(FROM main.{quoted(stream.name)} WHERE {DELETED_AT} IS NULL{newest})"


def _complete(found: Sequence[Relation], stream: Stream, have: Mapping[str, str]) -> list[Relation]:
    """Return the relations of `stream`, its own with the columns that the table has and the contract does not know."""
    if not found:
        return []
    own, *below = found
    known = {column.name for column in columns(stream)}
    taken = {field.name.casefold() for field in own.columns}
    more = [
        Field(name, KINDS_BY_SQL[sql], nullable=True, path=(name,), level=0)
        for name, sql in have.items()
        if name not in known and name not in OWN and name.casefold() not in taken
    ]
    return [replace(own, columns=(*own.columns, *more)), *below]
