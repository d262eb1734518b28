"""The first of many groups of the whole time: they are sorted as they are grouped, and not kept to be read again."""

from analytics.filters.sql import Parameters
from analytics.store.explore.figures import grouped_sql, parts_sql
from analytics.store.explore.questions import FiguresQuestion, Rows
from analytics.store.source import EventSource


def top_sql(question: FiguresQuestion, source: EventSource) -> tuple[str, Parameters]:
    """The statement of a question by fields and without periods; its first row is that of all events.

    Its rows are: the values of the fields, the figure, and how many rows there would be without a limit. Raises
    ValidationFailed for a filter that is not valid.
    """
    parts, parameters = parts_sql(question, source)
    keys = [f"by{place}" for place in range(len(question.by))]
    ordered = ", ".join(["is_all DESC", "figure DESC NULLS LAST", *(f"{key} NULLS LAST" for key in keys)])
    return (
        f"WITH {parts} SELECT {', '.join(keys)}, figure, count(*) OVER () FROM ({grouped_sql(question)})"
        f" ORDER BY {ordered} LIMIT {int(question.limit) + 1}"
    ), parameters


def top_rows(rows: Rows) -> Rows:
    """The rows of the statement of the question (see `figures_sql`), from those of `top_sql`."""
    return [
        (rank, *values, None, figure, count - 1 if rank else 0) for rank, (*values, figure, count) in enumerate(rows)
    ]
