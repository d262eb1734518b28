"""Loki's query API."""
