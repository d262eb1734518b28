"""Errors of templates."""


class BadTemplate(Exception):
    """A template that is not valid, or uses what is not supported here; the message names it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TemplateFailed(Exception):
    """A template that cannot be filled in with the data at hand."""
