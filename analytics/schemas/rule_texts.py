"""Checks of the expressions of rules, which are parsed by what is loaded with the first rule."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from marshmallow import ValidationError

if TYPE_CHECKING:
    from analytics.promql.nodes import Node

THRESHOLD = re.compile(r"\s*(==|!=|>=|<=|>|<)\s*([-+]?[0-9.]+([eE][-+]?[0-9]+)?|[-+]?[Ii]nf)\s*")
"""`clear` as a comparison alone."""
_NO_COMPARISON = "Needs an `expr` that compares a vector with a number, such as `queue_length > 100`."


def check_expression(text: str, language: str | None, field: str = "expr") -> "Node":
    """The expression, parsed.

    Args:
        language: `promql` or `logql`; None for the one that it is recognized as.

    Raises:
        ValidationError: it is neither PromQL nor LogQL, or has no series or number as its value.
    """
    from analytics.logql.rules import parse_rule
    from analytics.promql.compared import nodes_of
    from analytics.promql.errors import BadQuery
    from analytics.promql.nodes import Selector, StringNode, Subquery

    try:
        found = parse_rule(text, language)
    except BadQuery as error:
        raise ValidationError(error.message.removeprefix('invalid parameter "query": '), field) from None
    if isinstance(found, StringNode | Subquery) or (isinstance(found, Selector) and found.range):
        raise ValidationError("Must be an expression with an instant vector or a number as its value.", field)
    if any(isinstance(each, Selector | Subquery) and each.pinned == "end" for each in nodes_of(found)):
        raise ValidationError("`@ end()` has no meaning in a rule.", field)
    return found


def check_templates(texts: Mapping[str, str], field: str) -> None:
    """Check that texts are templates. Raises `ValidationError`."""
    from analytics.templating.errors import BadTemplate
    from analytics.templating.template import compiled

    problems = {}
    for name, text in texts.items():
        try:
            compiled(text)
        except BadTemplate as error:
            problems[name] = [f"Not a template: {error.message}."]
    if problems:
        raise ValidationError({field: problems})


def check_clear(text: str, expr: "Node") -> None:
    """Check `clear`. Raises `ValidationError`."""
    from analytics.logql.rules import LOGQL, PROMQL, compared_with_number, has_logql

    if not THRESHOLD.fullmatch(text):
        check_expression(text, LOGQL if has_logql(expr) else PROMQL, "clear")
    elif compared_with_number(expr) is None:
        raise ValidationError(f"{_NO_COMPARISON} Or write a whole expression here.", "clear")


def check_no_data(expr: "Node") -> None:
    """Check that missing data differs from a condition that does not hold. Raises `ValidationError`."""
    from analytics.logql.rules import compared_with_number

    if compared_with_number(expr) is None:
        raise ValidationError(_NO_COMPARISON, "no_data")


def check_samples(expr: "Node") -> None:
    """Check that there is something to count. Raises `ValidationError`."""
    from analytics.logql.rules import has_logql
    from analytics.promql.compared import range_selectors

    if has_logql(expr):
        raise ValidationError("Is for PromQL: compare the number of lines itself, as in `… > 5`.", "min_samples")
    if not range_selectors(expr):
        raise ValidationError("Needs an `expr` with a range, such as `rate(requests_total[5m])`.", "min_samples")
