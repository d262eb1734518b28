"""Label matchers. Regular expressions run in linear time."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from analytics.points import NAME_LABEL, Labels
from analytics.promql.budget import Budget
from analytics.promql.errors import BadQuery

EQUAL, NOT_EQUAL, MATCHES, MATCHES_NOT = "=", "!=", "=~", "!~"
_STEPS = 250
"""Steps of matching an expression that are charged as a sample."""
_MEMORY = 1 << 20
"""Bytes that an expression may take. With much more of them, matching a hostile one begins much slower."""


class LabelMatcher(Struct, frozen=True):
    """One condition on a label. A label that a series does not have is empty."""

    name: str
    operator: str
    value: str

    @property
    def is_positive(self) -> bool:
        """Whether it names what is wanted, not what is unwanted."""
        return self.operator in (EQUAL, MATCHES)

    def predicate(self, budget: Budget | None = None) -> Callable[[str], bool]:
        """A function that says whether a value fulfils the condition.

        Args:
            budget: is charged for the matching of regular expressions.
        """
        value = self.value
        if self.operator == EQUAL:
            return lambda text: text == value
        if self.operator == NOT_EQUAL:
            return lambda text: text != value
        pattern, wanted = compiled(value), self.operator == MATCHES
        if budget is None:
            return lambda text: (pattern.fullmatch(text) is not None) is wanted

        def fulfils(text: str) -> bool:
            charge_match(budget, pattern, text)
            return (pattern.fullmatch(text) is not None) is wanted

        return fulfils


def compiled(pattern: str) -> Any:
    """A regular expression in RE2's syntax, which Prometheus uses; `.` matches line ends.

    Raises:
        BadQuery: it is not valid, or needs too much memory.
    """
    import re2  # with the first query: its package takes 3 MB

    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadQuery(f"error parsing regexp: {text}") from None


def charge_match(budget: Budget, pattern: Any, text: str) -> None:
    """Charge the matching of a text: an automaton takes a step for each of its instructions and each character."""
    budget.charge(pattern.programsize * len(text) // _STEPS)


def matches(matchers: Sequence[LabelMatcher], labels: Labels) -> bool:
    """Whether a series fulfils all conditions."""
    values = dict(labels)
    return all(matcher.predicate()(values.get(matcher.name, "")) for matcher in matchers)


def selecting(matchers: Sequence[LabelMatcher], series: Sequence[Labels], budget: Budget | None = None) -> list[int]:
    """Indices of the series that fulfil all conditions."""
    chosen = list(range(len(series)))
    mappings = [dict(labels) for labels in series]
    for matcher in matchers:
        fulfils, known, name = matcher.predicate(budget), {}, matcher.name
        kept = []
        for index in chosen:
            value = mappings[index].get(name, "")
            if value not in known:
                known[value] = fulfils(value)
            if known[value]:
                kept.append(index)
        chosen = kept
    return chosen


def metric_name(matchers: Sequence[LabelMatcher]) -> str:
    """The name that a selector asks for; empty if it leaves it open."""
    return next((each.value for each in matchers if each.name == NAME_LABEL and each.operator == EQUAL), "")
