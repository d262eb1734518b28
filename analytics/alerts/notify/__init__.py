"""Notifications: which receiver gets messages about which alerts, when, and how."""
