"""The shop as tables: child tables, relations and their SQL."""
