"""Custom fields and product attributes as typed columns."""
