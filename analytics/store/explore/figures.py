"""Answers `Figures`: one statement, which groups by the fields, by the periods, and by both.

It first groups by the values as they are stored, which is quick, and makes texts of these few, where the measure of a
group can be made of those of its parts.
"""

import math
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from analytics.filters.sql import Parameters
from analytics.filters.sql_values import number_sql
from analytics.store.explore.found import FoundEvents, text_sql
from analytics.store.explore.periods import starts, text_of_start
from analytics.store.explore.questions import NEEDS_FIELD, FiguresAnswer, FiguresGroup, FiguresQuestion, Rows
from analytics.store.source import EventSource


class FigureTooLarge(ValueError):
    """A figure is beyond the numbers of JSON; the message says how to leave such values out."""


class MeasureSql(NamedTuple):
    """SQL of a measure: columns of the parts, how these are grouped, and the measure of several parts."""

    part: str
    grouping: str
    figure: str


GROUPED = " GROUP BY ALL"
MEASURES = {
    "count": MeasureSql("count(*) AS n", GROUPED, "coalesce(sum(n), 0)"),
    "users": MeasureSql("user_id", "", "count(DISTINCT user_id)"),
    "sum": MeasureSql("sum(value) AS v", GROUPED, "sum(v)"),
    "avg": MeasureSql("sum(value) AS v, count(value) AS n", GROUPED, "sum(v) / sum(n)"),
    "min": MeasureSql("min(value) AS v", GROUPED, "min(v)"),
    "max": MeasureSql("max(value) AS v", GROUPED, "max(v)"),
    "p50": MeasureSql("value", "", "quantile_cont(value, 0.5)"),
    "p90": MeasureSql("value", "", "quantile_cont(value, 0.9)"),
    "p95": MeasureSql("value", "", "quantile_cont(value, 0.95)"),
    "p99": MeasureSql("value", "", "quantile_cont(value, 0.99)"),
}


def figures_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question, with its parameters.

    Its rows are: rank of the group (0 for all events), the values of the fields, start of the period (null for the
    whole time), the figure, and the number of groups. Raises ValidationFailed for a filter that is not valid.
    """
    parts, parameters = parts_sql(question, source)
    keys = [f"by{place}" for place in range(len(question.by))]
    by, picked = ", ".join(keys), "".join(f"g.{key}, " for key in keys)
    grouped = f"WITH {parts}, grouped AS MATERIALIZED ({grouped_sql(question)})"
    all_rows = f"SELECT 0 AS rank, {picked}g.period, g.figure, 0 AS groups FROM grouped g WHERE g.is_all"
    if not keys:
        return f"{grouped} {all_rows}", parameters
    ordered = ", ".join(f"{key} NULLS LAST" for key in keys)
    top = (
        f", top AS (SELECT {by}, row_number() OVER (ORDER BY figure DESC NULLS LAST, {ordered}) AS rank,"
        " count(*) OVER () AS groups FROM grouped WHERE is_whole AND NOT is_all"
        f" QUALIFY rank <= {int(question.limit)})"
    )
    is_same = " AND ".join(f"g.{key} IS NOT DISTINCT FROM t.{key}" for key in keys)
    groups = (
        f"SELECT t.rank, {picked}g.period, g.figure, t.groups FROM grouped g JOIN top t ON {is_same} WHERE NOT g.is_all"
    )
    return f"{grouped}{top} {all_rows} UNION ALL {groups}", parameters


def parts_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The first part of the statement: `WITH` and this define `texts`, the parts by the texts of fields and by period.

    Raises ValidationFailed for a filter that is not valid.
    """
    found = FoundEvents(source, question.since, question.until, question.q)
    keys = [f"by{place}" for place in range(len(question.by))]
    columns = [f"{found.stored(name)} AS {key}" for name, key in zip(question.by, keys, strict=True)]
    texts = [f"{text_sql(name, key)} AS {key}" for name, key in zip(question.by, keys, strict=True)]
    if question.interval is not None:
        start = "time::DATE" if question.interval == "day" else f"date_trunc('{question.interval}', time)"
        columns.append(f"{start} AS period")
        texts.append("period::TIMESTAMP AS period")
    if question.measure in NEEDS_FIELD:
        columns.append(f"{number_sql(found.column(question.field or ''))} AS value")
    else:
        columns.append("user_id")
    measure = MEASURES[question.measure]
    names = ", ".join([*keys, *(["period"] if question.interval is not None else []), measure.part])
    replaced = f" REPLACE ({', '.join(texts)})" if texts else ""
    return (
        f"found AS ({found.sql(columns)}), parts AS (SELECT {names} FROM found{measure.grouping}),"
        f" texts AS (SELECT *{replaced} FROM parts)"
    ), found.parameters


def grouped_sql(question: FiguresQuestion) -> str:
    """The figure by the fields, by the periods, by both, and of all events, from `texts`.

    Its rows are: the values of the fields, start of the period, whether it is of the whole time, whether it is of the
    events of all groups, and the figure.
    """
    keys = [f"by{place}" for place in range(len(question.by))]
    by = ", ".join(keys)
    sets = ["()", *([f"({by})"] if keys else [])]
    period, is_whole = "NULL::TIMESTAMP AS period", "true AS is_whole"
    if question.interval is not None:
        sets += ["(period)", *([f"({by}, period)"] if keys else [])]
        period, is_whole = "period", "grouping(period) = 1 AS is_whole"
    is_all = f"grouping({keys[0]}) = 1" if keys else "true"
    return (
        f"SELECT {''.join(f'{key}, ' for key in keys)}{period}, {is_whole}, {is_all} AS is_all,"
        f" {MEASURES[question.measure].figure} AS figure FROM texts GROUP BY GROUPING SETS ({', '.join(sets)})"
    )


def figures_answer(question: FiguresQuestion, rows: Rows) -> FiguresAnswer:
    """The answer from the rows of the statement.

    Raises:
        FigureTooLarge: a figure is not finite.
    """
    times = [] if question.interval is None else list(starts(question.since, question.until, question.interval))
    places = {time.replace(tzinfo=None): place for place, time in enumerate(times)}
    empty = 0.0 if question.measure in {"count", "users"} else None
    ranked: dict[int, FiguresGroup] = {0: _group([], empty, len(times))}
    group_count = 0
    for row in sorted(rows, key=itemgetter(0)):
        rank, at, figure = row[0], row[-3], row[-2]
        group = ranked.get(rank)
        if group is None:
            group = ranked[rank] = _group(list(row[1:-3]), empty, len(times))
            group_count = max(group_count, row[-1])
        if at is None:
            group["value"] = _figure(figure, question)
        elif (place := places.get(_naive(at))) is not None:
            group["points"][place] = _figure(figure, question)
    whole = ranked.pop(0)
    return {
        "times": [text_of_start(time) for time in times],
        "value": whole["value"],
        "points": whole["points"],
        "groups": list(ranked.values()),
        "group_count": group_count,
    }


def _group(values: list[str | None], empty: float | None, periods: int) -> FiguresGroup:
    return {"values": values, "value": empty, "points": [empty] * periods}


def _naive(at: datetime) -> datetime:
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def _figure(value: Any, question: FiguresQuestion) -> float | None:
    if value is None:
        return None
    figure = float(value)
    if not math.isfinite(figure):
        raise FigureTooLarge(
            f"A figure of data.{question.field} is beyond 1.8e308, the largest number that is answered: leave such "
            f"values out, by the filter data.{question.field}:-1e300..1e300."
        )
    return figure
