"""The HTTP edge: one blueprint per file."""
