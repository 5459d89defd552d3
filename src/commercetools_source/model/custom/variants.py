"""All variants of a product type with their attributes: those inside products, and those that are resources. Pure.

A project of the Classic catalog model embeds variants in products, one of the Modular model has them as resources of
their own, and one that is in migration has both
(https://docs.commercetools.com/guides/migration-guides/modular-catalog-migration). Of a variant that is there in both
ways the resource counts, as it does for whatever refers to variants; so none counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from commercetools_source.model.custom.values import ENTRIES
from commercetools_source.model.quoting import string
from commercetools_source.model.relation import Field
from commercetools_source.model.relations import all_relations
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "HELPERS",
    "KEY",
    "KEY_DESCRIPTIONS",
    "KEY_TYPES",
    "RAW",
    "STANDALONE",
    "VARIANTS",
    "Standalone",
    "entries",
    "standalone_rows",
]

VARIANTS: Mapping[str, tuple[str, int, bool | None]] = MappingProxyType(
    {
        "products": ("product_variants", -2, None),
        "product_projections_current": ("product_projection_current_variants", 0, False),
        "product_projections_staged": ("product_projection_staged_variants", 0, True),
    }
)
"""The streams with product variants, the best one first: the relation, the level of what has the attributes of the
product, and whether its variants are the staged ones, where it has no column that says so."""

# Written out, because these relations are made of a query and have no type in the contract.
STANDALONE: Mapping[str, str] = MappingProxyType(
    {"variants": "variant_data", "variant_projections_current": "variant_projections_current"}
)
"""The streams of variants that are resources, the best one first: the relation that has their attributes."""

KEY_TYPES = {"productId": "VARCHAR", "staged": "BOOLEAN", "variantId": "BIGINT", "sku": "VARCHAR"}
KEY_DESCRIPTIONS = {
    "productId": "Id of the product. Refers to products.id.",
    "staged": "Whether this is the staged state, and not the published one.",
    "variantId": "Number of the variant inside its product.",
    "sku": "SKU, the stock keeping unit.",
}
KEY = tuple(KEY_TYPES)
"""The columns of a variant before those of its attributes."""

# Reserved before the attributes get their names, with an underscore in front as no sentence of a person has it.
HELPERS = ("_variant", "_product", "_entries")
# TRY_CAST: a value of another form is NULL, and fails no query.
_VARIANT, _PRODUCT = (f"TRY_CAST({name} AS {ENTRIES})" for name in ("_variant", "_product"))
_READABLE = f"(_variant IS NULL OR {_VARIANT} IS NOT NULL) AND (_product IS NULL OR {_PRODUCT} IS NOT NULL)"
# An attribute of the variant comes before one of its product.
_NAMED = f"coalesce(list_contains(list_transform({_VARIANT}, lambda e: e.name), p.name), false)"
_ENTRIES = f"CASE WHEN {_READABLE} THEN list_concat({_VARIANT}, list_filter({_PRODUCT}, lambda p: NOT {_NAMED})) END"
_BOTH = "json_object('variant', _variant, 'product', _product)"
# What `unfit` shows where attributes cannot be told apart.
RAW = f"CASE WHEN _variant IS NOT NULL OR _product IS NOT NULL THEN {_BOTH} END"


@dataclass(frozen=True, slots=True)
class Standalone:
    """Records of variants: a stream of STANDALONE, a table expression of its records, the types of their columns."""

    stream: str
    source: str
    column_types: Mapping[str, str] | None = None


def entries(
    product_type: str,
    stream: str,
    source: str,
    column_types: Mapping[str, str] | None,
    standalone: Standalone | None = None,
) -> str:
    """Return the query of the variants of products whose type has the id `product_type`, with KEY and HELPERS.

    The other arguments are those of `CustomFieldQueries.variants`.
    """
    relation, product, staged = VARIANTS[stream]
    columns = (
        Field("productId", "string", nullable=False, path=("id",), level=0),
        *(column for column in all_relations()[relation].columns if column.name == "staged"),
        Field("variantId", "int", nullable=False, path=("id",)),
        Field("sku", "string", nullable=True, path=("sku",)),
        Field("_variant", "json", nullable=True, path=("attributes",)),
        Field("_product", "json", nullable=True, path=("attributes",), level=product),
    )
    rows = select(replace(all_relations()[relation], columns=columns), _of_type(product_type, source), column_types)
    fixed = "" if staged is None else f"{staged} AS staged, "
    if standalone is None:
        return f"SELECT *, {fixed}{_ENTRIES} AS _entries FROM ({rows})"  # noqa: S608 - constants
    embedded = f"SELECT *, {fixed.rstrip(', ')} FROM ({rows})" if fixed else rows  # noqa: S608 - same
    same = ", ".join(KEY[:-1])
    both = (
        f"WITH _standalone AS ({standalone_rows(product_type, stream, source, column_types, standalone)})"  # noqa: S608 - same
        f" SELECT * FROM ({embedded}) ANTI JOIN _standalone USING ({same}) UNION ALL BY NAME FROM _standalone"
    )
    return f"SELECT *, {_ENTRIES} AS _entries FROM ({both})"  # noqa: S608 - same


def standalone_rows(
    product_type: str, stream: str, source: str, column_types: Mapping[str, str] | None, standalone: Standalone
) -> str:
    """Return the query of the variants among the records of `standalone`, with KEY, `_variant` and `_product`.

    The other arguments are those of `entries`.
    """
    of_type = _of_type(product_type, source)
    relation = all_relations()[STANDALONE[standalone.stream]]
    level = -1 if relation.parent else 0
    columns = (
        Field("productId", "string", nullable=False, path=("product", "id"), level=0),
        *(column for column in relation.columns if column.name == "staged"),
        Field("variantId", "int", nullable=False, path=("variantId",), level=0),
        Field("sku", "string", nullable=True, path=("sku",), level=level),
        Field("_variant", "json", nullable=True, path=("attributes",), level=level),
    )
    # Filtered before anything is unfolded, as products are.
    records = f"""(SELECT * FROM {standalone.source} WHERE ("product" ->> '/id') IN (SELECT id FROM {of_type}))"""  # noqa: S608 - quoted
    rows = select(replace(relation, columns=columns), records, standalone.column_types)
    if relation.parent:
        # What is staged is only there where it differs from what is current.
        rows = (
            f"WITH _data AS ({rows}) FROM _data UNION ALL BY NAME SELECT * REPLACE (true AS staged) FROM"  # noqa: S608 - same
            " (FROM _data WHERE NOT staged) ANTI JOIN (FROM _data WHERE staged) USING (productId, variantId)"
        )
    return f"FROM ({rows}) JOIN ({_products(stream, of_type, column_types)}) USING (productId, staged)"


def _products(stream: str, of_type: str, column_types: Mapping[str, str] | None) -> str:
    """Return the query of the attributes of products, current and staged, of the table expression `of_type`."""
    variants, _, staged = VARIANTS[stream]
    relation = all_relations()[all_relations()[variants].parent]
    columns = (
        Field("productId", "string", nullable=False, path=("id",), level=0),
        *(column for column in relation.columns if column.name == "staged"),
        Field("_product", "json", nullable=True, path=("attributes",), level=-1 if relation.parent else 0),
    )
    rows = select(replace(relation, columns=columns), of_type, column_types)
    return rows if staged is None else f"SELECT *, {staged} AS staged FROM ({rows})"  # noqa: S608 - constants


def _of_type(product_type: str, source: str) -> str:
    # Filtered before anything is unfolded: a relation has the products of one type.
    return f"(SELECT * FROM {source} WHERE (\"productType\" ->> '/id') = {string(product_type)})"  # noqa: S608 - quoted
