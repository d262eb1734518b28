"""Evaluates log queries: the lines that pass through the stages of a query."""

from analytics.logql.budget import LogBudget
from analytics.logql.entry import LogEntry
from analytics.logql.nodes import LineFilter, LogSelection
from analytics.logql.pipeline import pipeline
from analytics.logql.source import LogSource, Wanted

LIKELY = 10
"""How many times as many lines are read at first as are asked for, where stages leave out some."""


def selected(
    source: LogSource,
    query: LogSelection,
    since: int,
    until: int,
    budget: LogBudget,
    *,
    limit: int,
    is_ascending: bool,
    spacing: int = 0,
) -> list[LogEntry]:
    """The first lines at or after `since` and before `until`.

    Args:
        spacing: the least nanoseconds between two lines of a stream; 0 for all lines.

    Raises:
        BadLogQuery: the query is not valid, or costs too much.
    """
    leading = 0
    while leading < len(query.stages) and isinstance(query.stages[leading], LineFilter):
        leading += 1
    filters = tuple(stage for stage in query.stages[:leading] if isinstance(stage, LineFilter))
    rest = query.stages[leading:]
    run, found = pipeline(rest), list[LogEntry]()
    last: dict[int, int] = {}
    if limit <= 0:
        return found
    wanted = Wanted(query.matchers, filters, since, until, limit * LIKELY if rest or spacing else limit)
    for entry in source.entries(wanted, budget, is_ascending=is_ascending):
        if not run(entry):
            continue
        if spacing:
            before = last.get(id(entry.stream))
            if before is not None and abs(entry.time - before) < spacing:
                continue
            last[id(entry.stream)] = entry.time
        found.append(entry)
        if len(found) == limit:
            break
    return found
