"""Answers `Funnel`: each user's events in order, and for each step the latest start from which it can be reached.

A user reaches step k at an event that matches it if an earlier event reached step k - 1, and the first step of that
chain is within the window. Of several chains the one with the latest start leaves the most time, so it is enough to
carry the latest start from step to step: by one window function for each step, over those events alone that reached
the step before, and those that match this one. The starts of a user's events rise, so the latest one is the last.
"""

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents, text_sql
from analytics.store.explore.questions import FunnelAnswer, FunnelQuestion, FunnelStep, Rows
from analytics.store.source import EventSource

EARLIER = (
    "OVER (PARTITION BY user_id ORDER BY us, seq, start IS NOT NULL"  # an event does not follow itself
    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
)

FIGURES = "count(*) AS users, median(after) / 1e6 AS seconds"
OF_GROUPS = (
    f"SELECT t.rank, t.value, v.step, {FIGURES}, t.groups FROM valued v"
    " JOIN top t ON v.value IS NOT DISTINCT FROM t.value GROUP BY ALL"
)


def funnel_sql(question: FunnelQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question, with its parameters.

    Its rows are: rank of the group (0 for all users), value of the group, step (from 1), users who reached it, median
    seconds from the first step, and the number of groups. Raises ValidationFailed for a filter that is not valid.
    """
    found = FoundEvents(source, question.since, question.until, question.q)
    conditions = [found.condition(parse(step, EVENT_FIELDS)) for step in question.steps]
    value = "NULL::VARCHAR" if question.by is None else text_sql(question.by, found.stored(question.by))
    flags = [f"{condition} AS is{step}" for step, condition in enumerate(conditions, 1)]
    events = found.sql(["user_id", "epoch_us(time) AS us", "seq", f"{value} AS value", *flags])
    any_step = " OR ".join(f"is{step}" for step in range(1, len(conditions) + 1))
    window = round(question.window * 1e6)
    start, at = ("us", "") if question.by is None else ("{'t': us, 's': seq}", ".t")  # with what finds its event again
    with_ = [
        f"found AS MATERIALIZED (SELECT * FROM ({events} AND user_id IS NOT NULL) WHERE {any_step})",
        f"s1 AS (SELECT user_id, us, seq, {start} AS start FROM found WHERE is1)",
    ]
    for step in range(2, len(conditions) + 1):
        with_ += [_step(step, at, window)]
    of_user = f"max(start) AS start, min(us - start{at}) AS after"
    steps = [
        f"SELECT user_id, {step} AS step, {of_user} FROM s{step} GROUP BY user_id"
        for step in range(1, len(conditions) + 1)
    ]
    with_.append(f"steps AS MATERIALIZED ({' UNION ALL '.join(steps)})")
    of_all = f"SELECT 0 AS rank, NULL AS value, step, {FIGURES}, 0 AS groups FROM steps GROUP BY step"
    if question.by is None:
        return f"WITH {', '.join(with_)} {of_all}", found.parameters
    return f"WITH {', '.join([*with_, *_valued(question)])} {of_all} UNION ALL {OF_GROUPS}", found.parameters


def _step(step: int, at: str, window: int) -> str:
    """The events that reach a step, each with its latest start."""
    before = f"s{step - 1}"
    rows = (
        f"SELECT user_id, us, seq, start FROM {before} WHERE user_id IN (SELECT user_id FROM found WHERE is{step})"
        f" UNION ALL SELECT user_id, us, seq, NULL FROM found"
        f" WHERE is{step} AND user_id IN (SELECT user_id FROM {before})"
    )
    return (
        f"s{step} AS MATERIALIZED (SELECT user_id, us, seq, latest AS start FROM"
        f" (SELECT *, last_value(start IGNORE NULLS) {EARLIER} AS latest FROM ({rows}))"
        f" WHERE start IS NULL AND latest{at} >= us - {window})"
    )


def _valued(question: FunnelQuestion) -> list[str]:
    """The steps of users with the value of the start of their last one, and the values that most users have."""
    deepest = "SELECT user_id, arg_max(start, step) AS start FROM steps GROUP BY user_id"
    return [
        f"of_users AS (SELECT d.user_id, f.value FROM ({deepest}) d"
        " JOIN found f ON f.user_id = d.user_id AND f.seq = d.start.s)",
        "valued AS (SELECT s.step, s.after, v.value FROM steps s JOIN of_users v USING (user_id))",
        "top AS (SELECT value, row_number() OVER (ORDER BY count(*) DESC, value NULLS LAST) AS rank,"
        f" count(*) OVER () AS groups FROM of_users GROUP BY value QUALIFY rank <= {int(question.limit)})",
    ]


def funnel_answer(question: FunnelQuestion, rows: Rows) -> FunnelAnswer:
    """The answer from the rows of the statement."""
    empty: list[FunnelStep] = [{"users": 0, "median_seconds": None} for _ in question.steps]
    answer: FunnelAnswer = {"steps": empty, "groups": [], "group_count": 0}
    by_rank: dict[int, list[FunnelStep]] = {0: empty}
    for rank, value, step, users, seconds, groups in sorted(rows, key=lambda row: (row[0], row[2])):
        if rank not in by_rank:
            by_rank[rank] = [{"users": 0, "median_seconds": None} for _ in question.steps]
            answer["groups"].append({"values": [value], "steps": by_rank[rank]})
        by_rank[rank][step - 1] = {"users": users, "median_seconds": seconds}
        answer["group_count"] = max(answer["group_count"], groups)
    return answer
