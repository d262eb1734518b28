"""Sums and means that keep what rounding would lose (Neumaier's variant of Kahan's summation), along the first axis.

Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, 1974. As in Prometheus, a
mean is computed incrementally from the first value with which the sum would overflow.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


_LONG = 512
"""So many values are summed in parts at the same time, and then the parts' sums."""


def add(total: Floats, lost: Floats, value: Floats) -> tuple[Floats, Floats]:
    """The sums after adding values, and the parts that rounding has lost so far."""
    result = total + value
    greater = np.abs(total) >= np.abs(value)
    more = np.where(greater, (total - result) + value, (value - result) + total)
    return result, np.where(np.isinf(result), 0.0, lost + more)


def sums(values: Floats, present: Mask) -> Floats:
    """Sum of the present values in each column; 0 where none is."""
    if len(values) > _LONG:
        values, present = _in_parts(values, present)
    total, lost = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    with np.errstate(all="ignore"):
        for row, mask in zip(values, present, strict=True):
            after, more = add(total, lost, row)
            total, lost = np.where(mask, after, total), np.where(mask, more, lost)
        return total + np.where(np.isnan(lost) & ~np.isnan(total), 0.0, lost)


def means(values: Floats, present: Mask, *, together: bool = False) -> Floats:
    """Mean of the present values in each column; NaN where none is.

    With `together`, all columns go over to incremental means as soon as one overflows, as the buckets of a histogram.
    """
    shape = values.shape[1:]
    if len(values) > _LONG:
        with np.errstate(all="ignore"):
            number = present.sum(0)
            mean = sums(values, present) / number
            return mean if np.isfinite(mean).all() else np.asarray(sums(values / number, present))
    total, lost, mean = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    count, stepwise = np.zeros(shape), np.zeros(shape, bool)
    with np.errstate(all="ignore"):
        for row, mask in zip(values, present, strict=True):
            count = count + mask
            after, more = add(total, lost, row)
            overflows = mask & ~stepwise & np.isinf(after) & (count > 1)
            if together and overflows.any():
                overflows = mask & ~stepwise
            mean = np.where(overflows, total / (count - 1), mean)
            lost = np.where(overflows, lost / (count - 1), lost)
            stepwise = stepwise | overflows
            plain = mask & ~stepwise
            share = (count - 1) / count
            next_mean, next_lost = add(share * mean, share * lost, row / count)
            total = np.where(plain, after, total)
            mean = np.where(mask & stepwise, next_mean, mean)
            lost = np.where(plain, more, np.where(mask & stepwise, next_lost, lost))
        return np.where(stepwise, mean + lost, total / count + lost / count)


def _in_parts(values: Floats, present: Mask) -> tuple[Floats, Mask]:
    """Sums of parts of each column, and what rounding lost in them, as fewer values with the same sum."""
    length = int(len(values) ** 0.5)
    whole = len(values) // length * length
    shape = (length, whole // length, *values.shape[1:])
    total, lost = np.zeros(shape[1:]), np.zeros(shape[1:])
    with np.errstate(all="ignore"):
        for row, mask in zip(values[:whole].reshape(shape), present[:whole].reshape(shape), strict=True):
            after, more = add(total, lost, np.where(mask, row, 0.0))
            total, lost = after, more
    lost = np.where(np.isfinite(lost), lost, 0.0)
    parts = [total, lost, np.where(present[whole:], values[whole:], 0.0)]
    everything: Floats = np.concatenate(parts)
    return everything, np.ones(everything.shape, bool)
