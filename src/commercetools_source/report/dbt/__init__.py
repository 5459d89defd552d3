"""A dbt project over a DuckDB database: its sources written from the model, and marts that answer what shops ask first."""
