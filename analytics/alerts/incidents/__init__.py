"""Silences, and incidents: alerts that belong together."""
