"""Matchers: conditions on the labels of series."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class CompiledPattern(Protocol):
    """A compiled regular expression, such as those of `re` and `re2`."""

    def fullmatch(self, text: str, /) -> Any: ...


class Matcher(NamedTuple):
    """A condition on the value of one label; a series without the label has the empty value.

    Attributes:
        label: name of the label; `__name__` for the name of the metric.
        matches: whether a value fulfils it.
        value: the only value that fulfils it, if there is just one and it is not empty.
    """

    label: str
    matches: Callable[[str], bool]
    value: str | None = None


def equal(label: str, value: str) -> Matcher:
    """The label has this value; an empty one: it has none."""
    return Matcher(label, lambda found: found == value, value or None)


def not_equal(label: str, value: str) -> Matcher:
    """The label has another value, or none; an empty `value`: it has one."""
    return Matcher(label, lambda found: found != value)


def matching(label: str, pattern: CompiledPattern) -> Matcher:
    """The whole value matches a regular expression."""
    return Matcher(label, lambda found: pattern.fullmatch(found) is not None)


def not_matching(label: str, pattern: CompiledPattern) -> Matcher:
    """The whole value does not match a regular expression."""
    return Matcher(label, lambda found: pattern.fullmatch(found) is None)
