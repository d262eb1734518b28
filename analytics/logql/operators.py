"""Operators between numbers and series."""

from collections.abc import Callable
from typing import Any

import numpy as np

from analytics.logql.errors import BadLogQuery
from analytics.logql.nodes import LogMatching, LogOperation
from analytics.logql.vectors import SeriesKey, Values, Vector, key_of, without_empty


def _divided(first: Any, second: Any) -> Any:
    """The quotient; by zero it is not a number, as in Loki, so that no errors of no lines are no share of them."""
    return np.where(np.equal(second, 0), np.nan, np.divide(first, second))


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
CALCULATE: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divided,
    "%": np.fmod,
    "^": np.power,
}
SETS = ("and", "or", "unless")


def operated(node: LogOperation, left: Vector | float, right: Vector | float) -> Vector | float:
    """The values of an operator.

    Raises:
        BadLogQuery: several series match one.
    """
    with np.errstate(all="ignore"):
        if isinstance(left, float) and isinstance(right, float):
            if node.operator in SETS:
                raise BadLogQuery(f"parse error : {node.operator} goes with series only")
            return float((COMPARE.get(node.operator) or CALCULATE[node.operator])(np.float64(left), np.float64(right)))
        if isinstance(left, float) or isinstance(right, float):
            return _with_number(node, left, right)
        if node.operator in SETS:
            return _combined(node, left, right)
        if node.matching is not None and node.matching.many:
            return _many_to_one(node, node.matching, left, right)
        return _between(node, left, right)


def _with_number(node: LogOperation, left: Vector | float, right: Vector | float) -> Vector:
    vector = right if isinstance(left, float) else left
    assert not isinstance(vector, float)
    if node.operator in SETS:
        raise BadLogQuery(f"parse error : {node.operator} goes with series only")
    found: Vector = {}
    for key, values in vector.items():
        first, second = (left, values) if isinstance(left, float) else (values, right)
        found[key] = _value(node, first, second, values)
    return without_empty(found)


def _value(node: LogOperation, first: Any, second: Any, kept: Values) -> Values:
    """The result at each step; of a comparison the values that are kept, or 0 and 1."""
    if node.operator in CALCULATE:
        calculated: Values = CALCULATE[node.operator](first, second)
        return calculated
    holds = COMPARE[node.operator](first, second)
    is_there = ~(np.isnan(first) | np.isnan(second))
    result: Values = (
        np.where(is_there, holds.astype(float), np.nan) if node.is_bool else np.where(holds & is_there, kept, np.nan)
    )
    return result


def _signature(node: LogOperation, key: SeriesKey) -> SeriesKey:
    """The labels by which series of both sides find each other."""
    if node.matching is None:
        return key
    return tuple(pair for pair in key if (pair[0] in node.matching.names) == node.matching.is_on)


def _by_signature(node: LogOperation, vector: Vector) -> Vector:
    found: Vector = {}
    for key, values in vector.items():
        signature = _signature(node, key)
        if signature in found:
            if (~np.isnan(found[signature]) & ~np.isnan(values)).any():
                raise BadLogQuery(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                )
            values = np.where(np.isnan(values), found[signature], values)
        found[signature] = values
    return found


def _between(node: LogOperation, left: Vector, right: Vector) -> Vector:
    firsts, seconds = _by_signature(node, left), _by_signature(node, right)
    found: Vector = {}
    for signature, first in firsts.items():
        second = seconds.get(signature)
        if second is not None:
            found[signature] = _value(node, first, second, first)
    if node.operator in CALCULATE or node.is_bool:
        return without_empty(found)
    kept = {
        key: np.where(np.isnan(found[s]), np.nan, values)
        for key, values in left.items()
        if (s := _signature(node, key)) in found
    }
    return without_empty(kept)


def _many_to_one(node: LogOperation, matching: LogMatching, left: Vector, right: Vector) -> Vector:
    """Each series of one side with the one that it finds on the other; results have the labels of the first."""
    is_left = matching.many == "left"
    many, one = (left, right) if is_left else (right, left)
    ones, labels_of = _by_signature(node, one), {_signature(node, key): dict(key) for key in one}
    found: Vector = {}
    for key, values in many.items():
        signature = _signature(node, key)
        other = ones.get(signature)
        if other is None:
            continue
        included = {name: labels_of[signature].get(name, "") for name in matching.included}
        new = key_of({**dict(key), **included})
        first, second = (values, other) if is_left else (other, values)
        calculated = _value(node, first, second, first)
        before = found.get(new)
        if before is not None:
            if (~np.isnan(before) & ~np.isnan(calculated)).any():
                raise BadLogQuery("multiple matches for labels: grouping labels must ensure unique matches")
            calculated = np.where(np.isnan(calculated), before, calculated)
        found[new] = calculated
    return without_empty(found)


def _combined(node: LogOperation, left: Vector, right: Vector) -> Vector:
    """`and`, `or` and `unless`: series of the left, and for `or` those of the right where the left has none."""
    found: Vector = {}
    there = _presence(node, right)
    for key, values in left.items():
        is_right = there.get(_signature(node, key), np.zeros(len(values), dtype=bool))
        if node.operator == "or":
            found[key] = values
        else:
            found[key] = np.where(is_right == (node.operator == "and"), values, np.nan)
    if node.operator == "or":
        there = _presence(node, left)
        for key, values in right.items():
            is_left = there.get(_signature(node, key), np.zeros(len(values), dtype=bool))
            added = np.where(is_left, np.nan, values)
            found[key] = added if key not in found else np.where(np.isnan(found[key]), added, found[key])
    return without_empty(found)


def _presence(node: LogOperation, vector: Vector) -> dict[SeriesKey, Any]:
    found: dict[SeriesKey, Any] = {}
    for key, values in vector.items():
        signature, is_there = _signature(node, key), ~np.isnan(values)
        found[signature] = is_there | found[signature] if signature in found else is_there
    return found
