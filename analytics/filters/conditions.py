"""Conditions of the filter language: a name, an operator and a value become a test of a field."""

import math
import re
from collections.abc import Callable
from typing import NamedTuple, cast

from analytics.filters.names import RecordFields
from analytics.filters.tokens import quoted, refuse, value
from analytics.filters.tree import (
    EVERYTHING,
    Equals,
    Exists,
    Fits,
    InTime,
    Node,
    OfData,
    OfName,
    Operator,
    Ordered,
    Test,
    Without,
    both,
)
from analytics.filters.values import fold, is_exact_number, moment, number

MAX_WILDCARDS = 10
"""Wildcards in one value."""
TIMES = "2024-01-15, 2024-01-15T10:30Z or 2024-01-15T10:30:00.250+01:00"
_RANGE = ".."


class Given(NamedTuple):
    """The part of a condition after the name: the operator, and the value, which starts at `at` in `text`.

    `pieces` is the value split at its wildcards.
    """

    text: str
    at: int
    operator: str
    pieces: list[str]
    is_quoted: bool

    @property
    def whole(self) -> str:
        """The value as one text."""
        return "*".join(self.pieces)


def condition(text: str, found: re.Match[str], fields: RecordFields) -> tuple[Node, int]:
    """The node of a condition, and where its text ends; `found` is its name and operator.

    Raises:
        ValidationFailed: there is no such field, or the value is not one that it can have.
    """
    name, at = found["name"], found.end()
    field, _, path = name.partition(".")
    is_data = field in fields.objects and bool(path)
    if not is_data and name != fields.time and name not in fields.names:
        examples = [f"{object_}.total" for object_ in fields.objects]
        known = ", ".join((*fields.names, fields.time, f"{', '.join(examples)} and so on"))
        problem = f"{name} is not a field of {fields.kind}, which have {known}; text to search for stands in quotes"
        refuse(text, found.start(), problem)
    operator = found["operator"].removeprefix(":") or ":"
    if text[at : at + 1] == '"':
        content, end = quoted(text, at)
        given = Given(text, at, operator, [content], is_quoted=True)
    else:
        pieces, end = value(text, at)
        given = Given(text, at, operator, pieces, is_quoted=False)
        if end == at:
            refuse(text, found.start(), f'A value is missing after {name}{found["operator"]}; "" is the empty text')
        if text[at] in "<>=":
            problem = f"These are two operators; write one of : = != < <= > >= after {name}, or the value in quotes"
            refuse(text, at - len(operator), problem)
        if text[at] == "(":
            refuse(text, at, f"A list of values is not possible; write {name}:a OR {name}:b")
    if is_data:
        path = quoted(path, 0)[0] if path[0] == '"' else path
        if not path:
            refuse(text, found.start(), f"A name is missing after {field}.")
        object_ = "" if field == fields.json else field
        return _node(given, lambda test: OfData(path, test, object_), is_name=False), end
    if name == fields.time:
        return _in_time(given), end
    return _node(given, lambda test: OfName(fields.names[name], test), is_name=True), end


def _node(given: Given, tested: Callable[[Test], Node], *, is_name: bool) -> Node:
    """The condition on a field; names are compared as texts only."""
    _, _, operator, pieces, is_quoted = given
    is_text, whole = is_quoted or is_name, given.whole
    if operator == ":" and not is_quoted:
        if len(pieces) > 1:
            return tested(_pattern(given))
        low, is_range, high = whole.partition(_RANGE)
        if is_range and (low or high):
            return both(*(tested(_ordered(given, *end, is_text)) for end in ((">=", low), ("<=", high)) if end[1]))
    if operator in (":", "=", "!="):
        is_exact = operator != ":"
        by_number = number(whole) if not is_text and is_exact_number(whole) else None
        equals = tested(Equals(whole if is_exact else fold(whole), by_number, is_exact))
        return both(tested(Exists()), Without(equals)) if operator == "!=" else equals
    return tested(_ordered(given, operator, whole, is_text))


def _pattern(given: Given) -> Exists | Fits:
    pieces = [fold(piece) for piece in given.pieces]
    if len(pieces) - 1 > MAX_WILDCARDS:
        refuse(given.text, given.at, f"A value has at most {MAX_WILDCARDS} wildcards")
    if not any(pieces):
        return Exists()
    return Fits((pieces[0], *filter(None, pieces[1:-1]), pieces[-1]))


def _ordered(given: Given, operator: str, bound: str, is_text: bool) -> Ordered:
    by_number = None if is_text else number(bound)
    if by_number is not None and math.isinf(by_number):
        refuse(given.text, given.at, "This number is too large")
    return Ordered(cast(Operator, operator), bound if by_number is None else by_number)


def _in_time(given: Given) -> Node:
    """The condition on the time; a day, minute or second is the whole of it."""
    if given.operator == ":" and given.pieces == ["", ""]:
        return EVERYTHING  # every record has a time
    operator, whole = given.operator, given.whole
    low, is_range, high = whole.partition(_RANGE)
    if is_range and operator == ":" and (low or high):
        return InTime(_moment(given, low)[0] if low else None, _moment(given, high)[1] if high else None)
    first, after = _moment(given, whole)
    match operator:
        case "<":
            return InTime(None, first)
        case "<=":
            return InTime(None, after)
        case ">":
            return InTime(after, None)
        case ">=":
            return InTime(first, None)
        case "!=":
            return Without(InTime(first, after))
        case _:
            return InTime(first, after)


def _moment(given: Given, text: str) -> tuple[int, int]:
    found = moment(text)
    if found is None:
        refuse(given.text, given.at, f"This is not a time such as {TIMES}")
    return found
