"""Log lines and spans of the long-term store as a source for questions."""

from collections.abc import Callable
from typing import Any

import msgspec

from analytics.query.records.source import RecordQuery
from analytics.store.client.asking import AsksStore


class StoredRecords:
    """A `RecordSource` that asks the store process, which has read all that was acknowledged before."""

    def __init__(self, store: AsksStore) -> None:
        self._store = store
        self._decode = msgspec.json.Decoder(list[list[Any]]).decode

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        rows: list[list[Any]] = []
        args = msgspec.to_builtins(query)
        for piece in self._store.ask("records", args, seconds=query.seconds, is_wanted=is_wanted):
            rows += self._decode(piece)
        return rows
