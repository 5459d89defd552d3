"""Spark's Python data source, and what any other engine needs: the partitions of a stream and a reader of one.

`partitions`, `reading`, `records` and `schema` know nothing of Spark, so that Ray, Dask and Daft use them as they are.
"""
