"""The filter of a request for events: its parameters as one."""

from collections.abc import Sequence

from msgspec import Struct

from analytics.filters.events import event_selection
from analytics.filters.memory import Places
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.tree import Equals, InTime, Node, OfData, OfName, both
from analytics.filters.values import is_exact_number, number
from analytics.records import Kept, NewEvent


class EventFilter(Struct, frozen=True):
    """Conditions that combine; None matches everything. Times are in seconds since the epoch.

    `data` has the value of each field of the event's data that is asked for, `q` is in the filter language. It can be
    sent to another process.
    """

    type: str | None = None
    service: str | None = None
    user_id: str | None = None
    since: float | None = None
    until: float | None = None
    q: str | None = None
    data: tuple[tuple[str, str], ...] = ()

    def tree(self) -> Node:
        """All conditions as one tree.

        Raises:
            ValidationFailed: `q` is not valid.
        """
        names = (("type", self.type), ("service", self.service), ("user_id", self.user_id))
        given = [OfName(name, Equals(text, is_exact=True)) for name, text in names if text is not None]
        fields = [OfData(path, Equals(text, _number(text), is_exact=True)) for path, text in self.data]
        ends = (None if at is None else round(at * 1e6) for at in (self.since, self.until))
        span = InTime(*ends)
        times = [] if span == InTime() else [span]
        return both(*given, *times, *fields, parse(self.q or "", EVENT_FIELDS))


class EventSelection:
    """A filter, prepared to select among events in memory.

    Raises:
        ValidationFailed: the filter is not valid.
    """

    def __init__(self, wanted: EventFilter) -> None:
        self.wanted = wanted
        self._select = event_selection(wanted.tree())

    def select(self, kept: Kept[NewEvent], among: Sequence[int] | None = None) -> Places:
        """Ascending indexes of the matching events of one request (only those in `among`, if given)."""
        return self._select(kept, kept.places(among))


def _number(text: str) -> float | None:
    return number(text) if is_exact_number(text) else None
