"""Searches events in the store, stretch by stretch, until there are enough or the time is up."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from analytics.filters.searches import EventKey, StoredEvent, StoredEvents, StoreSearch
from analytics.filters.values import as_datetime
from analytics.store.search.statement import Selection, selection, span_of
from analytics.store.search.stretches import GROWTH, LEAST_ROWS, Stretch, stretches
from analytics.store.source import EventSource, Extent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ANSWER_BYTES = 4 * 1024 * 1024
"""Length of `data` in one answer, beyond which it has no further events."""
MANY = 2_000
"""Events that are more than a few among many, so that a statement had better not list them."""


def search(
    source: EventSource,
    connection: "DuckDBPyConnection",
    asked: StoreSearch,
    monotonic: Callable[[], float],
    least_rows: int = LEAST_ROWS,
) -> StoredEvents:
    """The events that a search finds.

    It ends early if the next stretch would probably take it beyond its seconds, and then says what it reached.

    Raises:
        ValidationFailed: the filter is not valid.
        duckdb.Error: a query failed.
    """
    node, start, found, room = asked.wanted.tree(), monotonic(), list[StoredEvent](), ANSWER_BYTES
    took, limit = 0.0, asked.limit
    for stretch in _ahead(asked, _cut(source.extents(span_of(node)), asked, least_rows)):
        before = monotonic()
        if before - start + took * GROWTH > asked.seconds and took:
            return StoredEvents(found, _edge(stretch, asked))
        wanted = selection(source, node, asked, stretch, limit - len(found))
        for event in _events(connection, wanted, by_time=asked.by_time):
            room -= len(bytes(event.data))
            if room < 0 and found:
                return StoredEvents(found, found[-1].key)
            found.append(event)
        if len(found) >= limit:
            return StoredEvents(found, found[-1].key)
        took = monotonic() - before
    return StoredEvents(found)


def _cut(extents: Iterable[Extent], asked: StoreSearch, least_rows: int) -> Iterator[Stretch]:
    return stretches(extents, least_rows, by_time=asked.by_time, is_ascending=asked.is_ascending)


def _ahead(asked: StoreSearch, parts: Iterable[Stretch]) -> Iterator[Stretch]:
    """The stretches in which something can be that was asked for."""
    least, most = -math.inf, math.inf
    if asked.above is not None:
        least = asked.above.at if asked.by_time else asked.above.number + 1
    if asked.below is not None:
        most = asked.below.at if asked.by_time else asked.below.number - 1
    if asked.before is not None and not asked.by_time:
        most = min(most, asked.before - 1)
    for part in parts:
        if (part.low is None or part.low <= most) and (part.high is None or part.high > least):
            yield part


def _edge(stretch: Stretch, asked: StoreSearch) -> EventKey:
    """The key from which a search goes on that searched everything before this stretch."""
    edge = stretch.low if asked.is_ascending else stretch.high
    assert edge is not None  # another stretch was searched
    if asked.by_time:
        return EventKey(edge, 0) if asked.is_ascending else EventKey(edge - 1, 2**63 - 1)
    return EventKey(0, edge - 1 if asked.is_ascending else edge)


def _events(connection: "DuckDBPyConnection", wanted: Selection, *, by_time: bool) -> Iterator[StoredEvent]:
    numbers = [number for (number,) in connection.execute(*wanted.numbers()).fetchall()]
    if not numbers:
        return
    sql = wanted.rows() if len(numbers) > MANY else wanted.rows_of(numbers)
    result = connection.execute(*sql)
    while rows := result.fetchmany(1000):
        for row in rows:
            yield _event(row, by_time=by_time)


def _event(row: tuple[Any, ...], *, by_time: bool) -> StoredEvent:
    number, time, type_, service, user_id, data, id_, received, is_timed = row
    received_at = as_datetime(received).isoformat(timespec="milliseconds") + "Z"
    return StoredEvent(
        EventKey(time if by_time else 0, number),
        type_,
        service,
        user_id,
        _time(time) if is_timed else received_at,
        Raw(data.encode()),
        id_,
        received_at if is_timed else None,
    )


def _time(at: int) -> str:
    """As `Kept.time` has it."""
    return as_datetime(at).isoformat(timespec="microseconds" if at % 1000 else "milliseconds") + "Z"
