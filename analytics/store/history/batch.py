"""A batch of old events: decoded into columns, and checked by the rules of the store."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics.clock import DAY_SECONDS
from analytics.records import ItemError, Receipt
from analytics.store.files.layout import day_text
from analytics.store.files.shapes import Shapes
from analytics.store.process.decoding import decoded_events
from analytics.store.process.event_columns import EventColumns, data_of
from analytics.store.process.question import Refusal
from analytics.store.process.times import microseconds

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

AHEAD_SECONDS = 300
"""How far the time of an event may be ahead, as in the intake."""
PART_BYTES = 256 * 1024
"""So many bytes are decoded and put into columns at once: they stay in the cache of the processor meanwhile."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class HistoryBatch:
    """The events of one request, each with an id and a time; the request waits for the outcome.

    Args:
        body: the events, one JSON object a line.
        lock: held while some events are split, as others use the shapes, too.

    Attributes:
        ids, users, times, is_timed: of all events; times in microseconds since the epoch.
        columns: the texts and data of all events, and `letters` those of these columns.
        kept: the indexes of the events that may be stored.
        errors: why the others may not.
    """

    def __init__(
        self, body: bytes, now: float, oldest_day: int, shapes: Shapes, lock: AbstractContextManager[object]
    ) -> None:
        import numpy as np

        self.ids: list[str] = []
        self.users: list[str | None] = []
        times: list[Array] = []
        is_timed, columns = list[bool](), EventColumns()
        for part in _parts(body):
            events = decoded_events(part)
            texts: dict[str, list[Any]] = {
                "id": [event.id or "" for event in events],
                "type": [event.type for event in events],
                "service": [event.service for event in events],
                "user_id": [event.user_id for event in events],
            }
            times.append(microseconds([event.timestamp or _EPOCH for event in events]))
            is_timed += [event.timestamp is not None for event in events]
            with lock:
                columns.add(texts, data_of(events), shapes)
            self.ids += texts["id"]
            self.users += texts["user_id"]
        self.times, self.is_timed = np.concatenate(times), np.array(is_timed)
        self.columns, self.letters = columns.columns(), columns.letters
        self.kept = np.arange(len(self.ids))
        self.errors: list[ItemError] = []
        self._done = threading.Event()
        self._duplicates = 0
        self._problem: str | None = None
        self._check(round((now + AHEAD_SECONDS) * 1e6), oldest_day)

    def _check(self, latest: int, oldest_day: int) -> None:
        earliest = oldest_day * DAY_SECONDS * 1_000_000
        wrong = ((self.times < earliest) | (self.times > latest)).nonzero()[0].tolist()
        for place in wrong:
            self.errors.append(ItemError(place, *_why_not(int(self.times[place]), latest, oldest_day), "timestamp"))
        self._drop(wrong)

    def _drop(self, places: Iterable[int]) -> None:
        import numpy as np

        gone = list(places)
        if gone:
            self.kept = self.kept[~np.isin(self.kept, gone)]

    def drop_duplicates(self, places: "set[int]") -> None:
        """Take out events that are stored already, by their indexes in the request."""
        self._duplicates += len(places)
        self._drop(places)

    def refuse(self, places: "set[int]", code: str, message: str, field: str) -> None:
        """Take out events that must not be stored."""
        self.errors += [ItemError(place, code, message, field) for place in sorted(places)]
        self._drop(places)

    def finish(self, problem: str | None = None) -> None:
        """End the waiting: all is stored, or nothing is, because of a problem."""
        self._problem = problem
        self._done.set()

    def wait(self, seconds: float) -> Receipt:
        """Wait for the outcome; errors are in the order of the request.

        Raises:
            Refusal: nothing is stored, or that is not known yet.
        """
        if not self._done.wait(seconds):
            raise Refusal(
                "store_unavailable", "The long-term store did not write these events in time; send them again."
            )
        if self._problem is not None:
            raise Refusal("store_unavailable", f"The long-term store could not write these events ({self._problem}).")
        self.errors.sort(key=lambda error: error.index)
        return Receipt(len(self.kept), self._duplicates, len(self.errors), self.errors)


def _parts(lines: bytes) -> Iterator[bytes]:
    """Lines as JSON arrays of about `PART_BYTES` each."""
    lines, start = lines.removesuffix(b"\n"), 0
    while start < len(lines):
        end = lines.find(b"\n", start + PART_BYTES)
        if end < 0:
            end = len(lines)
        yield b"[" + lines[start:end].replace(b"\n", b",") + b"]"
        start = end + 1


def _why_not(time: int, latest: int, oldest_day: int) -> tuple[str, str]:
    """Code and message of the error for an event that may not be stored because of its time."""
    said = (_EPOCH + timedelta(microseconds=time)).isoformat()
    if time > latest:
        return "timestamp_in_future", f"{said} is more than {AHEAD_SECONDS} seconds ahead of the service's clock."
    kept = f"{day_text(oldest_day)}, the oldest day that the store keeps: raise ANALYTICS_EVENTS_DAYS."
    return "timestamp_too_old", f"{said} is before {kept}"
