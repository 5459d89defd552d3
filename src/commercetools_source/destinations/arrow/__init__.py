"""Records as Arrow columns, shared by the columnar destinations."""
