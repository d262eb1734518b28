"""Figures of the events of a file, as the manifest has them: found in its rows before they are written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.clock import DAY_SECONDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
