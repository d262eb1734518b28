"""The error of a configuration file that cannot be read."""

DEPTH_LIMIT = 64
"""Levels of mappings and lists in a file."""


class BadDocument(Exception):
    """A file that cannot be read: the reason, and the line and field where they are known."""

    def __init__(self, reason: str, line: int | None = None, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line, self.field = reason, line, field
