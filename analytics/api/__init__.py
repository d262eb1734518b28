"""HTTP API: one Flask blueprint per file, and the OpenAPI contract."""
