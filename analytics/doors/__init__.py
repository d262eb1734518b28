"""Doors: each takes one protocol, turns bytes and headers into records, and writes the protocol's own answer."""
