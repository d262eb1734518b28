"""Parses LogQL: metric expressions with their operators; `parse_stages` has what stands inside of them.

Source: grafana.com/docs/loki/latest/query/
"""

import re

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import (
    LabelMatch,
    LabelReplace,
    LogGrouping,
    LogMatching,
    LogNumber,
    LogOperation,
    LogSelection,
    MetricExpression,
    Query,
    RangeAggregation,
    Unwrap,
    VectorAggregation,
    VectorOf,
)
from analytics.logql.parse_stages import StageParser
from analytics.logql.patterns import expression

COUNTING = ("rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time")
"""Functions of lines."""
UNWRAPPED = (
    *("rate", "rate_counter", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time"),
    *("stddev_over_time", "stdvar_over_time", "quantile_over_time", "first_over_time", "last_over_time"),
    "absent_over_time",
)
"""Functions of numbers in lines."""
GROUPED = (
    *("avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time"),
    *("quantile_over_time", "first_over_time", "last_over_time"),
)
"""Those of them that group by labels themselves."""
RANKED = ("topk", "bottomk", "approx_topk")
VECTOR = ("sum", "avg", "min", "max", "count", "stddev", "stdvar", *RANKED, "sort", "sort_desc")
MOST_OPERATORS = 200
"""Operators of a query."""
LEFT_OUT = ("variants", "sample", "count_values", "quantile", "group")
_PRECEDENCE = {
    "or": 1,
    "and": 2,
    "unless": 2,
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<="), 3),
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "%": 5,
    "^": 6,
}
SETS = ("and", "or", "unless")
IS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
COMPARING = ("==", "!=", ">", ">=", "<", "<=")


def parse(query: str) -> Query:
    """The tree of a query.

    Raises:
        BadLogQuery: it is not valid, or uses what is left out here; the message says where and what.
    """
    parser = _QueryParser(query)
    try:
        found = parser.expression(0)
    except RecursionError:
        raise BadLogQuery("the query is nested too deeply") from None
    parser.expect_end()
    return found


def matchers_of(query: str) -> tuple[LabelMatch, ...]:
    """The matchers of a selector without stages.

    Raises:
        BadLogQuery: it is something else.
    """
    found = parse(query)
    if not isinstance(found, LogSelection) or found.stages:
        raise BadLogQuery('only a stream selector such as {service_name="checkout"} is possible here')
    return found.matchers


class _QueryParser(StageParser):
    """Parses a query; each method takes the tokens of what it is named after."""

    def __init__(self, query: str) -> None:
        super().__init__(query)
        self._operators = 0

    def expression(self, least: int) -> Query:
        """Operands, and the operators between them that bind at least so strongly."""
        self.enter()
        left = self._operand()
        while (precedence := _PRECEDENCE.get(self.next.text, 0)) > least and self.next.kind in ("sign", "word"):
            sign = self.take()
            self._operators += 1
            if self._operators > MOST_OPERATORS:
                self.refuse(f"there are more than {MOST_OPERATORS} operators")
            is_bool, matching = self._modifiers(sign.text)
            right = self.expression(precedence - 1 if sign.text == "^" else precedence)
            left = LogOperation(sign.text, self._metric(left), self._metric(right), is_bool, matching)
        self.leave()
        return left

    def _modifiers(self, operator: str) -> tuple[bool, LogMatching | None]:
        is_bool = self.next.text == "bool"
        if is_bool:
            if operator not in COMPARING:
                self.refuse("bool goes with comparisons only")
            self.take()
        matching = None
        if self.next.text in ("on", "ignoring"):
            is_on = self.take().text == "on"
            matching = LogMatching(is_on, self.names())
        if self.next.text in ("group_left", "group_right"):
            matching = self._grouped_matching(operator, matching)
        return is_bool, matching

    def _grouped_matching(self, operator: str, matching: LogMatching | None) -> LogMatching:
        word = self.take().text
        if matching is None:
            self.refuse(f"{word} goes with on (…) or ignoring (…)")
        if operator in SETS:
            self.refuse(f"{word} does not go with {operator}")
        included = self.names() if self.next.text == "(" else ()
        if matching.is_on and set(included) & set(matching.names):
            self.refuse(f"a label is in on (…) and in {word} (…)")
        return LogMatching(matching.is_on, matching.names, word.removeprefix("group_"), included)

    def _metric(self, found: Query) -> MetricExpression:
        if isinstance(found, LogSelection):
            self.refuse("lines cannot be calculated with; count them, such as by count_over_time({…}[5m])")
        return found

    def _operand(self) -> Query:
        token = self.next
        if token.text in ("-", "+") and token.kind == "sign":
            self.take()
            inner = self._metric(self.expression(5))
            return inner if token.text == "+" else LogOperation("*", LogNumber(-1.0), inner)
        if token.kind == "number":
            return LogNumber(self.number())
        if token.text == "(":
            self.take()
            found = self.expression(0)
            self.expect(")")
            return found
        if token.text == "{":
            return LogSelection(self.selector(), tuple(self.stages()))
        if token.kind != "word":
            self.refuse("a query is missing here" if token.kind == "end" else f"unexpected {token.text}")
        return self._called()

    def _called(self) -> MetricExpression:
        name = self.next.text
        if name in VECTOR:
            return self._vector()
        if name in COUNTING or name in UNWRAPPED:
            return self._range()
        if name == "label_replace":
            return self._label_replace()
        if name != "vector":
            self.refuse(f"{name} is not supported" if name in LEFT_OUT else f"unexpected {name}")
        self.take()
        self.expect("(")
        value = self.number()
        self.expect(")")
        return VectorOf(value)

    def _label_replace(self) -> LabelReplace:
        self.take()
        self.expect("(")
        inner, texts = self._metric(self.expression(0)), list[str]()
        for what in ("a label", "a replacement", "a label", "a regular expression"):
            self.expect(",")
            texts.append(self.text(what))
        self.expect(")")
        target, replacement, source, pattern = texts
        if not IS_NAME(target):
            self.refuse(f"label_replace: {target!r} is no name of a label")
        expression(pattern)
        return LabelReplace(inner, target, replacement, source, pattern)

    def _vector(self) -> VectorAggregation:
        function = self.take().text
        grouping = self._grouping()
        self.expect("(")
        parameter = None
        if function in RANKED:
            parameter = self.number()
            if parameter < 1 or not parameter.is_integer():
                self.refuse(f"{function} needs a whole number of at least 1")
            self.expect(",")
        inner = self._metric(self.expression(0))
        self.expect(")")
        grouping = grouping or self._grouping()
        if function == "approx_topk":
            if grouping is not None:
                self.refuse("approx_topk has no grouping; put sum by (…) inside of it")
            function = "topk"
        grouping = grouping or LogGrouping(())
        return VectorAggregation(function, inner, grouping, parameter)

    def _grouping(self) -> LogGrouping | None:
        if self.next.text not in ("by", "without"):
            return None
        return LogGrouping(is_without=self.take().text == "without", names=self.names())

    def _range(self) -> RangeAggregation:
        function = self.take().text
        self.expect("(")
        parameter = None
        if function == "quantile_over_time":
            parameter = self.number()
            self.expect(",")
        opened = 0
        while self.next.text == "(":
            self.enter()
            self.take()
            opened += 1
        matchers, stages = self.selector(), list(self.stages())
        unwrap = self._unwrap()
        window = self._window()
        stages += self.stages()
        unwrap = unwrap or self._unwrap()
        for _ in range(opened):
            self.expect(")")
            self.leave()
            if not window:
                stages += self.stages()
                unwrap = unwrap or self._unwrap()
                window = self._window()
        if not window:
            self.refuse(f"{function} needs a window such as [5m]")
        offset = self._offset()
        self.expect(")")
        grouping = self._grouping()
        self._check(function, unwrap, grouping)
        return RangeAggregation(
            function, LogSelection(matchers, tuple(stages)), window, offset, unwrap, parameter, grouping
        )

    def _check(self, function: str, unwrap: Unwrap | None, grouping: LogGrouping | None) -> None:
        if unwrap is None and function not in COUNTING:
            self.refuse(f"{function} needs the number of a label: | unwrap LABEL")
        if unwrap is not None and function not in UNWRAPPED:
            self.refuse(f"{function} does not go with unwrap")
        if grouping is not None and (function not in GROUPED):
            self.refuse(f"{function} has no grouping of its own; put it inside of sum by (…) (…)")

    def _window(self) -> int:
        if self.next.text != "[":
            return 0
        self.take()
        window = self.duration()
        if self.next.text == ":":
            self.refuse("subqueries are not supported")
        if window <= 0:
            self.refuse("a window is longer than 0")
        self.expect("]")
        return window

    def _offset(self) -> int:
        if self.next.text == "@":
            self.refuse("the modifier @ is not supported")
        if self.next.text != "offset":
            return 0
        self.take()
        is_negative = self.next.text == "-"
        if is_negative:
            self.take()
        return -self.duration() if is_negative else self.duration()

    def _unwrap(self) -> Unwrap | None:
        if not self.is_at_unwrap():
            return None
        self.take()
        self.take()
        label, conversion = self.word("a label"), ""
        if self.next.text == "(":
            if label not in ("duration", "duration_seconds", "bytes"):
                self.refuse(f"unwrap {label}(…) is not supported; duration, duration_seconds and bytes are")
            self.take()
            conversion, label = label, self.word("a label")
            self.expect(")")
        return Unwrap(label, conversion, tuple(self.label_filters()))
