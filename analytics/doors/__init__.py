"""Doors: one per protocol. A door decodes a request into records and answers in the protocol's own format."""
