"""Answers `Funnel`: each user's events in order, and for each step the latest start from which it can be reached.

A user reaches step k at an event that matches it if an earlier event reached step k - 1, and the first step of that
chain is within the window. Of several chains the one with the latest start leaves the most time, so it is enough to
carry, from event to event, the latest start of each step: one window function for each step, and no joins.
"""

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters
from analytics.store.explore.found import FoundEvents, text_sql
from analytics.store.explore.questions import FunnelAnswer, FunnelQuestion, FunnelStep, Rows
from analytics.store.source import EventSource

EARLIER = "OVER (PARTITION BY user_id ORDER BY us, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"


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
        f"found AS ({events} AND user_id IS NOT NULL)",
        f"s1 AS (SELECT *, CASE WHEN is1 THEN {start} END AS start1 FROM found WHERE {any_step})",
    ]
    for step in range(2, len(conditions) + 1):
        with_.append(
            f"l{step} AS (SELECT *, max(start{step - 1}) {EARLIER} AS latest FROM s{step - 1}),"
            f" s{step} AS (SELECT * EXCLUDE (latest),"
            f" CASE WHEN is{step} AND latest{at} >= us - {window} THEN latest END AS start{step} FROM l{step})"
        )
    last = len(conditions)
    reached = [
        f"max(start{step}) AS start{step},"
        f" min(us - start{step}{at}) FILTER (WHERE start{step} IS NOT NULL) AS after{step}"
        for step in range(1, last + 1)
    ]
    deepest = f"coalesce({', '.join(f'start{step}' for step in range(last, 0, -1))})"
    of_event = "SELECT u.*, f.value FROM users u JOIN found f ON f.user_id = u.user_id"
    with_ += [
        f"users AS (SELECT user_id, {', '.join(reached)} FROM s{last} GROUP BY user_id HAVING start1 IS NOT NULL)",
        "valued AS (FROM users)" if question.by is None else f"valued AS ({of_event} AND f.seq = {deepest}.s)",
    ]
    return f"WITH {', '.join(with_)} {_counts(question, last)}", found.parameters


def _counts(question: FunnelQuestion, last: int) -> str:
    steps = [
        f"SELECT {{rank}} AS rank, {{value}} AS value, {step} AS step, count(start{step}) AS users,"
        f" median(after{step}) / 1e6 AS seconds, {{groups}} AS groups FROM {{table}}"
        for step in range(1, last + 1)
    ]
    of_all = [step.format(rank="0", value="NULL", groups="0", table="valued") for step in steps]
    if question.by is None:
        return " UNION ALL ".join(of_all)
    top = (
        "(SELECT v.*, t.rank, t.groups FROM valued v JOIN"
        " (SELECT value, row_number() OVER (ORDER BY count(*) DESC, value NULLS LAST) AS rank,"
        f" count(*) OVER () AS groups FROM valued GROUP BY value QUALIFY rank <= {int(question.limit)})"
        " t ON v.value IS NOT DISTINCT FROM t.value)"
    )
    grouped = [
        step.format(rank="rank", value="value", groups="groups", table=top) + " GROUP BY rank, value, groups"
        for step in steps
    ]
    return " UNION ALL ".join(of_all + grouped)


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
