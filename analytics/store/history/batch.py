"""A batch of old events: decoded, and checked by the rules of the store."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from analytics.clock import DAY_SECONDS
from analytics.records import ItemError, Receipt
from analytics.store.files.layout import day_text
from analytics.store.process.decoding import JournalEvent, decoded_events
from analytics.store.process.question import Refusal

if TYPE_CHECKING:
    import numpy as np

AHEAD_SECONDS = 300
"""How far the time of an event may be ahead, as in the intake."""
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class HistoryBatch:
    """The events of one request, each with an id and a time; the request waits for the outcome.

    Attributes:
        events: those that may be stored; `places` are their indexes in the request, `times` in microseconds.
        errors: why the others may not.
    """

    def __init__(self, body: bytes | msgspec.Raw, now: float, oldest_day: int) -> None:
        self.events: Sequence[JournalEvent] = decoded_events(bytes(body))
        self.times = _times(self.events)
        self.places: Sequence[int] = range(len(self.events))
        self.errors: list[ItemError] = []
        self._done = threading.Event()
        self._duplicates = 0
        self._problem: str | None = None
        self._check(round((now + AHEAD_SECONDS) * 1e6), oldest_day)

    def _check(self, latest: int, oldest_day: int) -> None:
        earliest = oldest_day * DAY_SECONDS * 1_000_000
        for place in ((self.times < earliest) | (self.times > latest)).nonzero()[0].tolist():
            event, time = self.events[place], int(self.times[place])
            self.errors.append(ItemError(place, *_why_not(event, time, latest, oldest_day), "timestamp"))
        self.drop({error.index for error in self.errors})

    def drop(self, places: "set[int]") -> None:
        """Take out the events at some indexes of the request."""
        if places:
            left = [at for at, place in enumerate(self.places) if place not in places]
            self.events = [self.events[at] for at in left]
            self.times = self.times.take(left) if left else self.times[:0]
            self.places = [self.places[at] for at in left]

    def drop_duplicates(self, places: "set[int]") -> None:
        """Take out events that are stored already."""
        self._duplicates += len(places)
        self.drop(places)

    def refuse(self, places: "set[int]", code: str, message: str, field: str) -> None:
        """Take out events that must not be stored."""
        self.errors += [ItemError(place, code, message, field) for place in sorted(places)]
        self.drop(places)

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
        return Receipt(len(self.events), self._duplicates, len(self.errors), self.errors)


def _why_not(event: JournalEvent, time: int, latest: int, oldest_day: int) -> tuple[str, str]:
    """Code and message of the error for an event that may not be stored because of its time."""
    said = (event.timestamp or _EPOCH).isoformat()
    if time > latest:
        return "timestamp_in_future", f"{said} is more than {AHEAD_SECONDS} seconds ahead of the service's clock."
    kept = f"{day_text(oldest_day)}, the oldest day that the store keeps: raise ANALYTICS_EVENTS_DAYS."
    return "timestamp_too_old", f"{said} is before {kept}"


def _times(events: Sequence[JournalEvent]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The times of events, in microseconds since the epoch."""
    import numpy as np

    times = [((event.timestamp or _EPOCH) - _EPOCH) // _MICROSECOND for event in events]
    return np.fromiter(times, "i8", len(times))
