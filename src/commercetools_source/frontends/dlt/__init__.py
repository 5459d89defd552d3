"""A dlt source over this package's engine: `from commercetools_source.dlt import commercetools`."""
