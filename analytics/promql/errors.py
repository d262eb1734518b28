"""Errors of queries, each with the type that Prometheus' API gives it."""


class QueryError(Exception):
    """A query that has no answer.

    Attributes:
        kind: the `errorType` of Prometheus' API.
        status: HTTP status that Prometheus answers with.
    """

    kind = "execution"
    status = 422

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadQuery(QueryError):
    """The query, or a parameter of the request, is not valid."""

    kind = "bad_data"
    status = 400


class CannotEvaluate(QueryError):
    """The query is valid, but its data does not allow an answer, or it exceeds a limit."""


class QueryTimeout(QueryError):
    """The query took longer than it may."""

    kind = "timeout"
    status = 503


class QueryCanceled(QueryError):
    """The client went away, or the service stops."""

    kind = "canceled"
    status = 499
