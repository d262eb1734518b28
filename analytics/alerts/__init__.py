"""Alerts: rules and their evaluation, what is usual, service level objectives, silences, incidents and messages."""
