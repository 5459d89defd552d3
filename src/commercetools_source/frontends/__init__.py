"""The protocols that others speak: each front-end is thin, and loads its library late."""
