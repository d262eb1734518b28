"""The ranks of few groups, found in Python: a statement that finds them takes a third more time to plan."""

import math
from typing import Any

from analytics.filters.sql import Parameters
from analytics.store.explore.counts import MOST_PARTS
from analytics.store.explore.figures import grouped_sql, parts_sql
from analytics.store.explore.questions import FiguresQuestion, Rows
from analytics.store.source import EventSource


def groups_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of the groups: the rows of `grouped_sql`.

    It finds one more than `MOST_PARTS` where there are too many. Raises ValidationFailed for a wrong filter.
    """
    parts, parameters = parts_sql(question, source)
    return f"WITH {parts} {grouped_sql(question)} LIMIT {MOST_PARTS + 1}", parameters


def ranked(question: FiguresQuestion, groups: Rows) -> Rows:
    """The rows of the statement of the question (see `figures_sql`), from its groups."""
    rows: Rows = []
    wholes: list[tuple[Any, tuple[str | None, ...]]] = []
    for *values, period, is_whole, is_all, figure in groups:
        if is_all:
            rows.append((0, *values, period, figure, 0))
        elif is_whole:
            wholes.append((figure, tuple(values)))
    wholes.sort(key=lambda whole: (_falling(whole[0]), [(value is None, value or "") for value in whole[1]]))
    ranks = {key: rank for rank, (_, key) in enumerate(wholes[: question.limit], 1)}
    for *values, period, _, is_all, figure in groups:
        if not is_all and (rank := ranks.get(tuple(values))) is not None:
            rows.append((rank, *values, period, figure, len(wholes)))
    return rows


def _falling(figure: Any) -> tuple[bool, Any]:
    """Sorts figures from the highest on, and those that are missing last; DuckDB puts NaN before all others."""
    if figure is None:
        return True, 0
    return False, -math.inf if math.isnan(figure) else -figure
