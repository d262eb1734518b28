"""Figures of the events of a file, as the manifest has them: found in its rows before they are written."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.clock import DAY_SECONDS
from analytics.store.files.hour_counts import HOUR_MICROSECONDS, MOST_COUNTS, counts_together, encoded_counts
from analytics.store.files.manifest import DataFile

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

    Integers = np.ndarray[Any, np.dtype[np.int64]]

DAY_MICROSECONDS = DAY_SECONDS * 1_000_000
MOST_COUNTED = 4 * MOST_COUNTS
"""Services, types, hours and shapes that events are counted by; where there are more, the manifest has no counts."""

_SHIFT_DAYS = 719_162
"""Days from the year 1 to 1970: `//` of DuckDB rounds towards zero, so that no number before it may be negative."""


class EventFigures(NamedTuple):
    """The number of events, their least and greatest numbers and times, and their services, types and shapes."""

    rows: int
    first_seq: int
    last_seq: int
    since: float
    until: float
    services: frozenset[str]
    types: frozenset[str]
    shapes: tuple[int, ...]
    counts: str | None = None


def figures_of(
    times: "Integers",
    seqs: "Integers",
    shapes: "Integers",
    services: Sequence[str],
    types: Sequence[str],
    places: "Sequence[Integers]",
) -> EventFigures:
    """The figures of some events: of their times in microseconds, numbers and shapes, and the names that they have.

    `places` are numbers of the service and of the type of each event, which rise as those in `services` and `types` do.
    """
    import numpy as np

    return EventFigures(
        len(times),
        int(seqs.min()),
        int(seqs.max()),
        int(times.min()) / 1e6,
        int(times.max()) / 1e6,
        frozenset(services),
        frozenset(types),
        tuple(np.unique(shapes).tolist()),
        _counts(times, services, types, places),
    )


def _counts(
    times: "Integers", services: Sequence[str], types: Sequence[str], places: "Sequence[Integers]"
) -> str | None:
    import numpy as np

    hours, width = times // HOUR_MICROSECONDS, int(places[1].max()) + 1
    first = int(hours.min())
    keys = (places[0].astype("i8") * width + places[1]) * 24 + (hours - first)  # of one day
    found, counts = np.unique(keys, return_counts=True)
    if len(found) > MOST_COUNTED:
        return None
    pairs = [(*divmod(key // 24, width), first + key % 24) for key in found.tolist()]
    service_of = dict(zip(sorted({service for service, _, _ in pairs}), services, strict=True))
    type_of = dict(zip(sorted({type_ for _, type_, _ in pairs}), types, strict=True))
    parts = [
        (service_of[service], type_of[type_], hour, count)
        for (service, type_, hour), count in zip(pairs, counts.tolist(), strict=True)
    ]
    return encoded_counts(parts)


def figures_together(one: EventFigures, other: EventFigures | None) -> EventFigures:
    """The figures of the events of both."""
    if other is None:
        return one
    return EventFigures(
        one.rows + other.rows,
        min(one.first_seq, other.first_seq),
        max(one.last_seq, other.last_seq),
        min(one.since, other.since),
        max(one.until, other.until),
        one.services | other.services,
        one.types | other.types,
        tuple(sorted({*one.shapes, *other.shapes})),
        counts_together((one.counts, other.counts)),
    )


def figures_of_files(files: Iterable[DataFile]) -> EventFigures | None:
    """The figures of the events of all files together; None where the manifest lacks their names or counts."""
    found = None
    for file in files:
        if file.services is None or file.types is None or file.counts is None:
            return None
        seqs, times = (file.first_seq, file.last_seq), (file.since, file.until)
        own = EventFigures(file.rows, *seqs, *times, frozenset(file.services), frozenset(file.types), file.shapes)
        own = own._replace(counts=file.counts)
        found = figures_together(own, found)
    return found


def figures_by_day(connection: "DuckDBPyConnection", relation: str) -> Mapping[int, EventFigures]:
    """The figures of each day that a relation (SQL) has events of, by days since 1970-01-01, in order."""
    hour = f"(epoch_us(time) + {_SHIFT_DAYS * DAY_MICROSECONDS}) // {HOUR_MICROSECONDS} - {_SHIFT_DAYS * 24}"
    query = (
        f"WITH parts AS (SELECT {hour} AS hour, service, type, shape, count(*) AS n,"
        f" min(seq) AS first, max(seq) AS last, min(time) AS since, max(time) AS until FROM {relation} GROUP BY ALL)"
        f" SELECT (hour + {_SHIFT_DAYS * 24}) // 24 - {_SHIFT_DAYS} AS day, sum(n)::BIGINT, min(first), max(last),"
        " epoch(min(since)), epoch(max(until)),"
        " list(DISTINCT service), list(DISTINCT type), list(DISTINCT shape),"
        f" CASE WHEN count(*) <= {MOST_COUNTED} THEN list((service, type, hour, n)) END"
        " FROM parts GROUP BY day ORDER BY day"
    )  # of the parts, of which there are few
    return {day: _figures(row) for day, *row in connection.execute(query).fetchall()}


def _figures(row: list[Any]) -> EventFigures:
    rows, first, last, since, until, services, types, shapes, parts = row
    numbers, counts = tuple(sorted(shapes)), None if parts is None else encoded_counts(parts)
    return EventFigures(rows, first, last, since, until, frozenset(services), frozenset(types), numbers, counts)
