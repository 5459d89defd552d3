"""A dbt project over a DuckDB file: its sources written from the model, and marts that answer what shops ask first."""
