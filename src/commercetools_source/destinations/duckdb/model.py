"""The relations of a shop in a DuckDB file, in the schema that names without one stand for.

Each relation is a view, which costs nothing until somebody asks, or a table, which is kept in step with
the records in the transaction that stores them. What was made from what is stored (`definitions`), so that
only what has changed is made anew and what somebody else made is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, OWN
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.duckdb.definitions import Definitions, Made, fingerprint, shape_of
from commercetools_source.destinations.duckdb.history import SPAN, earlier, mark_of, rows_at
from commercetools_source.destinations.duckdb.nested import NestedColumns
from commercetools_source.errors import RecordError
from commercetools_source.model.custom.variants import KEY, STANDALONE, VARIANTS, Standalone
from commercetools_source.model.descriptions import Comments, describe_relation, descriptions
from commercetools_source.model.keys import is_referred_by_key, newest_of_key
from commercetools_source.model.nested import with_nested
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations, with_columns
from commercetools_source.model.schemas import RELATIONS, record_table, relation_table
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.catalogue import Form
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.own import OwnFields
    from commercetools_source.model.custom.definitions import ProductType
    from commercetools_source.model.relation import Relation

__all__ = ["Model"]

_MANY = 25_000
_MEMORY, _MEMORY_OF_MANY = "400MB", "1000MB"
"""What DuckDB may use once tables are filled, also where a stream has many records: each of some forty tables, with up
to 200 columns, has an unfinished row group until the transaction ends. 120,000 orders need 700 MB, 20,000 less than
400. What it may use it does use, for what it wrote already."""

_VARIANT_KEYS = {"id": KEY[0]}
"""Which column of a product type's relation holds the key of the product."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The query of a relation's rows, the SQL types of its columns, and which of these hold the record's key.

    `keys` are by the record's fields.
    """

    query: str
    types: Mapping[str, str]
    keys: Mapping[str, str]


class Model:
    """The relations in the file that `database` has open.

    `own` says which fields the project defined itself, from the next `prepare` of a stream on. `materialize`: whether
    relations become tables when their stream is written; None leaves each stream's as they are, and makes views of
    those that are not there. `find` gives the relations of a stream. `foreign`: names of product types' relations that
    somebody else uses already; those are left alone. `nested` has the unknown fields inside objects and lists that get
    a column. Every method is called inside the transaction that changes the records, in the order of `prepare`,
    `update`, `fill`.
    """

    def __init__(
        self,
        database: Database,
        own: OwnFields,
        *,
        materialize: bool | None = None,
        find: Callable[[Stream], Sequence[Relation]] = relations,
    ) -> None:
        self._database = database
        self._own = own
        self._materialize = materialize
        self._find = find
        self._definitions = Definitions(database)
        self._empty: dict[str, str] = {}
        self.nested = NestedColumns(database)
        self.foreign: set[str] = set()

    def reset(self) -> None:
        """Look at the file again: the transaction was rolled back."""
        self._definitions.forget()
        self.nested.forget()
        self._empty.clear()

    @property
    def made(self) -> set[str]:
        """The names of all relations that are there."""
        return self._definitions.names()

    def is_current(self, stream: Stream, types: Mapping[str, str]) -> bool:
        """Return whether `prepare` would change nothing for a table that is the same as before."""
        shape = self._shape(stream, types, self._form(self._definitions.of(stream.name)))
        return self._definitions.is_current(stream.name, shape)

    def prepare(self, stream: Stream, types: Mapping[str, str], *, anew: bool) -> None:
        """Make the relations of `stream` over its table, whose columns have the SQL `types`.

        `anew`: the table is another one than before. Tables are made empty, and filled when the records
        are stored: DuckDB 1.4 loses rows when it replays a log in which a table changes after rows did.
        Raises RecordError when somebody else made what has to be made here.
        """
        self._prepare(stream, types, anew=anew)
        if (products := self._shown_with(stream)) is not None:
            names = self._product_types(products).keys() if anew else ()
            self._prepare(products, self._database.catalogue.columns[products.name], anew=anew, only=names)

    def _prepare(
        self, stream: Stream, types: Mapping[str, str], *, anew: bool, only: Container[str] | None = None
    ) -> None:
        """Make the relations of `stream`; `only`: those that hold rows of the table that is `anew`, all if None."""
        current = self._definitions.of(stream.name)
        form = self._form(current)
        refill = anew and form == "TABLE"
        shape = self._shape(stream, types, form)
        if self._definitions.is_current(stream.name, shape) and not refill:
            return
        self._database.catalogue.changed.add(stream.name)
        current = dict(current)
        relations = self._rows(stream, _live(stream, types), types)
        target = {name: Made(form, fingerprint(rows.query)) for name, rows in relations.items()}
        stale = [
            name for name in target if current.get(name) != target[name] or (refill and (only is None or name in only))
        ]
        gone = [name for name in current if name not in target]
        self._take_over(stream, stale)
        self._refuse_foreign(stale, current)
        for name in [*gone, *stale]:
            if current.pop(name, None) is not None:
                self._database.catalogue.drop_relation(name)
        for name in stale:
            self._database.catalogue.create_relation(form, name, relations[name].query, relations[name].types)
            current[name] = target[name]
        if form == "TABLE":
            self._empty |= {name: relations[name].query for name in stale}
        self._make_past(stream, types)
        self._definitions.store(stream.name, [*gone, *stale], current, shape)

    def _make_past(self, stream: Stream, types: Mapping[str, str]) -> None:
        """Make the macros of relations as they were at a moment, where earlier rows of `stream` are kept."""
        if not (past := earlier(self._database.catalogue, stream.name)):
            return
        every = {name: sql for name, sql in {**past, **types}.items() if name not in SPAN}
        mark = mark_of(self._database, stream.name)
        source, own = rows_at(stream.name, types, past, mark), self._own.queries()
        for relation in self.relations(stream, every):
            query = own.with_custom_columns(relation, select(relation, source, every))
            self._database.catalogue.create_past(relation.name, query)

    def update(self, stream: Stream, types: Mapping[str, str], changed: str) -> None:
        """Replace, in the tables that are not to be filled anyway, the rows of the records in the table `changed`."""
        kept = [name for name in self._definitions.of(stream.name) if self._is_kept(stream, name)]
        if is_referred_by_key(stream.name):
            self._fill_again(stream, types, kept)
            return
        absent = self._absent(stream, changed) if kept else set()
        for name, rows in self._rows(stream, changed, types).items() if kept else ():
            if name in kept:
                self._delete(stream, name, rows.keys, changed)
                if name not in absent:
                    self._insert(name, rows.query)
        if (products := self._shown_with(stream)) is not None:
            self._show_variants_again(products, changed)

    def fill(self, stream: Stream) -> None:
        """Fill the tables of `stream` that `prepare` made, from all its records."""
        names = [name for name in self._definitions.of(stream.name) if name in self._empty]
        if names:
            ((count,),) = self._database.execute(f"SELECT count(*) FROM {record_table(stream.name)}")  # noqa: S608 - a quoted name
            self._database.allow_at_least(_MEMORY_OF_MANY if count > _MANY else _MEMORY)
        absent = self._absent(stream, record_table(stream.name)) if names else set()
        for name in names:
            query = self._empty.pop(name)
            if name not in absent:
                self._insert(name, query)
        if (products := self._shown_with(stream)) is not None:
            self.fill(products)

    def _fill_again(self, stream: Stream, types: Mapping[str, str], names: Iterable[str]) -> None:
        """Fill tables anew: a record may take the key of another one, whose rows go. There are few such records."""
        queries = self._rows(stream, _live(stream, types), types)
        for name in names:
            self._database.execute(f"DELETE FROM {relation_table(name)}")  # noqa: S608 - a quoted name
            self._insert(name, queries[name].query)

    def remove(self, stream: Stream, gone: str) -> None:
        """Delete from the tables of `stream` the rows of the records whose keys are in the table `gone`."""
        for name, keys in self._keys(stream, self._find(stream)).items():
            if self._is_kept(stream, name):
                self._delete(stream, name, keys, gone)
        if (products := self._shown_with(stream)) is not None:
            # The rows are still there; they are marked when this is done.
            records = f"(FROM {record_table(stream.name)} SEMI JOIN {gone} USING (id))"
            self._show_variants_again(products, records, gone)

    def _show_variants_again(self, products: Stream, variants: str, gone: str = "") -> None:
        """Make the rows of product types anew for the products of `variants`, records that are resources.

        `gone`: a table of the ids of variants that count no more.
        """
        types = self._database.catalogue.columns[products.name]
        # A variant stays with its product.
        ids = f"(SELECT DISTINCT \"product\" ->> '/id' AS id FROM {variants})"  # noqa: S608 - quoted names
        source = f"(FROM {_live(products, types)} SEMI JOIN {ids} USING (id))"
        for name, rows in self._rows_of_variants(products, source, types, gone).items():
            if self._is_kept(products, name):
                self._delete(products, name, rows.keys, ids)
                self._insert(name, rows.query)

    def relations(self, stream: Stream, types: Mapping[str, str]) -> list[Relation]:
        """Return the relations of the records of `stream`, whose table has the columns `types`."""
        added = {name: sql for name, sql in types.items() if name not in OWN}
        return with_nested(with_columns(self._find(stream), stream, added), self.nested.of(stream.name))

    def comments(self, stream: Stream, types: Mapping[str, str]) -> dict[str, Comments]:
        """Return what each relation of `stream` that is there and its columns are, by its name."""
        own = self._own.queries()
        texts = {
            relation.name: Comments(
                describe_relation(relation), {**descriptions(relation), **own.descriptions_of(relation)}
            )
            for relation in self.relations(stream, types)
        }
        for name, product_type in self._product_types(stream).items():
            about = f"Variants of the products of type {product_type.key or product_type.id}, with their attributes."
            texts[name] = Comments(about, own.descriptions_of_variants(product_type))
        return {name: comments for name, comments in texts.items() if name in self._definitions.of(stream.name)}

    def _shape(self, stream: Stream, types: Mapping[str, str], form: Form, *, best: bool | None = None) -> str:
        """Return the fingerprint of all that decides what is made for `stream`.

        `best`: whether it is the best one to have the variants from; None asks the file.
        """
        # Sorted: a table has the columns that came later behind those of our own, a decoder before them.
        facts: list[object] = [stream.name, form, sorted(types.items()), self._own.marks["types"]]
        if past := earlier(self._database.catalogue, stream.name):
            facts += [sorted(past.items()), mark_of(self._database, stream.name)]
        facts += [paths] if (paths := self.nested.of(stream.name)) else []
        if stream.name in VARIANTS:
            best = not self._has_better(stream) if best is None else best
            facts += [self._own.marks["product_types"], sorted(self._others()) if best else ()]
            name = self._stream_of_variants() if best else ""
            facts += [name, sorted(self._database.catalogue.columns[name].items())] if name else []
        return shape_of(*facts)

    def _rows(self, stream: Stream, source: str, types: Mapping[str, str]) -> dict[str, _Rows]:
        """Return every relation of `stream` by its name, over the records of the table expression `source`."""
        complete, own = self.relations(stream, types), self._own.queries()
        keys = self._keys(stream, complete)
        rows = {}
        for relation in complete:
            query = own.with_custom_columns(relation, select(relation, source, types))
            rows[relation.name] = _Rows(query, own.types_of(relation), keys[relation.name])
        return {**rows, **self._rows_of_variants(stream, source, types)}

    def _rows_of_variants(
        self, stream: Stream, source: str, types: Mapping[str, str], gone: str = ""
    ) -> dict[str, _Rows]:
        """Return the relations of product types by name, if `stream` is the one to have them from; as `_rows`.

        `gone`: a table of the ids of variants that are resources and count no more.
        """
        own, standalone = self._own.queries(), self._standalone(gone)
        return {
            name: _Rows(
                own.variants(product_type, stream.name, source, types, standalone),
                own.types_of_variants(product_type),
                _VARIANT_KEYS,
            )
            for name, product_type in self._product_types(stream).items()
        }

    def _keys(self, stream: Stream, complete: Iterable[Relation]) -> dict[str, dict[str, str]]:
        """Return, for every relation of `stream`, which of its columns hold the key of the record, by its fields."""
        keys = {
            relation.name: {field: column for column, field in relation.record_key(stream.key).items()}
            for relation in complete
        }
        return {**keys, **dict.fromkeys(self._product_types(stream), _VARIANT_KEYS)}

    def _product_types(self, stream: Stream) -> dict[str, ProductType]:
        """Return the relations of product types if `stream` is the best one in the file to have their variants from."""
        if stream.name not in VARIANTS or self._has_better(stream):
            return {}
        by_name = self._own.queries().product_types_by_name()
        self.foreign = self._others() & by_name.keys()
        return {name: product_type for name, product_type in by_name.items() if name not in self.foreign}

    def _standalone(self, gone: str = "") -> Standalone | None:
        """Return the variants in the file that are resources, without those whose ids are in `gone`; None for none."""
        if not (name := self._stream_of_variants()):
            return None
        types = self._database.catalogue.columns[name]
        source = _live(STREAMS[name], types)
        return Standalone(name, f"(FROM {source} ANTI JOIN {gone} USING (id))" if gone else source, types)

    def _stream_of_variants(self) -> str:
        """Return the best stream in the file of variants that are resources, "" for none; needs no relation."""
        columns = self._database.catalogue.columns
        return next((name for name in STANDALONE if {"product", DELETED_AT} <= columns.get(name, {}).keys()), "")

    def _shown_with(self, stream: Stream) -> Stream | None:
        """Return the stream among whose relations the variants of `stream` are shown, None if nowhere."""
        if stream.name not in STANDALONE or stream.name != self._stream_of_variants():
            return None
        return next((STREAMS[name] for name in VARIANTS if name in self._database.catalogue.columns), None)

    def _has_better(self, stream: Stream) -> bool:
        """Return whether a table is there that is a better one to have the variants from."""
        better = list(VARIANTS)[: list(VARIANTS).index(stream.name)]
        return any(name in self._database.catalogue.columns for name in better)

    def _others(self) -> set[str]:
        """Return the names of tables and views beside ours that a product type may have the name of."""
        return self._database.catalogue.relations.keys() - self._definitions.names()

    def _take_over(self, stream: Stream, names: Sequence[str]) -> None:
        """Drop what has one of these names and was made for another stream: the product types of projections."""
        for other in VARIANTS if stream.name in VARIANTS else ():
            current = dict(self._definitions.of(other))
            shape = self._shape_without_variants(STREAMS[other], current)
            shared = [name for name in names if name in current] if other != stream.name else []
            for name in shared:
                del current[name]
                self._database.catalogue.drop_relation(name)
            if shared:
                self._definitions.store(other, shared, current, shape)

    def _shape_without_variants(self, stream: Stream, current: Mapping[str, Made]) -> str:
        """Return the shape of what is left of a stream whose variants another one takes; "" if it was not current."""
        types, form = self._database.catalogue.columns.get(stream.name, {}), self._form(current)
        is_current = self._definitions.is_current(stream.name, self._shape(stream, types, form, best=True))
        return self._shape(stream, types, form, best=False) if is_current else ""

    def _absent(self, stream: Stream, source: str) -> set[str]:
        """Return the relations of product types that have no product in `source`, a table expression of records."""
        if not (product_types := self._product_types(stream)):
            return set()
        rows = self._database.execute(f"SELECT DISTINCT \"productType\" ->> '/id' FROM {source}")  # noqa: S608 - quoted names
        present = {uid for (uid,) in rows}
        return {name for name, product_type in product_types.items() if product_type.id not in present}

    def _insert(self, name: str, query: str) -> None:
        self._database.allow_at_least(_MEMORY)
        self._database.execute(f"INSERT INTO {relation_table(name)} {query}")

    def _form(self, current: Mapping[str, Made]) -> Form:
        if self._materialize is None:
            return "TABLE" if any(form == "TABLE" for form, _ in current.values()) else "VIEW"
        return "TABLE" if self._materialize else "VIEW"

    def _is_kept(self, stream: Stream, name: str) -> bool:
        """Whether a relation is a table that holds the rows of the records before this transaction."""
        current = self._definitions.of(stream.name).get(name)
        return current is not None and current.form == "TABLE" and name not in self._empty

    def _refuse_foreign(self, names: Sequence[str], current: Mapping[str, Made]) -> None:
        existing = self._database.catalogue.relations
        for name in names:
            if name in existing and name not in current:
                raise RecordError(
                    f"the file has a {existing[name].lower()} {RELATIONS}.{name} that commercetools-source did not"
                    " make; rename it, or choose another file"
                )

    def _delete(self, stream: Stream, name: str, columns_by_field: Mapping[str, str], keys: str) -> None:
        same = " AND ".join(f"stored.{quoted(columns_by_field[field])} = gone.{quoted(field)}" for field in stream.key)
        self._database.execute(f"DELETE FROM {relation_table(name)} AS stored USING {keys} AS gone WHERE {same}")  # noqa: S608 - quoted names


def _live(stream: Stream, types: Mapping[str, str]) -> str:
    newest = newest_of_key(stream.name, types)
    return f"(FROM {record_table(stream.name)} WHERE {DELETED_AT} IS NULL{newest})"
