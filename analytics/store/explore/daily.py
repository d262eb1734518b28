"""Unique users of many hours or minutes: the users of each day are found first, in little memory at a time."""

from datetime import datetime, timedelta

from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents
from analytics.store.explore.periods import start_of, starts
from analytics.store.explore.questions import FiguresQuestion
from analytics.store.source import EventSource

MOST_DAYS = 120
"""Days that are worth a part of a statement each."""
DAYS_AT_ONCE = 8
"""Days whose users are found at once: enough for several threads, and few enough for the memory of a question."""
TABLE = "users_of_periods"


def is_daily(question: FiguresQuestion) -> bool:
    """Whether `daily_sql` answers a question."""
    if question.measure != "users" or question.by or question.interval not in {"minute", "hour"}:
        return False
    return question.until - start_of(question.since, "day") <= timedelta(days=MOST_DAYS)


def daily_sql(question: FiguresQuestion, source: EventSource) -> tuple[list[str], str, Parameters]:
    """Statements that put the users of each period into a table, with their parameters, and one without parameters.

    The rows of the last one are those of `figures_sql`. Users are counted exactly: a user of a period is one row, since
    no period has more than one day. Raises ValidationFailed for a filter that is not valid.
    """
    found = FoundEvents(source, question.since, question.until, question.q)
    days = [_of_day(question, found, day) for day in starts(question.since, question.until, "day")]
    parts = [" UNION ALL ".join(days[at : at + DAYS_AT_ONCE]) for at in range(0, len(days), DAYS_AT_ONCE)]
    figures = (
        f"SELECT 0 AS rank, period, count(user_id) AS figure, 0 AS groups FROM {TABLE} GROUP BY period"
        f" UNION ALL SELECT 0, NULL, count(DISTINCT user_id), 0 FROM {TABLE}"
    )
    first = f"CREATE OR REPLACE TEMP TABLE {TABLE} AS {parts[0]}"
    return [first, *(f"INSERT INTO {TABLE} {part}" for part in parts[1:])], figures, found.parameters


def _of_day(question: FiguresQuestion, found: FoundEvents, day: datetime) -> str:
    period = f"date_trunc('{question.interval}', time)::TIMESTAMP AS period"
    return f"SELECT DISTINCT * FROM ({found.sql([period, 'user_id'], day)})"
