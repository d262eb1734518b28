"""The source of events for everything that asks about them: files and tail as one table, in SQL."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from analytics.store.files.hour_counts import HourCounts


class EventSpan(NamedTuple):
    """The span of a question, outside of which files are left out; the SQL of the question must still filter.

    Attributes:
        since: the first time, in seconds since the epoch.
        until: the time after the last one.
        services: the services; None for all.
        types: the types of events; None for all.
        after: events with higher numbers.
        before: events with lower numbers.
        contained: fields of data (their paths), each with a folded text that its value contains; of files, too, rows
            without it may be left out.
        is_strict: whether the SQL of the source leaves out what is before `since`, and from `until` on, so that the
            question need not: files that are all in between are read without their times.
    """

    since: float | None = None
    until: float | None = None
    services: Collection[str] | None = None
    types: Collection[str] | None = None
    after: int | None = None
    before: int | None = None
    contained: Collection[tuple[str, str]] = ()
    is_strict: bool = False

    def time_sql(self) -> str:
        """The condition that the column `time` is in the span, to the microsecond."""
        ends = ((">=", self.since), ("<", self.until))
        parts = [f"time {sign} make_timestamp({round(at * 1e6)})" for sign, at in ends if at is not None]
        return " AND ".join(parts) or "true"


ALL_EVENTS = EventSpan()
EVENT_COLUMNS = ("seq", "id", "type", "service", "user_id", "time", "received", "is_timed", "data")
"""The columns that every event has."""
DAY_NUMBER = "day_number"
"""A further column, if it is asked for: the day (UTC) of the time, in days since 1970-01-01; known without the time."""


def field_columns(fields: Sequence[str]) -> dict[str, str]:
    """The name of the column with each field of `data`; names of columns have to differ in more than case."""
    names, used = dict[str, str](), set[str]()
    for field in fields:
        name = f"data.{field}"
        while name.lower() in used:
            name += "~"
        used.add(name.lower())
        names[field] = name
    return names


def columns_in(sql: str) -> list[str]:
    """The columns that every event has which an SQL text may read."""
    return [name for name in EVENT_COLUMNS if re.search(rf"\b{name}\b(?!\.)", sql)]


class Extent(NamedTuple):
    """The place of events that are stored together, such as those of a file.

    Attributes:
        first, last: their least and greatest number.
        since, until: a time at or before their first, and one after their last, in microseconds since the epoch.
        rows: how many there are.
    """

    first: int
    last: int
    since: int
    until: int
    rows: int


class EventSource(Protocol):
    """Events as a table."""

    def events(
        self,
        fields: Sequence[str] = (),
        span: EventSpan = ALL_EVENTS,
        texts: Sequence[str] = (),
        columns: Collection[str] = EVENT_COLUMNS,
    ) -> str:
        """SQL of a subquery, in parentheses, with a row for each event that the state kept and that was not erased.

        Its columns, of which the first ones may be left out if they are not among `columns`, so that the statement is
        shorter and takes less time to plan:

        - seq BIGINT: number in the order of arrival
        - id, type, service VARCHAR
        - user_id VARCHAR, or NULL
        - time, received TIMESTAMP: in UTC, to the microsecond
        - is_timed BOOLEAN: whether the client gave the time
        - data VARCHAR: the JSON text as it was sent
        - day_number BIGINT: see `DAY_NUMBER`; only if it is among `columns`
        - VARCHAR for each of `fields`, named "data.<field>" by `field_columns`: the JSON text of this field of data
          (strings with their quotes), NULL where it is absent. A name with dots is a field of that name, or else a
          path. Of fields with the same name the last one counts.
        - BOOLEAN for each of `texts`, named "text.<index>": whether data, or a name that is searched, contains this
          folded text; faster than to search them.
        """

    def extents(self, span: EventSpan) -> Sequence[Extent]:
        """The places of the events, which together have all those of a span."""

    def known_counts(self, first: int, end: int) -> "KnownCounts":
        """The counts that are known without reading events, of those in the hours from `first` to before `end`.

        Hours are counted from 1970 on, in UTC.
        """


class KnownCounts(NamedTuple):
    """Counts of events, each of at least one, and the source of all events that are not counted in them."""

    counts: Sequence[HourCounts]
    others: EventSource
