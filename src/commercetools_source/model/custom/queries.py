"""Custom fields and attributes in the model of a shop: columns beside others, and a relation per product type.

Pure: from definitions to queries. Who runs them, and when, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.model.custom.columns import (
    FieldSet,
    custom_descriptions,
    custom_types,
    entries_map,
    with_custom_columns,
)
from commercetools_source.model.custom.definitions import column_names, custom_fields, custom_type, product_type
from commercetools_source.model.custom.places import CUSTOM_FIELD_PLACES, custom_field_columns
from commercetools_source.model.custom.values import Reader, as_map
from commercetools_source.model.custom.variants import HELPERS, KEY, KEY_DESCRIPTIONS, KEY_TYPES, RAW, entries
from commercetools_source.model.keys import newest_by_key
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import all_relations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.model.custom.definitions import Conflict, CustomType, Definition, ProductType
    from commercetools_source.model.custom.variants import Standalone
    from commercetools_source.model.relation import Relation

__all__ = ["NO_FIELDS", "CustomFieldQueries"]


@dataclass(frozen=True, slots=True)
class CustomFieldQueries:
    """What a project defines for itself."""

    product_types: tuple[ProductType, ...] = ()
    types: tuple[CustomType, ...] = ()

    @classmethod
    def of(cls, product_types: Iterable[Mapping[str, Any]], types: Iterable[Mapping[str, Any]]) -> CustomFieldQueries:
        """Return what records of `product_types` and `types` define; their order does not count."""
        # The same definitions give the same SQL, whatever order they came in.
        product_rows = sorted(map(product_type, newest_by_key(product_types)), key=lambda row: (row.key, row.id))
        type_rows = sorted(map(custom_type, newest_by_key(types)), key=lambda row: (row.key, row.id))
        return cls(tuple(product_rows), tuple(type_rows))

    def fields(self, resource: str) -> tuple[Definition, ...]:
        """Return the custom fields of a resource type."""
        return custom_fields(self.types, resource)[0]

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return every name that has several types for one kind of resource."""
        resources = dict.fromkeys(row.resource for row in CUSTOM_FIELD_PLACES)
        return tuple(conflict for resource in resources for conflict in custom_fields(self.types, resource)[1])

    def defined(self) -> dict[str, tuple[Definition, ...]]:
        """Return all fields by what has them: a resource type, or `product type <key>`."""
        resources = sorted({resource for definer in self.types for resource in definer.resources})
        # People call a product type by its key; the id is for those that have none.
        definitions = {
            f"product type {definer.key or definer.id}": definer.attributes for definer in self.product_types
        }
        return {**definitions, **{resource: self.fields(resource) for resource in resources}}

    def field_sets(self, relation: Relation) -> tuple[FieldSet, ...]:
        """Return where a relation has custom fields that are defined."""
        field_sets = []
        for column in custom_field_columns(relation):
            fields = self.fields(column.resource)
            values = f"json_extract({quoted(column.column)}, '/fields')" if column.whole else quoted(column.column)
            if fields:
                field_sets.append(FieldSet(column.prefix, as_map(values), values, fields))
        return tuple(field_sets)

    def with_custom_columns(self, relation: Relation, query: str) -> str:
        """Return `query`, the rows of `relation`, with a column for every custom field beside the others."""
        return with_custom_columns(
            query, self.field_sets(relation), self.reader, [field.name for field in relation.columns]
        )

    def types_of(self, relation: Relation) -> dict[str, str]:
        """Return the SQL types of all columns of `relation`, in the order of `with_custom_columns`."""
        types = relation.column_types()
        return types | custom_types(self.field_sets(relation), self.reader, types)

    def types_of_variants(self, product_type: ProductType) -> dict[str, str]:
        """Return the SQL types of the columns of `variants`, in their order."""
        return KEY_TYPES | custom_types([_attributes(product_type)], self.reader, [*KEY, *HELPERS])

    def descriptions_of(self, relation: Relation) -> dict[str, str]:
        """Return what the columns are that `with_custom_columns` adds to `relation`, by their names."""
        return custom_descriptions(self.field_sets(relation), self.reader, [field.name for field in relation.columns])

    def descriptions_of_variants(self, product_type: ProductType) -> dict[str, str]:
        """Return what the columns of `variants` are, by their names."""
        return KEY_DESCRIPTIONS | custom_descriptions([_attributes(product_type)], self.reader, [*KEY, *HELPERS])

    @property
    def reader(self) -> Reader:
        """What reads values, nested ones too."""
        return Reader({row.id: row for row in self.product_types})

    def product_types_by_name(self) -> dict[str, ProductType]:
        """Return the product types by what their relations are called: `product_type_<key>`, or `<id>` without key."""
        names_by_type = {row: row.key or row.id for row in self.product_types}
        # Two keys may differ only in what SQL takes for the same.
        names = column_names([(row, "") for row in names_by_type.values()], all_relations(), "product_type_")
        return {names[name, ""]: row for row, name in names_by_type.items()}

    def variants(
        self,
        product_type: ProductType,
        stream: str,
        source: str,
        column_types: Mapping[str, str] | None = None,
        standalone: Standalone | None = None,
    ) -> str:
        """Return the query of all variants of the products of `product_type`, with columns for every attribute.

        `stream` is one of VARIANTS, `source` a table expression of its records and `column_types`
        the types of their columns, as for `select`. `standalone`: the variants that are resources of their own, if
        there may be some. A row has the columns KEY and those of the attributes of the variant and of its product.
        """
        return with_custom_columns(
            entries(product_type.id, stream, source, column_types, standalone),
            [_attributes(product_type)],
            self.reader,
            [*KEY, *HELPERS],
            hidden=HELPERS,
        )


def _attributes(product_type: ProductType) -> FieldSet:
    return FieldSet("", entries_map("_entries"), RAW, product_type.attributes)


NO_FIELDS = CustomFieldQueries()
"""Of a project that defines nothing, or that nobody has looked at."""
