"""Queries: pure functions from the state and the current time to answers."""
