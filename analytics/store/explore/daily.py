"""Unique users by periods of a day or less: the users of each day are found first, in little memory at a time."""

from datetime import timedelta

from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents
from analytics.store.explore.periods import start_of, starts
from analytics.store.explore.questions import FiguresQuestion
from analytics.store.source import EventSource

MOST_DAYS = 120
"""Days that are worth a part of the statement each."""


def is_daily(question: FiguresQuestion) -> bool:
    """Whether `daily_sql` answers a question."""
    if question.measure != "users" or question.by or question.interval not in {"minute", "hour", "day"}:
        return False
    return question.until - start_of(question.since, "day") <= timedelta(days=MOST_DAYS)


def daily_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question with parameters; its rows are those of `figures_sql`.

    Users are counted exactly: a user of a period is one row, since no period has more than one day.
    """
    found = FoundEvents(source, question.since, question.until, question.q)
    days = []
    for day in starts(question.since, question.until, "day"):
        if question.interval == "day":
            users = found.sql(["user_id"], day)
            period = f"make_timestamp({round(day.timestamp() * 1e6)})"
            days.append(f"SELECT {period} AS period, user_id FROM ({users}) GROUP BY user_id")
        else:
            period = f"date_trunc('{question.interval}', time)::TIMESTAMP AS period"
            days.append(f"SELECT DISTINCT * FROM ({found.sql([period, 'user_id'], day)})")
    figures = (
        "SELECT 0 AS rank, period, count(user_id) AS figure, 0 AS groups FROM found GROUP BY period"
        " UNION ALL SELECT 0, NULL, count(DISTINCT user_id), 0 FROM found"
    )
    return f"WITH found AS MATERIALIZED ({' UNION ALL '.join(days)}) {figures}", found.parameters
