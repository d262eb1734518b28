"""Series over the steps of a query: arrays in which NaN stands for no value, and aggregations of them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.logql.nodes import LogGrouping, VectorAggregation

Values = NDArray[np.float64]
SeriesKey = tuple[tuple[str, str], ...]
"""Labels ordered by name."""
Vector = dict[SeriesKey, Values]


def key_of(labels: Mapping[str, str]) -> SeriesKey:
    """Labels as the key of a series."""
    return tuple(sorted((name, text) for name, text in labels.items() if text))


def grouped(key: SeriesKey, grouping: LogGrouping) -> SeriesKey:
    """The labels that a grouping keeps."""
    return tuple(pair for pair in key if (pair[0] in grouping.names) != grouping.is_without)


def aggregated(node: VectorAggregation, vector: Vector) -> Vector:
    """An aggregation of series."""
    if node.function in ("sort", "sort_desc"):
        sign = -1 if node.function == "sort_desc" else 1
        ordered = sorted(vector.items(), key=lambda item: _order(sign * item[1][-1]))
        return dict(ordered)
    groups: dict[SeriesKey, list[SeriesKey]] = defaultdict(list)
    for key in vector:
        groups[grouped(key, node.grouping)].append(key)
    if node.function in ("topk", "bottomk"):
        return _ranked(node, vector, groups.values())
    return {group: _reduced(node.function, np.array([vector[key] for key in keys])) for group, keys in groups.items()}


def _order(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _reduced(function: str, values: NDArray[np.float64]) -> Values:
    """One value for each step, of the series that have one there."""
    is_there = ~np.isnan(values)
    counts = is_there.sum(axis=0)
    found: Any
    match function:
        case "count":
            found = counts.astype(float)
        case "min":
            found = np.where(is_there, values, np.inf).min(axis=0)
        case "max":
            found = np.where(is_there, values, -np.inf).max(axis=0)
        case _:
            sums = np.where(is_there, values, 0.0).sum(axis=0)
            means = sums / np.maximum(counts, 1)
            if function == "sum":
                found = sums
            elif function == "avg":
                found = means
            else:
                variance = np.where(is_there, (values - means) ** 2, 0.0).sum(axis=0) / np.maximum(counts, 1)
                found = variance if function == "stdvar" else np.sqrt(variance)
    result: Values = np.where(counts > 0, found, np.nan)
    return result


def _ranked(node: VectorAggregation, vector: Vector, groups: Iterable[list[SeriesKey]]) -> Vector:
    """The greatest or least values of each group at each step; the others are left out."""
    count = int(min(node.parameter or 1, 1 << 30))
    sign = -1.0 if node.function == "topk" else 1.0
    found: Vector = {}
    for keys in groups:
        values = np.array([vector[key] for key in keys])
        ranks = np.argsort(np.argsort(np.where(np.isnan(values), np.inf, sign * values), axis=0, kind="stable"), axis=0)
        kept = np.where(ranks < count, values, np.nan)
        found.update(zip(keys, kept, strict=True))
    return without_empty(found)


def without_empty(vector: Vector) -> Vector:
    """The series that have a value at some step."""
    return {key: values for key, values in vector.items() if not np.isnan(values).all()}
