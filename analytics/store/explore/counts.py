"""Counts of few groups: made in Python of the number of events by fields and period, which takes less time to plan."""

from collections.abc import Sequence
from datetime import datetime

from analytics.filters.sql import Parameters
from analytics.store.explore.figures import parts_sql
from analytics.store.explore.questions import FiguresQuestion, Rows
from analytics.store.source import EventSource

Counts = dict[datetime | None, int]
"""Numbers of events by the start of a period."""
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


def counts(question: FiguresQuestion, parts: Rows) -> Rows:
    """The rows of the statement of the question (see `figures_sql`), from its parts."""
    groups: dict[tuple[str | None, ...], Counts] = {}
    whole: Counts = {}
    for *values, period, count in parts:
        group = groups.setdefault(tuple(values), {})
        group[period] = group.get(period, 0) + count
        whole[period] = whole.get(period, 0) + count
    totals = {key: sum(counts.values()) for key, counts in groups.items()}
    rows = _rows(0, [None] * len(question.by), whole, 0)
    if question.by:
        order = sorted(groups, key=lambda key: (-totals[key], [(value is None, value or "") for value in key]))
        for rank, key in enumerate(order[: question.limit], 1):
            rows += _rows(rank, key, groups[key], len(groups))
    return rows


def _rows(rank: int, key: Sequence[str | None], counts: Counts, groups: int) -> Rows:
    of_periods: Rows = [(rank, *key, period, count, groups) for period, count in counts.items() if period is not None]
    return [(rank, *key, None, sum(counts.values()), groups), *of_periods]
