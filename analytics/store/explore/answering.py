"""Answers a question with a connection to DuckDB."""

from typing import Any, Protocol, Self

from analytics.store.explore.counts import MOST_PARTS, counts_answer, counts_sql
from analytics.store.explore.daily import daily_sql, is_daily
from analytics.store.explore.few import has_few_groups
from analytics.store.explore.figures import figures_answer, figures_sql
from analytics.store.explore.funnel import funnel_answer, funnel_sql
from analytics.store.explore.known import known_counts
from analytics.store.explore.questions import Answer, FiguresQuestion, FunnelQuestion, Question, Rows
from analytics.store.explore.ranking import groups_sql, ranked
from analytics.store.explore.retention import retention_answer, retention_sql
from analytics.store.explore.top import top_rows, top_sql
from analytics.store.explore.user_bits import has_few_periods, user_bits_rows, user_bits_sql
from analytics.store.source import EventSource, EventSpan


class RunsSql(Protocol):
    """The methods that are used of DuckDB's connection."""

    def execute(self, query: str, parameters: list[Any]) -> Self: ...

    def fetchall(self) -> Rows: ...


def answered(question: Question, source: EventSource, db: RunsSql) -> Answer:
    """The answer to a question.

    Raises:
        ValidationFailed: a filter of the question is not valid.
    """
    if isinstance(question, FiguresQuestion):
        return _figures(question, source, db)
    if isinstance(question, FunnelQuestion):
        return funnel_answer(question, _rows(db, *funnel_sql(question, source)))
    return retention_answer(question, _rows(db, *retention_sql(question, source)))


def _figures(question: FiguresQuestion, source: EventSource, db: RunsSql) -> Answer:
    if question.measure == "count" and has_few_groups(question, source):
        known = known_counts(question, source)
        parts: Rows = []
        if known.others.extents(EventSpan(question.since.timestamp(), question.until.timestamp())):
            parts = _rows(db, *counts_sql(question, known.others))
        if len(parts) <= MOST_PARTS:
            return counts_answer(question, parts, known.counts)
    return figures_answer(question, _figure_rows(question, source, db))


def _figure_rows(question: FiguresQuestion, source: EventSource, db: RunsSql) -> Rows:
    if has_few_periods(question):
        return user_bits_rows(question, _rows(db, *user_bits_sql(question, source)))
    if is_daily(question):
        statements, figures, parameters = daily_sql(question, source)
        for statement in statements:
            db.execute(statement, parameters.values)
        return db.execute(figures, []).fetchall()
    if question.measure != "count" and has_few_groups(question, source):
        groups = _rows(db, *groups_sql(question, source))
        if len(groups) <= MOST_PARTS:
            return ranked(question, groups)
    if question.by and question.interval is None:
        return top_rows(_rows(db, *top_sql(question, source)))
    return _rows(db, *figures_sql(question, source))


def _rows(db: RunsSql, statement: str, parameters: Any) -> Rows:
    return db.execute(statement, parameters.values).fetchall()
