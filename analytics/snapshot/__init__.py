"""Snapshot of the dashboard: a pure builder, and the ticker that runs it each second."""
