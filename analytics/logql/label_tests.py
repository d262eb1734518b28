"""Conditions on labels and streams, as functions."""

import operator
from collections.abc import Callable

from analytics.logql.addresses import has_address
from analytics.logql.entry import ERROR_LABEL, Labels, LogEntry
from analytics.logql.nodes import LabelJoin, LabelMatch, LabelTest
from analytics.logql.patterns import whole_match
from analytics.logql.tokens import byte_count, seconds

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matcher_test(operator_: str, value: str) -> Callable[[str], bool]:
    """The condition of a matcher on the value of its label, which is empty where there is none.

    Raises:
        BadLogQuery: a regular expression is not valid.
    """
    match operator_:
        case "=":
            return lambda text: text == value
        case "!=":
            return lambda text: text != value
        case "=~":
            return whole_match(value)
        case _:
            matches = whole_match(value)
            return lambda text: not matches(text)


def matches_stream(matchers: tuple[LabelMatch, ...]) -> Callable[[Labels], bool]:
    """The condition of a selector on the labels of a stream."""
    tests = [(matcher.name, matcher_test(matcher.operator, matcher.value)) for matcher in matchers]
    return lambda labels: all(test(labels.get(name, "")) for name, test in tests)


def label_condition(node: LabelTest | LabelJoin) -> Callable[[LogEntry], bool]:
    """A condition of a pipeline. A label that is not a number where one is needed is noted as an error of the line."""
    if isinstance(node, LabelJoin):
        parts = [label_condition(part) for part in node.parts]
        joined = all if node.operator == "and" else any
        return lambda entry: joined(part(entry) for part in parts)
    name, value = node.name, node.value
    if node.unit == "ip":
        has, wanted_result = has_address(str(value)), node.operator == "="
        return lambda entry: bool(entry.get(name)) and has(entry.get(name)) == wanted_result
    if isinstance(value, str):
        test = matcher_test(node.operator, value)
        return lambda entry: test(entry.get(name))
    read, compare, wanted = number_reader(node.unit), _COMPARE[node.operator], value

    def condition(entry: LogEntry) -> bool:
        text = entry.get(name)
        if not text:
            return False
        number = read(text)
        if number is None:
            entry.fail("LabelFilterErr", f"{text[:100]!r} in {name} is no {node.unit}")
            return True
        return compare(number, wanted)

    return condition if name != ERROR_LABEL else lambda entry: False


def number_reader(unit: str) -> Callable[[str], float | None]:
    """A function from a text to its number, in seconds if it is a duration; None for what is none."""
    return {"duration": seconds, "duration_seconds": seconds, "bytes": byte_count}.get(unit, _number)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
