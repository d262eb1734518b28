"""Counts of few groups: made in Python of the number of events by fields and period, which takes less time to plan."""

from analytics.filters.sql import Parameters
from analytics.store.explore.figures import parts_sql
from analytics.store.explore.periods import starts, text_of_start
from analytics.store.explore.questions import FiguresAnswer, FiguresGroup, FiguresQuestion, Rows
from analytics.store.source import EventSource

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


def counts_answer(question: FiguresQuestion, parts: Rows) -> FiguresAnswer:
    """The answer from the parts, which need not become rows of the statement of the question first."""
    times = [] if question.interval is None else list(starts(question.since, question.until, question.interval))
    places = {time.replace(tzinfo=None): place for place, time in enumerate(times)}
    whole = [0.0] * len(times)
    groups: dict[tuple[str | None, ...], list[float | None]] = {}
    totals: dict[tuple[str | None, ...], float] = {}
    for *values, period, count in parts:
        key = tuple(values)
        points = groups.get(key)
        if points is None:
            points, totals[key] = groups.setdefault(key, [0.0] * len(times)), 0.0
        totals[key] += count
        if (place := places.get(period)) is not None:
            points[place] += count
            whole[place] += count
    order = sorted(totals, key=lambda key: (-totals[key], [(value is None, value or "") for value in key]))
    ranked: list[FiguresGroup] = []
    if question.by:
        ranked = [{"values": list(key), "value": totals[key], "points": groups[key]} for key in order[: question.limit]]
    return {
        "times": [text_of_start(time) for time in times],
        "value": sum(totals.values(), 0.0),
        "points": list(whole),
        "groups": ranked,
        "group_count": len(totals) if question.by else 0,
    }
