"""Notifications: which receiver is told of which alerts, when, and how."""
