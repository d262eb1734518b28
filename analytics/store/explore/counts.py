"""Counts of few groups: made in Python of the number of events by fields and period, which takes less time to plan."""

from bisect import bisect_right
from collections.abc import Sequence

from analytics.clock import HOUR_SECONDS
from analytics.filters.sql import Parameters
from analytics.store.explore.figures import parts_sql
from analytics.store.explore.periods import starts, text_of_start
from analytics.store.explore.questions import FiguresAnswer, FiguresGroup, FiguresQuestion, Rows
from analytics.store.files.hour_counts import HourCounts
from analytics.store.source import EventSource

Key = tuple[str | None, ...]
"""The values of the fields of a group."""

MOST_PARTS = 10_000
"""Groups by fields and period; beyond, a statement does it all."""


def counts_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of the parts: the values of the fields, the start of the period, and how many events there are.

    It finds one more than `MOST_PARTS` where there are too many. Raises ValidationFailed for a wrong filter.
    """
    with_, parameters = parts_sql(question, source)
    period = "period" if question.interval is not None else "NULL::TIMESTAMP"
    names = "".join(f"by{place}, " for place in range(len(question.by)))
    return f"WITH {with_} SELECT {names}{period}, n FROM texts LIMIT {MOST_PARTS + 1}", parameters


def counts_answer(question: FiguresQuestion, parts: Rows, known: Sequence[HourCounts] = ()) -> FiguresAnswer:
    """The answer from the parts, and from counts of other events, which are of hours of one day each.

    The parts need not become rows of the statement of the question first.
    """
    times = [] if question.interval is None else list(starts(question.since, question.until, question.interval))
    places = {time.replace(tzinfo=None): place for place, time in enumerate(times)}
    groups = _Groups(len(times))
    for *values, period, count in parts:
        points = groups.add(tuple(values), count)
        if (place := places.get(period)) is not None:
            points[place] += count
    hours = [round(time.timestamp()) // HOUR_SECONDS for time in times]
    for each in known:
        total = sum(each.counts)
        points = groups.add(tuple([each.service if name == "service" else each.type for name in question.by]), total)
        if hours:
            counts = each.counts if question.interval == "hour" else (total,)
            for place, count in enumerate(counts, bisect_right(hours, each.first) - 1):
                points[place] += count
    totals = groups.totals
    order = sorted(totals, key=lambda key: (-totals[key], [(value is None, value or "") for value in key]))
    ranked: list[FiguresGroup] = []
    if question.by:
        ranked = [
            {"values": list(key), "value": totals[key], "points": [*groups.points[key]]}
            for key in order[: question.limit]
        ]
    return {
        "times": [text_of_start(time) for time in times],
        "value": sum(totals.values(), 0.0),
        "points": [sum(of_period, 0.0) for of_period in zip([0.0] * len(times), *groups.points.values(), strict=True)],
        "groups": ranked,
        "group_count": len(totals) if question.by else 0,
    }


class _Groups:
    """Counts of groups: in all, and by period."""

    def __init__(self, periods: int) -> None:
        self._periods = periods
        self.totals: dict[Key, float] = {}
        self.points: dict[Key, list[float]] = {}

    def add(self, key: Key, count: float) -> list[float]:
        """Add to the count of a group in all; returns its counts by period."""
        points = self.points.get(key)
        if points is None:
            points, self.totals[key] = self.points.setdefault(key, [0.0] * self._periods), 0.0
        self.totals[key] += count
        return points
