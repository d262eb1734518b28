"""Evaluates metric queries at the steps of a range."""

from array import array
from collections.abc import Collection
from math import gcd

import numpy as np
from msgspec import Struct

from analytics.logql.budget import MOST_STEPS, MOST_VALUES, LogBudget
from analytics.logql.entry import ERROR_DETAILS, ERROR_LABEL, LEVEL_LABEL, SERVICE_NAME_LABEL, LogEntry
from analytics.logql.errors import BadLogQuery
from analytics.logql.label_tests import label_condition, number_reader
from analytics.logql.nodes import (
    LabelReplace,
    LineFilter,
    LogGrouping,
    LogNumber,
    LogOperation,
    MetricExpression,
    RangeAggregation,
    VectorAggregation,
    VectorOf,
)
from analytics.logql.operators import operated
from analytics.logql.over_time import Times, over_time
from analytics.logql.pipeline import pipeline
from analytics.logql.relabel import relabelled
from analytics.logql.source import LogSource, Wanted
from analytics.logql.vectors import SeriesKey, Vector, aggregated, grouped, key_of, without_empty

ALWAYS = frozenset((SERVICE_NAME_LABEL, LEVEL_LABEL))
"""Labels by which lines can be counted without a look at their resources."""
ADDING = ("rate", "count_over_time", "bytes_rate", "bytes_over_time", "sum_over_time", "absent_over_time")
"""Functions whose sums over series are their values over the lines of all of them."""
FARTHEST = 1 << 63
"""Nanoseconds between 1970 and the times of lines."""
MOST_PARTS = 2_000_000
"""Parts of the time in which lines are counted."""


class Steps(Struct, frozen=True):
    """The times at which a query is evaluated, in nanoseconds since the epoch."""

    start: int
    end: int
    step: int

    def times(self) -> Times:
        """All of them.

        Raises:
            BadLogQuery: there are too many, or the end is before the start.
        """
        if self.end < self.start:
            raise BadLogQuery("end timestamp must not be before or equal to start time")
        if self.step <= 0:
            raise BadLogQuery("zero or negative query resolution step widths are not accepted")
        if (self.end - self.start) // self.step >= MOST_STEPS:
            raise BadLogQuery(
                f"exceeded maximum resolution of {MOST_STEPS:,} points per time series. "
                "Try increasing the value of the step parameter"
            )
        return np.arange(self.start, self.end + 1, self.step, dtype=np.int64)


