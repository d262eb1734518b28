"""Figures of the events of a file, as the manifest has them: found in its rows before they are written."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.clock import DAY_SECONDS
from analytics.store.files.manifest import DataFile

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

    Integers = np.ndarray[Any, np.dtype[np.int64]]

DAY_MICROSECONDS = DAY_SECONDS * 1_000_000


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


def figures_of(
    times: "Integers", seqs: "Integers", shapes: "Integers", services: Iterable[str], types: Iterable[str]
) -> EventFigures:
    """The figures of some events: of their times in microseconds, numbers and shapes, and the names that they have."""
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
    )


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
    )


def figures_of_files(files: Iterable[DataFile]) -> EventFigures | None:
    """The figures of the events of all files together; None where the manifest does not have their names."""
    found = None
    for file in files:
        if file.services is None or file.types is None:
            return None
        seqs, times = (file.first_seq, file.last_seq), (file.since, file.until)
        own = EventFigures(file.rows, *seqs, *times, frozenset(file.services), frozenset(file.types), file.shapes)
        found = figures_together(own, found)
    return found


def figures_by_day(connection: "DuckDBPyConnection", relation: str) -> Mapping[int, EventFigures]:
    """The figures of each day that a relation (SQL) has events of, by days since 1970-01-01, in order."""
    query = (
        f"WITH parts AS (SELECT epoch_us(time) // {DAY_MICROSECONDS} AS day, service, type, shape, count(*) AS n,"
        f" min(seq) AS first, max(seq) AS last, min(time) AS since, max(time) AS until FROM {relation} GROUP BY ALL)"
        " SELECT day, sum(n)::BIGINT, min(first), max(last), epoch(min(since)), epoch(max(until)),"
        " list(DISTINCT service), list(DISTINCT type), list(DISTINCT shape) FROM parts GROUP BY day ORDER BY day"
    )  # of the parts, of which there are few
    return {day: _figures(row) for day, *row in connection.execute(query).fetchall()}


def _figures(row: list[Any]) -> EventFigures:
    rows, first, last, since, until, services, types, shapes = row
    numbers = tuple(sorted(shapes))
    return EventFigures(rows, first, last, since, until, frozenset(services), frozenset(types), numbers)
