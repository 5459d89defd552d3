"""JSON text as Spark's VARIANT, by Spark's own encoder (https://github.com/apache/spark/blob/master/common/variant)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

__all__ = ["with_variants"]


def with_variants(batch: pa.RecordBatch, types: Mapping[str, str]) -> pa.RecordBatch:
    """Return `batch` with its columns of JSON text as VARIANT."""
    for name, sql in types.items():
        if sql == "JSON":
            batch = batch.set_column(batch.schema.get_field_index(name), name, _encoded(batch.column(name)))
    return batch


def _encoded(texts: pa.Array[pa.StringScalar]) -> pa.Array[pa.StructScalar]:
    import pyarrow as pa
    from pyspark.sql.types import VariantVal

    # VARIANT is stored as two binaries, and the encoder is Python's only one.
    values = [None if text is None else VariantVal.parseJson(text) for text in texts.to_pylist()]
    fields = {
        "value": [b"" if value is None else value.value for value in values],
        "metadata": [b"" if value is None else value.metadata for value in values],
    }
    return pa.StructArray.from_arrays(
        [pa.array(column, pa.binary()) for column in fields.values()],
        fields=[pa.field(name, pa.binary(), nullable=False) for name in fields],
        # Null is the struct itself: a VARIANT that holds the JSON null is another value.
        mask=pa.array([value is None for value in values], pa.bool_()),
    )
