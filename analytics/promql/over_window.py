"""Takes the counters of an expression over a window."""

from analytics.promql.errors import BadQuery
from analytics.promql.parse import parse
from analytics.promql.tokens import Tokens, checked

PLACEHOLDER = "$window"
SUBQUERY = "subqueries cannot be used in the expressions of an objective"
_LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "atan2", "bool", "inf", "nan", *_LABEL_LISTS}
_AGGREGATIONS = {
    "avg",
    "bottomk",
    "count",
    "count_values",
    "group",
    "limitk",
    "max",
    "min",
    "quantile",
    "stddev",
    "stdvar",
    "sum",
    "topk",
}


def over(expression: str, window: str) -> str:
    """The expression of counters over a window, such as `1h`.

    Where it has `$window`, that is replaced. Otherwise `requests_total` becomes `increase(requests_total[1h])`, and
    the range of `rate(requests_total[5m])` becomes the window.

    Raises:
        BadQuery: it is not valid PromQL, or has a subquery, an offset or `@`.

    Example:
        >>> over('sum(requests_total{service="checkout"})', "1h")
        'sum(increase(requests_total{service="checkout"}[1h]))'
    """
    if PLACEHOLDER in expression:
        replaced = expression.replace(PLACEHOLDER, window)
        parse(replaced)
        return replaced
    parse(expression)
    tokens = checked(expression)
    parts: list[str] = []
    done = 0
    while tokens.next:
        start, end = tokens.place, tokens.place + len(tokens.next)
        if not _steps_to_selector(tokens):
            continue
        if tokens.next == "{":
            end = _past_braces(tokens)
        selector = expression[start:end]
        if tokens.next.startswith("["):
            _check_range(tokens.next)
            end = tokens.place + len(tokens.next)
            tokens.step()
            parts += [expression[done:start], f"{selector}[{window}]"]
        else:
            parts += [expression[done:start], f"increase({selector}[{window}])"]
        done = end
    found = "".join(parts) + expression[done:]
    parse(found)
    return found


def _steps_to_selector(tokens: Tokens) -> bool:
    """Go past the next token, unless it is the brace of a selector without a name; whether a selector begins there."""
    text = tokens.next
    word = text.lower()
    if text == "{":
        return True
    tokens.step()
    if word == "offset" or text == "@":
        raise BadQuery(f"{word} cannot be used in the expressions of an objective, which are about the time until now")
    if text.startswith("["):
        raise BadQuery(SUBQUERY)
    if word in _LABEL_LISTS and tokens.next == "(":
        tokens.until(")")
        return False
    is_name = (text[0].isalpha() and text[0].isascii()) or text[0] in "_:"
    if not is_name or word in _WORDS or tokens.next == "(":
        return False
    return not (word in _AGGREGATIONS and tokens.next.lower() in ("by", "without"))


def _past_braces(tokens: Tokens) -> int:
    """Go past the matchers; returns the place behind them."""
    while tokens.next != "}":
        tokens.step()
    end = tokens.place + 1
    tokens.step()
    return end


def _check_range(text: str) -> None:
    if ":" in text:
        raise BadQuery(SUBQUERY)
