"""Errors of LogQL queries; their texts are for the client."""


class BadLogQuery(Exception):
    """The query is not valid, uses what is left out here, or exceeds a limit; the message names it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
