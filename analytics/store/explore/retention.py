"""Answers `Retention`: the cohort of each user, and the periods in which the user came back."""

from datetime import UTC, datetime

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents
from analytics.store.explore.periods import next_start, start_of, text_of_start
from analytics.store.explore.questions import Cohort, RetentionAnswer, RetentionQuestion, Rows
from analytics.store.source import EventSource


def retention_sql(question: RetentionQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question, with its parameters.

    Its rows are: start of the cohort's period, the period in which users came back (periods after the cohort's; null
    for the row of all its users), and how many users. Raises ValidationFailed for a filter that is not valid.
    """
    found = FoundEvents(source, question.since, question.until, question.q)
    first = found.condition(parse(question.first, EVENT_FIELDS))
    back = found.condition(parse(question.back, EVENT_FIELDS))
    events = found.sql(["user_id", "time", "seq", f"{first} AS is_first", f"{back} AS is_back"])
    period = f"date_trunc('{question.interval}', {{}})::TIMESTAMP"
    after = f"date_diff('{question.interval}', cohort, {period.format('time')})"
    statement = (
        f"WITH found AS ({events} AND user_id IS NOT NULL),"
        " firsts AS (SELECT user_id, min({'t': time, 's': seq}) AS first FROM found WHERE is_first GROUP BY user_id),"
        f" cohorts AS (SELECT user_id, first, {period.format('first.t')} AS cohort FROM firsts)"
        " SELECT cohort, NULL::BIGINT AS after, count(*) FROM cohorts GROUP BY cohort UNION ALL"
        f" SELECT cohort, {after} AS after, count(DISTINCT user_id) FROM cohorts JOIN found USING (user_id)"
        " WHERE is_back AND {'t': time, 's': seq} > first"
        f" GROUP BY ALL HAVING after <= {int(question.periods)}"
    )
    return statement, found.parameters


def retention_answer(question: RetentionQuestion, rows: Rows) -> RetentionAnswer:
    """The answer from the rows of the statement."""
    cohorts: dict[datetime, Cohort] = {}
    for start, after, users in sorted(rows, key=lambda row: (row[0], row[1] is not None)):
        if after is None:
            cohorts[start] = {"time": text_of_start(start), "users": users, "back": _periods(start, question)}
        else:
            cohorts[start]["back"][after] = users
    return {"cohorts": list(cohorts.values())}


def _periods(start: datetime, question: RetentionQuestion) -> list[int | None]:
    """Zero for each period of a cohort that has begun, null for later ones."""
    begins = start_of(start.replace(tzinfo=UTC), question.interval)
    counts: list[int | None] = []
    for _ in range(question.periods + 1):
        counts.append(0 if begins < question.until else None)
        begins = next_start(begins, question.interval)
    return counts
