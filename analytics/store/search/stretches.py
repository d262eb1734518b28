"""Cuts what is searched into stretches along the order, so that a search can end as soon as it has enough."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analytics.store.source import Extent

LEAST_ROWS = 50_000
"""Events in the first stretch, at least, where there are so many."""
GROWTH = 4
"""How many times larger each stretch is than the one before."""


class Stretch(NamedTuple):
    """From `low` to before `high`, in numbers or in microseconds; None for no end there. About `rows` events."""

    low: int | None
    high: int | None
    rows: int


def stretches(
    extents: Iterable[Extent], least_rows: int = LEAST_ROWS, *, by_time: bool, is_ascending: bool
) -> Iterator[Stretch]:
    """Stretches that follow each other without a gap, together have no end, and begin where extents do.

    The first ones are small; the numbers of their events are estimates.
    """
    ends = sorted(
        (
            (each.since, each.until, each.rows) if by_time else (each.first, each.last + 1, each.rows)
            for each in extents
        ),
        key=(lambda end: end[1]) if is_ascending else (lambda end: -end[0]),
    )
    wanted, rows, begun = least_rows, 0, None
    for index, (low, high, count) in enumerate(ends):
        rows += count
        edge = high if is_ascending else low
        if rows >= wanted and index < len(ends) - 1 and edge != begun:
            yield Stretch(begun, edge, rows) if is_ascending else Stretch(edge, begun, rows)
            begun, rows, wanted = edge, 0, wanted * GROWTH
    yield Stretch(begun, None, rows) if is_ascending else Stretch(None, begun, rows)
