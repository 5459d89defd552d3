"""Everything in a commercetools project: orders, customers, products, prices and all other streams, incremental."""

from commercetools_source.dlt import commercetools

__all__ = ["commercetools"]
