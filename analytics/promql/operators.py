"""Operators on two samples: arithmetic and comparisons of floats and histograms."""

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

from analytics.promql import annotations as notes
from analytics.promql.annotations import Annotations
from analytics.promql.block import Floats, Mask, Objects, no_objects, not_none
from analytics.promql.histogram import NativeHistogram
from analytics.promql.histogram_sums import Mixed, added, subtracted

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
SETS = {"and", "or", "unless"}


class Operands(Struct, frozen=True):
    """Two sides of equal shape; where a histogram is not None, it is the sample."""

    left: Floats
    right: Floats
    present: Mask
    left_histograms: Objects | None = None
    right_histograms: Objects | None = None


class OperatorOutcome(Struct, frozen=True):
    """Samples that an operator makes."""

    values: Floats
    present: Mask
    histograms: Objects | None


def apply(operator: str, as_bool: bool, sides: Operands, annotations: Annotations, at: int) -> OperatorOutcome:
    """The operator on all pairs. A comparison keeps the left side where it holds, or is 0 or 1 `as_bool`."""
    with np.errstate(all="ignore"):
        if operator in COMPARISONS:
            holds = np.asarray(COMPARISONS[operator](sides.left, sides.right), bool)
            if as_bool:
                outcome = OperatorOutcome(holds.astype(float), sides.present, None)
            else:
                outcome = OperatorOutcome(sides.left, sides.present & holds, None)
        else:
            outcome = OperatorOutcome(np.asarray(ARITHMETIC[operator](sides.left, sides.right)), sides.present, None)
    if sides.left_histograms is None and sides.right_histograms is None:
        return outcome
    return _with_histograms(operator, as_bool, sides, outcome, annotations, at)


def _with_histograms(
    operator: str, as_bool: bool, sides: Operands, outcome: OperatorOutcome, annotations: Annotations, at: int
) -> OperatorOutcome:
    shape = sides.present.shape
    lefts = no_objects(shape) if sides.left_histograms is None else np.broadcast_to(sides.left_histograms, shape)
    rights = no_objects(shape) if sides.right_histograms is None else np.broadcast_to(sides.right_histograms, shape)
    values, present, histograms = outcome.values.copy(), outcome.present.copy(), no_objects(shape)
    for step, column in np.argwhere(sides.present & (not_none(lefts) | not_none(rights))).tolist():
        left = lefts[step, column]
        right = rights[step, column]
        result = _pair(
            operator,
            float(sides.left[step, column]) if left is None else left,
            float(sides.right[step, column]) if right is None else right,
            annotations,
            at,
        )
        if as_bool and isinstance(result, bool):
            values[step, column], present[step, column] = float(result), True
            continue
        if isinstance(result, bool):
            result = left if result else None
        histograms[step, column] = result
        present[step, column] = result is not None
    return OperatorOutcome(values, present, histograms)


def _pair(
    operator: str, left: float | NativeHistogram, right: float | NativeHistogram, annotations: Annotations, at: int
) -> NativeHistogram | bool | None:
    """The result with at least one histogram; a comparison's truth; None with an annotation if it has no meaning."""
    if isinstance(left, NativeHistogram) and isinstance(right, NativeHistogram):
        if operator in ("==", "!="):
            return left.equals(right) == (operator == "==")
        if operator in ("+", "-"):
            return _summed(operator, left, right, annotations, at)
        annotations.inform(notes.incompatible_types("histogram", operator, "histogram"), at)
        return None
    if isinstance(left, NativeHistogram):
        assert not isinstance(right, NativeHistogram)
        if operator in ("*", "/"):
            return left.scaled(right) if operator == "*" else left.divided(right)
        annotations.inform(notes.incompatible_types("histogram", operator, "float"), at)
        return None
    assert isinstance(right, NativeHistogram)
    if operator == "*":
        return right.scaled(left)
    annotations.inform(notes.incompatible_types("float", operator, "histogram"), at)
    return None


def _summed(
    operator: str, left: NativeHistogram, right: NativeHistogram, annotations: Annotations, at: int
) -> NativeHistogram | None:
    word = "addition" if operator == "+" else "subtraction"
    try:
        outcome = added(left, right) if operator == "+" else subtracted(left, right)
    except Mixed:
        annotations.warn(notes.incompatible_layout(operator), at)
        return None
    if outcome.collides:
        annotations.warn(notes.reset_collision(word), at)
    if outcome.reconciled:
        annotations.inform(notes.reconciled_bounds(word), at)
    return outcome.histogram
