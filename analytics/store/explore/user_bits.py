"""Unique users of a few periods: each user has a number with a bit for each period, which takes little memory."""

from analytics.clock import DAY_SECONDS
from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents
from analytics.store.explore.periods import LENGTHS, start_of, starts
from analytics.store.explore.questions import FiguresQuestion, Rows
from analytics.store.source import DAY_NUMBER, EventSource

MOST_PERIODS, MOST_OF_BIGINT = 120, 62
"""Bits of the numbers: HUGEINT has 127 besides its sign, and BIGINT, which is quicker, has 63."""


def has_few_periods(question: FiguresQuestion) -> bool:
    """Whether `user_bits_sql` answers a question."""
    if question.measure != "users" or question.by or question.interval not in LENGTHS:
        return False
    length = LENGTHS[question.interval]
    return question.until - start_of(question.since, question.interval) <= MOST_PERIODS * length


def user_bits_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question, with its parameters.

    Its row has the number of users, and that of each period. Users are counted exactly. Raises ValidationFailed for a
    filter that is not valid.
    """
    assert question.interval is not None
    found = FoundEvents(source, question.since, question.until, question.q)
    first = round(start_of(question.since, question.interval).timestamp())
    seconds = round(LENGTHS[question.interval].total_seconds())
    if question.interval == "day":
        place = f"{DAY_NUMBER} - {first // DAY_SECONDS}"
    else:
        place = f"(epoch_us(time) - {first * 1_000_000}) // {seconds * 1_000_000}"
    periods = sum(1 for _ in starts(question.since, question.until, question.interval))
    type_ = "BIGINT" if periods <= MOST_OF_BIGINT else "HUGEINT"
    counts = ", ".join(f"coalesce(sum((bits >> {place}) & 1), 0)" for place in range(periods))
    return (
        f"WITH found AS ({found.sql(['user_id', f'({place})::INTEGER AS place'])}),"
        f" users AS (SELECT bit_or(1::{type_} << place) AS bits FROM found WHERE user_id IS NOT NULL GROUP BY user_id)"
        f" SELECT count(*), {counts} FROM users"
    ), found.parameters


def user_bits_rows(question: FiguresQuestion, rows: Rows) -> Rows:
    """The rows of `figures_sql`, from the only one of the statement."""
    assert question.interval is not None
    ((users, *counts),) = rows
    times = starts(question.since, question.until, question.interval)
    of_periods: Rows = [(0, time, count, 0) for time, count in zip(times, counts, strict=True)]
    return [(0, None, users, 0), *of_periods]
