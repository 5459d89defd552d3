"""A dbt project over a DuckDB database: sources written from the model, marts that answer what shops ask first."""
