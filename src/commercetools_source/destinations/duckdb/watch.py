"""Custom fields and attributes in a DuckDB file: what is defined there, and which values do not fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.duckdb.states import now
from commercetools_source.events import Notice
from commercetools_source.model.custom.definitions import SOURCES, changes
from commercetools_source.model.custom.places import custom_field_columns
from commercetools_source.model.custom.queries import NO_FIELDS
from commercetools_source.model.custom.unfit import (
    count_unfit,
    count_unfit_attributes,
    count_unfit_variants,
    decode,
    fields_of,
)
from commercetools_source.model.custom.variants import STANDALONE, VARIANTS, Standalone, standalone_rows
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import record_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.own import OwnFields
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.model.custom.queries import CustomFieldQueries
    from commercetools_source.model.custom.unfit import Unfit
    from commercetools_source.model.relation import Relation

__all__ = ["CustomFieldWatch"]

_VARIANT_FIELDS = ("masterVariant", "variants", "attributes")
_LOOKED_AT = 500  # records of a stream: enough to see a mistake, and nothing beside the time that reading took


class CustomFieldWatch:
    """Follows what is stored in a file: the definitions in force, which are `own`, and what does not fit them.

    `find` returns the relations of a stream whose table has given columns.
    """

    def __init__(
        self, database: Database, own: OwnFields, find: Callable[[Stream, Mapping[str, str]], Sequence[Relation]]
    ) -> None:
        self._database = database
        self._own = own
        self._find = find
        self._began = now()
        self._before: CustomFieldQueries | None = None
        self._stored: set[str] = set()

    def expect(self, delivery: Delivery) -> None:
        """Keep the definitions in force where what is about to be stored may change them."""
        if delivery.stream.name in SOURCES and self._before is None:
            self._before = self._own.queries()

    def follow(self, delivery: Delivery) -> bool:
        """Take into account what was just stored; return whether the definitions are others now."""
        stream = delivery.stream.name
        if delivery.records:
            self._stored.add(stream)
        if not delivery.phase.last or stream not in SOURCES:
            return False
        before = self._own.queries()
        self._own.look_again()
        return self._own.queries() != before

    def notices(self) -> list[Notice]:
        """Return what changed in the definitions, where they disagree, and how many values do not fit them.

        Looked at are some records of each stream that was stored in this run, and of all where definitions changed.
        """
        own = self._own.queries()
        notices = [Notice("custom fields", f"{conflict}; its values stay JSON") for conflict in own.conflicts()]
        # Where no definition was stored nothing has changed, and nothing has to be compared.
        before = own if self._before is None else self._before
        changed = changes(before.defined(), own.defined()) if before is not own and before != NO_FIELDS else ()
        # Where an enumeration has keys no more, what fitted fits.
        is_redefined = any(change.before != change.after for change in changed)
        notices += [Notice("custom fields", str(change)) for change in changed]
        tables = self._database.catalogue.stream_tables()
        for stream in sorted(STREAMS.keys() & tables.keys() & (tables.keys() if is_redefined else self._stored)):
            notices += self._unfit(stream, tables[stream], everything=is_redefined)
        return notices

    def _unfit(self, stream: str, types: Mapping[str, str], *, everything: bool) -> Iterator[Notice]:
        """Yield what does not fit in some records of one stream."""
        relations = [relation for relation in self._find(STREAMS[stream], types) if custom_field_columns(relation)]
        fields = {name for relation in relations for name in fields_of(relation)}
        if stream in VARIANTS:
            fields |= {"productType", *(("masterData",) if "masterData" in types else _VARIANT_FIELDS)}
        records = self._records(stream, sorted(fields & types.keys()), everything=everything)
        for relation in relations:
            for unfit in count_unfit(self._own.queries(), relation, records):
                yield _notice(relation.name, "custom field", unfit)
        if stream in VARIANTS:
            for name, counted in count_unfit_attributes(self._own.queries(), stream, records).items():
                yield from (_notice(name, "attribute", unfit) for unfit in counted)
        if stream in STANDALONE:
            variants = self._standalone(stream, types, everything=everything)
            for name, counted in count_unfit_variants(self._own.queries(), variants).items():
                yield from (_notice(name, "attribute", unfit) for unfit in counted)

    def _standalone(
        self, stream: str, types: Mapping[str, str], *, everything: bool
    ) -> Iterator[tuple[str, object, object]]:
        """Yield some variants that are resources: the id of their product type, their attributes, those of the product.

        None if another stream shows them, or where there are no products.
        """
        tables = self._database.catalogue.stream_tables()
        products = next((name for name in VARIANTS if name in tables), None)
        if products is None or stream != next(name for name in STANDALONE if name in tables):
            return
        some = f"(FROM {record_table(stream)} WHERE {self._recent(everything=everything)} LIMIT {_LOOKED_AT})"
        live = f"(FROM {record_table(products)} WHERE {DELETED_AT} IS NULL)"
        # Only the types that they have: there may be hundreds, and each is a query of its own.
        present = self._database.execute(
            f"SELECT DISTINCT \"productType\" ->> '/id' FROM {live} SEMI JOIN"  # noqa: S608 - quoted names
            f" (SELECT \"product\" ->> '/id' AS id FROM {some}) USING (id)"
        )
        ids = {uid for (uid,) in present}
        for product_type in (row for row in self._own.queries().product_types if row.id in ids):
            rows = standalone_rows(product_type.id, products, live, tables[products], Standalone(stream, some, types))
            for variant, product in self._database.execute(f"SELECT _variant, _product FROM ({rows})"):  # noqa: S608 - quoted
                yield product_type.id, _decoded(variant), _decoded(product)

    def _recent(self, *, everything: bool) -> str:
        # Only what this run stored, unless a definition changed: then old values may fit no longer.
        since = "" if everything else f" AND {SYNCED_AT} >= TIMESTAMP '{self._began}'"
        return f"{DELETED_AT} IS NULL{since}"

    def _records(self, stream: str, fields: Sequence[str], *, everything: bool) -> list[dict[str, Any]]:
        """Return some records of a stream, of all or of those that this run stored, with only these fields."""
        if not fields or self._own.queries() == NO_FIELDS:
            return []
        rows = self._database.execute(
            f"SELECT {', '.join(map(quoted, fields))} FROM {record_table(stream)}"  # noqa: S608 - quoted names
            f" WHERE {self._recent(everything=everything)} LIMIT {_LOOKED_AT}"
        )
        return [
            {name: decode(text) for name, text in zip(fields, row, strict=True) if text is not None} for row in rows
        ]


def _decoded(text: str | None) -> object:
    return None if text is None else decode(text)


def _notice(relation: str, kind: str, unfit: Unfit) -> Notice:
    return Notice(
        relation,
        f"{unfit.rows:,} of the values looked at do not fit the definition of the {kind} {unfit.field!r};"
        f" the column {unfit.column} has all such",
    )
