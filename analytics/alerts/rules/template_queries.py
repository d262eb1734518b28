"""Queries in the templates of rules: `{{ query "up" | first | value }}`."""

from typing import Any

from analytics.alerts.rules.evaluation import Ask
from analytics.alerts.rules.sampled import vector_of
from analytics.logql.rules import PROMQL, parse_rule
from analytics.promql.block import Block
from analytics.promql.errors import QueryError
from analytics.promql.values import Value
from analytics.templating.data import TextsByName
from analytics.templating.errors import TemplateFailed
from analytics.templating.scope import TemplateQuery

MOST_QUERIES = 1_000
"""Different queries of one evaluation of a group."""
MOST_SAMPLES = 10_000
"""Samples of an answer."""
MOST_KEPT = 100_000
"""Samples of all answers of one evaluation, which are kept until it ends."""


def template_queries(ask: Ask) -> TemplateQuery:
    """Answers queries at the time of an evaluation, each text once.

    Args:
        ask: evaluates expressions at that time.
    """
    known: dict[str, list[dict[str, Any]]] = {}
    kept = 0

    def answer(text: str) -> list[dict[str, Any]]:
        nonlocal kept
        if text not in known:
            if len(known) >= MOST_QUERIES:
                raise TemplateFailed(f"error calling query: an evaluation has more than {MOST_QUERIES:,} of them")
            if kept >= MOST_KEPT:
                raise TemplateFailed(f"error calling query: the answers have more than {MOST_KEPT:,} samples in all")
            try:
                known[text] = _samples(ask(parse_rule(text, PROMQL), text))
            except QueryError as error:
                raise TemplateFailed(f"error calling query: {error.message}") from None
            kept += len(known[text])
        return known[text]

    return answer


def _samples(value: Value) -> list[dict[str, Any]]:
    """The samples of a vector or a number, with names."""
    vector = vector_of(value)
    rows = list(vector.rows)
    if isinstance(value, Block):
        names = zip(value.series.rows, vector.rows, value.unnamed.tolist(), strict=True)
        rows = [plain if is_unnamed else row for row, plain, is_unnamed in names]
    found = [
        {"Labels": TextsByName(row), "Value": float(number)}
        for row, number, is_present in zip(rows, vector.values, vector.present, strict=True)
        if is_present
    ]
    if len(found) > MOST_SAMPLES:
        raise TemplateFailed(f"error calling query: the answer has more than {MOST_SAMPLES:,} samples")
    return found
