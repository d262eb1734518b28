"""Alerts that hold now, or ended a short time ago."""
