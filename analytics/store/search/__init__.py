"""Searches of events in the long-term store: newest first or oldest first, a stretch of them at a time."""
