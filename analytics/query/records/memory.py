"""Log lines and spans of the memory as a source for questions, where there is no long-term store."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from analytics.errors import AnalyticsError, ClientLeft, Unavailable
from analytics.query.reader import Reader
from analytics.query.records.mirror import RecordMirror
from analytics.query.records.source import LINE_COLUMNS, SPAN_COLUMNS, RecordQuery
from analytics.record_rows import line_columns, span_columns
from analytics.slots import Slots, SlotsFull, SlotTimeout, SlotUnwanted
from analytics.threads import NotWantedError, Threads

MOST_WAITING = 100
WAIT_SECONDS = 10.0
"""How long a question waits for others about the same kind."""


class MemoryRecords:
    """A `RecordSource` of the newest records, which the state has in its rings.

    A thread mirrors them into SQLite before it answers a question there, so that the event loop goes on.
    """

    def __init__(self, reader: Reader, threads: Threads, monotonic: Callable[[], float]) -> None:
        self._threads, self._monotonic = threads, monotonic
        self._mirrors = {
            "logs": RecordMirror("logs", LINE_COLUMNS, line_columns, reader, threads.pause),
            "spans": RecordMirror("spans", SPAN_COLUMNS, span_columns, reader, threads.pause),
        }
        self._slots = {kind: Slots(1, MOST_WAITING) for kind in self._mirrors}

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        deadline = self._monotonic() + query.seconds
        slots = self._slots[query.kind]
        try:
            slots.take(min(WAIT_SECONDS, query.seconds), is_wanted)
        except (SlotsFull, SlotTimeout):
            message = "Too many questions of this kind are asked now; ask again in a moment."
            raise Unavailable(message, code="too_many_queries", headers={"Retry-After": "5"}) from None
        except SlotUnwanted:
            raise ClientLeft from None
        try:
            return self._answer(query, deadline, is_wanted)
        except NotWantedError:
            raise ClientLeft from None
        finally:
            slots.give()

    def _answer(self, query: RecordQuery, deadline: float, is_wanted: Callable[[], bool]) -> list[list[Any]]:
        mirror = self._mirrors[query.kind]

        def is_over() -> bool:
            self._threads.pause()
            return self._monotonic() > deadline

        def answers() -> Iterator[list[list[Any]]]:
            mirror.update()
            try:
                yield mirror.rows(query.statement, query.parameters, is_over)
            except sqlite3.OperationalError:
                if self._monotonic() > deadline:
                    raise _too_slow(query.seconds) from None
                raise

        items = self._threads.items(answers, is_wanted)
        try:
            return next(items)
        finally:
            items.close()
            items.ended.wait()  # it has the connection until then


def _too_slow(seconds: float) -> AnalyticsError:
    return Unavailable(f"The query took longer than {seconds:g} s.", code="query_timeout", headers={"Retry-After": "1"})
