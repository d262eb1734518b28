"""Questions about log lines and spans that end when the client of the current request leaves."""

from collections.abc import Callable
from typing import Any

from flask import request

from analytics.internals.departure import client_waits
from analytics.query.records.source import RecordQuery, RecordSource


class RequestedRecords:
    """A `RecordSource` for the requests of clients."""

    def __init__(self, source: RecordSource) -> None:
        self._source = source

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] | None = None) -> list[list[Any]]:
        """The rows of the answer; see `RecordSource`."""
        return self._source.ask(query, is_wanted or client_waits(request.environ))
