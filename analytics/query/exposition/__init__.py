"""Exposition: all metrics as families, in the formats that Prometheus scrapes."""