class MetricQuery:
    """Evaluates one metric query."""

    def __init__(self, source: LogSource, steps: Steps, budget: LogBudget) -> None:
        self._source, self._steps, self._budget = source, steps, budget
        self._times = steps.times()

    def value(self, node: MetricExpression) -> Vector | float:
        """The series of an expression, or a number.

        Raises:
            BadLogQuery: it cannot be evaluated, or costs too much.
        """
        found = self._value(node, None)
        if not isinstance(found, float):
            self._budget.check_series(len(found))
        return found

    def _value(self, node: MetricExpression, grouping: LogGrouping | None) -> Vector | float:
        """`grouping` is that of a sum around it."""
        self._budget.rest()
        match node:
            case LogNumber(value=value):
                return value
            case VectorOf(value=value):
                return {(): np.full(len(self._times), value)}
            case LogOperation():
                return operated(node, self._value(node.left, None), self._value(node.right, None))
            case VectorAggregation():
                return self._aggregated(node)
            case LabelReplace():
                inner = self._value(node.inner, None)
                if isinstance(inner, float):
                    raise BadLogQuery("parse error : label_replace needs series, not a number")
                return relabelled(node, inner)
            case RangeAggregation():
                return self._over_time(node, grouping, frozenset())

    def _aggregated(self, node: VectorAggregation) -> Vector:
        inner = node.inner
        if isinstance(inner, RangeAggregation):
            is_sum = node.function == "sum" and not node.grouping.is_without and inner.function in ADDING
            names = frozenset() if node.grouping.is_without else frozenset(node.grouping.names)
            found: Vector | float = self._over_time(inner, node.grouping if is_sum else None, names)
        else:
            found = self._value(inner, None)
        if isinstance(found, float):
            raise BadLogQuery(f"parse error : {node.function} needs series, not a number")
        return aggregated(node, found)

    def _over_time(self, node: RangeAggregation, grouping: LogGrouping | None, names: frozenset[str]) -> Vector:
        filters = tuple(stage for stage in node.selection.stages if isinstance(stage, LineFilter))
        if node.unwrap is None and len(filters) == len(node.selection.stages):
            vector = self._counted(node, filters, grouping, names)
        else:
            vector = None
        if vector is None:
            vector = self._read(node, grouping, names)
        if node.function == "absent_over_time":
            return self._absent(node, vector)
        return without_empty(vector)

    def _wanted(self, node: RangeAggregation, filters: tuple[LineFilter, ...]) -> Wanted:
        since = self._steps.start - node.offset - node.window + 1
        until = int(self._times[-1]) - node.offset + 1
        if since <= -FARTHEST or until >= FARTHEST:
            raise BadLogQuery("the window of a query is too far from 1970; take a shorter window or offset")
        return Wanted(node.selection.matchers, filters, since, until)

    # --- counted by the source ---------------------------------------------------------------------------------------

    def _counted(
        self,
        node: RangeAggregation,
        filters: tuple[LineFilter, ...],
        grouping: LogGrouping | None,
        names: frozenset[str],
    ) -> Vector | None:
        """Counts by streams, for which no line is read; None where a label is asked for that is none of streams."""
        by: Collection[str] | None = None
        if grouping is not None and ALWAYS.issuperset(grouping.names):
            by = grouping.names
        wanted = self._wanted(node, filters)
        part = gcd(self._steps.step, node.window) if len(self._times) > 1 else node.window
        if (wanted.until - wanted.since) // part > MOST_PARTS:
            raise BadLogQuery("the window and the step have no common divisor that is large enough; change one of them")
        counts_bytes = node.function in ("bytes_rate", "bytes_over_time")
        cells = self._source.cells(wanted, part, by, self._budget, counts_bytes=counts_bytes)
        if names - ALWAYS and cells and not any(names - ALWAYS <= set(cell.labels) for cell in cells):
            return None
        series: dict[SeriesKey, dict[int, float]] = {}
        for cell in cells:
            key = key_of(cell.labels)
            values = series.setdefault(key if grouping is None else grouped(key, grouping), {})
            values[cell.part] = values.get(cell.part, 0.0) + cell.value
        self._budget.check_series(len(series))
        self._check_values(len(series))
        found: Vector = {}
        for key, values in series.items():
            self._budget.rest()
            parts = np.array(sorted(values), dtype=np.int64)
            ends = wanted.since - 1 + (parts + 1) * part  # the last moment of each part: windows end at such
            amounts = np.array([values[place] for place in parts.tolist()])
            found[key] = over_time(node, self._times, ends, amounts, self._budget.rest)
        return found

    # --- read line by line -------------------------------------------------------------------------------------------

    def _read(self, node: RangeAggregation, grouping: LogGrouping | None, names: frozenset[str]) -> Vector:
        stages = node.selection.stages
        leading = 0
        while leading < len(stages) and isinstance(stages[leading], LineFilter):
            leading += 1
        filters = tuple(stage for stage in stages[:leading] if isinstance(stage, LineFilter))
        run, sample = pipeline(stages[leading:]), _Sampler(node)
        samples: dict[SeriesKey, tuple[array[int], array[float]]] = {}
        for entry in self._source.entries(self._wanted(node, filters), self._budget, is_ascending=True):
            if not run(entry):
                continue
            value = sample(entry)
            if value is None:
                continue
            if entry.get(ERROR_LABEL):
                kind, details = entry.get(ERROR_LABEL), entry.get(ERROR_DETAILS)
                raise BadLogQuery(
                    f"pipeline error: '{kind}': {details}. Use a label filter to intentionally skip this error. "
                    f'(e.g | {ERROR_LABEL}!="{kind}")'
                )
            key = self._key(node, entry, grouping, names)
            times, values = samples.setdefault(key, (array("q"), array("d")))
            times.append(entry.time)
            values.append(value)
            if len(values) == 1:
                self._budget.check_series(len(samples))
        self._check_values(len(samples))
        found: Vector = {}
        for key, (times, values) in samples.items():
            self._budget.rest()
            found[key] = over_time(
                node, self._times, np.array(times, dtype=np.int64), np.array(values), self._budget.rest
            )
        return found

    def _key(
        self, node: RangeAggregation, entry: LogEntry, grouping: LogGrouping | None, names: frozenset[str]
    ) -> SeriesKey:
        if node.grouping is not None and not node.grouping.is_without:
            return key_of({name: entry.get(name) for name in node.grouping.names})
        if grouping is not None:
            return key_of({name: entry.get(name) for name in grouping.names})
        labels = {**entry.sent_labels(), **entry.parsed_labels()}
        labels.update({name: entry.get(name) for name in names})
        if node.unwrap is not None:
            labels.pop(node.unwrap.label, None)
        key = key_of(labels)
        return key if node.grouping is None else grouped(key, node.grouping)

    def _check_values(self, series: int) -> None:
        if series * len(self._times) > MOST_VALUES:
            raise BadLogQuery(
                f"the query would answer more than {MOST_VALUES:,} values; use fewer series or a longer step"
            )

    def _absent(self, node: RangeAggregation, vector: Vector) -> Vector:
        """1 at the steps at which no series has a value."""
        is_there = np.zeros(len(self._times), dtype=bool)
        for values in vector.values():
            is_there |= ~np.isnan(values)
        key = key_of({each.name: each.value for each in node.selection.matchers if each.operator == "="})
        return without_empty({key: np.where(is_there, np.nan, 1.0)})


class _Sampler:
    """The number of a line: 1, its bytes, or that of a label; None for a line that does not count."""

    def __init__(self, node: RangeAggregation) -> None:
        self._counts_bytes = node.function in ("bytes_rate", "bytes_over_time")
        self._unwrap = node.unwrap
        self._read = number_reader("" if node.unwrap is None else node.unwrap.conversion)
        self._after = [] if node.unwrap is None else [label_condition(each) for each in node.unwrap.after]

    def __call__(self, entry: LogEntry) -> float | None:
        if self._unwrap is None:
            return float(len(entry.line.encode())) if self._counts_bytes else 1.0
        text = entry.get(self._unwrap.label)
        if not text:
            return None
        value = self._read(text)
        if value is None:
            entry.fail("SampleExtractionErr", f"{text[:100]!r} in {self._unwrap.label} is no number")
        if not all(condition(entry) for condition in self._after):
            return None
        return value if value is not None else 0.0
