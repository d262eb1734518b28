"""Sinks: what writes the service's data to other databases."""
