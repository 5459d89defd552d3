"""The project's own fields in the model of a shop: columns beside their owners, and a relation per product type.

Pure: from definitions to queries. Who runs them, and when, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from commercetools_source.model.custom.columns import Place, beside, entries_map, misfits
from commercetools_source.model.custom.definitions import column_names, custom_fields, custom_type, product_type
from commercetools_source.model.custom.places import OWNERS, owned
from commercetools_source.model.custom.values import ENTRIES, Reader, as_map
from commercetools_source.model.keys import newest_by_key
from commercetools_source.model.quoting import quoted, string
from commercetools_source.model.relations import Field, all_relations
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.model.custom.definitions import Conflict, CustomType, Definition, ProductType
    from commercetools_source.model.relations import Relation

__all__ = ["KEY", "NO_FIELDS", "VARIANTS", "CustomFieldQueries"]

VARIANTS: Mapping[str, tuple[str, int, bool | None]] = MappingProxyType(
    {
        "products": ("product_variants", -2, None),
        "product_projections_current": ("product_projection_current_variants", 0, False),
        "product_projections_staged": ("product_projection_staged_variants", 0, True),
    }
)
"""The streams with product variants, the best one first: the relation, the level of what has the attributes of the
product, and whether its variants are the staged ones, where it has no column that says so."""

KEY = ("productId", "staged", "variantId", "sku")
"""The columns of a variant before those of its attributes."""

_HELPERS = ("_own", "_product", "_entries")
_OWN, _PRODUCT = (f"TRY_CAST({name} AS {ENTRIES})" for name in ("_own", "_product"))
_READABLE = f"(_own IS NULL OR {_OWN} IS NOT NULL) AND (_product IS NULL OR {_PRODUCT} IS NOT NULL)"
# An attribute of the variant comes before one of its product.
_NAMED = f"coalesce(list_contains(list_transform({_OWN}, lambda e: e.name), p.name), false)"
_ENTRIES = f"CASE WHEN {_READABLE} THEN list_concat({_OWN}, list_filter({_PRODUCT}, lambda p: NOT {_NAMED})) END"
_RAW = "CASE WHEN _own IS NOT NULL OR _product IS NOT NULL THEN json_object('variant', _own, 'product', _product) END"


@dataclass(frozen=True, slots=True)
class CustomFieldQueries:
    """What a project defines for itself."""

    product_types: tuple[ProductType, ...] = ()
    types: tuple[CustomType, ...] = ()

    @classmethod
    def of(cls, product_types: Iterable[Mapping[str, Any]], types: Iterable[Mapping[str, Any]]) -> CustomFieldQueries:
        """Return what records of `product_types` and `types` define; their order does not count."""
        product_rows = sorted(map(product_type, newest_by_key(product_types)), key=lambda row: (row.key, row.id))
        type_rows = sorted(map(custom_type, newest_by_key(types)), key=lambda row: (row.key, row.id))
        return cls(tuple(product_rows), tuple(type_rows))

    def fields(self, resource: str) -> tuple[Definition, ...]:
        """Return the custom fields of a resource type."""
        return custom_fields(self.types, resource)[0]

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return every name that has several types for one kind of resource."""
        resources = dict.fromkeys(row.resource for row in OWNERS)
        return tuple(found for resource in resources for found in custom_fields(self.types, resource)[1])

    def defined(self) -> dict[str, tuple[Definition, ...]]:
        """Return all fields by what has them: a resource type, or `product type <key>`."""
        resources = sorted({resource for one in self.types for resource in one.resources})
        found = {f"product type {one.key or one.id}": one.attributes for one in self.product_types}
        return {**found, **{resource: self.fields(resource) for resource in resources}}

    def places(self, relation: Relation) -> tuple[Place, ...]:
        """Return where a relation has custom fields that are defined."""
        found = []
        for one in owned(relation):
            fields = self.fields(one.resource)
            values = f"json_extract({quoted(one.column)}, '/fields')" if one.whole else quoted(one.column)
            if fields:
                found.append(Place(one.prefix, as_map(values), values, fields))
        return tuple(found)

    def beside(self, relation: Relation, query: str) -> str:
        """Return `query`, the rows of `relation`, with a column for every custom field beside the others."""
        return beside(query, self.places(relation), self.reader, [field.name for field in relation.columns])

    def misfits(self, relation: Relation, source: str, have: Mapping[str, str] | None = None) -> str:
        """Return the query of how many rows of a relation have custom fields that do not fit, "" if it can have none.

        Its rows are the column that holds what does not fit, the field, and the number; `source` and `have` as for
        `select`.
        """
        places = self.places(relation)
        if not places:
            return ""
        needed = {one.column for one in owned(relation)}
        narrow = replace(relation, columns=tuple(one for one in relation.columns if one.name in needed))
        return misfits(select(narrow, source, have), places, self.reader)

    @property
    def reader(self) -> Reader:
        """What reads values, nested ones too."""
        return Reader({one.id: one for one in self.product_types})

    def product_types_by_name(self) -> dict[str, ProductType]:
        """Return the product types by what their relations are called: `product_type_<key>`, or `<id>` without key."""
        called = {one: one.key or one.id for one in self.product_types}
        names = column_names([(one, "") for one in called.values()], all_relations(), "product_type_")
        return {names[name, ""]: one for one, name in called.items()}

    def variants(self, one: ProductType, stream: str, source: str, have: Mapping[str, str] | None = None) -> str:
        """Return the query of all variants of the products of type `one`, with columns for every attribute.

        `stream` is one of VARIANTS, `source` a table expression of its records and `have` the types of
        their columns, as for `select`. A row has the columns KEY and those of the attributes, its own
        and its product's.
        """
        shown = f"{', '.join(KEY)}, * EXCLUDE ({', '.join((*KEY, *_HELPERS))})"
        query = beside(_entries(one, stream, source, have), [_attributes(one)], self.reader, [*KEY, *_HELPERS])
        return f"SELECT {shown} FROM ({query})"  # noqa: S608 - constants

    def variant_misfits(self, one: ProductType, stream: str, source: str, have: Mapping[str, str] | None = None) -> str:
        """Return the same as `misfits` for attributes of variants."""
        return misfits(_entries(one, stream, source, have), [_attributes(one)], self.reader)


def _attributes(one: ProductType) -> Place:
    return Place("", entries_map("_entries"), _RAW, one.attributes)


def _entries(one: ProductType, stream: str, source: str, have: Mapping[str, str] | None) -> str:
    """Return the query of the variants of products of type `one`, with KEY and _HELPERS."""
    relation, product, staged = VARIANTS[stream]
    columns = (
        Field("productId", "string", nullable=False, path=("id",), level=0),
        *(column for column in all_relations()[relation].columns if column.name == "staged"),
        Field("variantId", "int", nullable=False, path=("id",)),
        Field("sku", "string", nullable=True, path=("sku",)),
        Field("_own", "json", nullable=True, path=("attributes",)),
        Field("_product", "json", nullable=True, path=("attributes",), level=product),
    )
    of_type = f"(SELECT * FROM {source} WHERE (\"productType\" ->> '/id') = {string(one.id)})"  # noqa: S608 - quoted
    rows = select(replace(all_relations()[relation], columns=columns), of_type, have)
    fixed = "" if staged is None else f"{staged} AS staged, "
    return f"SELECT *, {fixed}{_ENTRIES} AS _entries FROM ({rows})"  # noqa: S608 - constants


NO_FIELDS = CustomFieldQueries()
"""Nothing is defined, or nothing is known of it: custom fields and attributes stay JSON."""
