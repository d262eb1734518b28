"""The views of Loki's API: parameters in, answers out."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from flask import Response, request

from analytics.api.answers import answer
from analytics.api.loki.answers import instant, matrix, result, seconds, streams, success, wants_categories
from analytics.api.loki.params import LokiParams
from analytics.api.prometheus.params import FORM
from analytics.api.prometheus.places import QueryPlaces
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.internals.departure import departure
from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.entry import Labels
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import LogSelection, MetricExpression
from analytics.logql.parse import matchers_of, parse
from analytics.logql.select import selected
from analytics.logql.source import Wanted
from analytics.logql.vectors import Values
from analytics.promql.errors import QueryCanceled
from analytics.query.records.log_source import RecordLogSource, StreamCounts
from analytics.query.records.source import RecordSource

FORM_LIMIT = 1 << 20
AT_ONCE, MOST_WAITING = 4, 100
"""Queries that are answered at the same time, and that wait."""
USUAL_VOLUMES = 100


class LokiViews:
    """The views.

    Args:
        pause: lets other greenlets run; called every few milliseconds.
    """

    def __init__(self, records: RecordSource, clock: Clock, limits: LogLimits, pause: Callable[[], None]) -> None:
        self._source, self._clock, self._limits, self._pause = RecordLogSource(records), clock, limits, pause
        self._bodies = BodyReader(BodyLimits(FORM_LIMIT), (FORM,))
        self._places = QueryPlaces(AT_ONCE, MOST_WAITING)

    def query(self) -> Response:
        """The value of a metric query at one time."""
        params = self._params()
        at, found = params.moment("time", params.now), parse(params.asked("query"))
        if isinstance(found, LogSelection):
            raise BadLogQuery(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        metric = found
        return self._answer(lambda budget: self._instant(metric, at, budget))

    def query_range(self) -> Response:
        """The lines of a query, or the values of a metric query at the steps of a range."""
        params = self._params()
        found, (start, end) = parse(params.asked("query")), params.span()
        if end < start:
            raise BadLogQuery("end timestamp must not be before or equal to start time")
        step = params.step(start, end)
        if isinstance(found, LogSelection):
            selection, limit, is_ascending = found, params.lines(), params.is_ascending()
            spacing, is_categorized = params.length("interval", 0), wants_categories()

            def lines(budget: LogBudget) -> dict[str, Any]:
                entries = selected(
                    self._source,
                    selection,
                    start,
                    end,
                    budget,
                    limit=limit,
                    is_ascending=is_ascending,
                    spacing=spacing,
                )
                return result(
                    "streams", streams(entries, is_categorized=is_categorized), budget, is_categorized=is_categorized
                )

            return self._answer(lines)
        metric, steps = found, Steps(start, end, step)
        return self._answer(lambda budget: self._matrix(metric, steps, budget))

    def labels(self) -> Response:
        """The names of labels."""
        return self._of_streams(lambda found: sorted({name for labels in found for name in labels}))

    def values(self, name: str) -> Response:
        """The values of a label."""
        return self._of_streams(lambda found: sorted({labels.get(name, "") for labels in found} - {""}))

    def detected_labels(self) -> Response:
        """The names of labels, and how many values each has."""

        def counted(found: list[Labels]) -> list[Any]:
            values: dict[str, set[str]] = {}
            for labels in found:
                for name, text in labels.items():
                    values.setdefault(name, set()).add(text)
            return [{"label": name, "cardinality": len(values[name])} for name in sorted(values)]

        return self._of_streams(counted, field="detectedLabels")

    def series(self) -> Response:
        """The labels of streams."""
        return self._of_streams(lambda found: [dict(labels) for labels in found], needs_selector=True)

    def stats(self) -> Response:
        """How many streams, lines and bytes a selector has."""
        params = self._params()
        matchers, (start, end) = matchers_of(params.asked("query")), params.span()

        def counted(budget: LogBudget) -> dict[str, int]:
            found = self._source.streams(Wanted(matchers, (), start, end), budget)
            return {
                "streams": len(found),
                "chunks": len(found),
                "bytes": sum(each.size for each in found),
                "entries": sum(each.lines for each in found),
            }

        return self._answer(counted, is_bare=True)

    def volume(self) -> Response:
        """How many bytes streams have, the largest first."""
        params = self._params()
        matchers, (start, end) = matchers_of(params.asked("query")), params.span()
        limit, volumes = _most(params), _Volumes(params, [matcher.name for matcher in matchers])

        def counted(budget: LogBudget) -> dict[str, Any]:
            found = volumes.summed(self._source.streams(Wanted(matchers, (), start, end), budget))[:limit]
            values = [{"metric": dict(key), "value": [seconds(end), str(size)]} for key, size in found]
            return result("vector", values, budget)

        return self._answer(counted)

    def volume_range(self) -> Response:
        """The same at the steps of a range."""
        params = self._params()
        matchers, (start, end) = matchers_of(params.asked("query")), params.span()
        limit, volumes = _most(params), _Volumes(params, [matcher.name for matcher in matchers])
        step = params.step(start, end)
        steps = Steps(start, end, step)

        def counted(budget: LogBudget) -> dict[str, Any]:
            times = steps.times().tolist()
            wanted = Wanted(matchers, (), start, end)
            cells = self._source.cells(wanted, step, None, budget, counts_bytes=True)
            by_key: dict[tuple[tuple[str, str], ...], dict[int, int]] = {}
            for cell in cells:
                for key in volumes.keys_of(cell.labels):
                    values = by_key.setdefault(key, {})
                    values[cell.part] = values.get(cell.part, 0) + int(cell.value)
            ordered = sorted(by_key.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:limit]
            found = [
                {
                    "metric": dict(key),
                    "values": [[seconds(times[part]), str(values[part])] for part in sorted(values)],
                }
                for key, values in ordered
            ]
            return result("matrix", found, budget)

        return self._answer(counted)

    def _instant(self, metric: MetricExpression, at: int, budget: LogBudget) -> dict[str, Any]:
        found = MetricQuery(self._source, Steps(at, at, 1), budget).value(metric)
        if isinstance(found, float):
            (row,) = instant({(): _constant(found, 1)}, at)
            return result("scalar", row["value"], budget)
        return result("vector", instant(found, at), budget)

    def _matrix(self, metric: MetricExpression, steps: Steps, budget: LogBudget) -> dict[str, Any]:
        found = MetricQuery(self._source, steps, budget).value(metric)
        if isinstance(found, float):
            found = {(): _constant(found, len(steps.times()))}
        return result("matrix", matrix(found, steps), budget)

    def _of_streams(
        self, chosen: Callable[[list[Labels]], list[Any]], *, needs_selector: bool = False, field: str = ""
    ) -> Response:
        """A list of something of the streams that any of the selectors finds; bare in a field if one is given."""
        params = self._params()
        start, end = params.span()
        texts = [*params.all("match[]"), *params.all("match"), *params.all("query")]
        if needs_selector and not texts:
            raise BadLogQuery("0 matcher groups supplied: the parameter match[] is missing")
        selectors = [matchers_of(text) for text in texts if text] or [()]

        def listed(budget: LogBudget) -> Any:
            found: dict[tuple[tuple[str, str], ...], Labels] = {}
            for matchers in selectors:
                for each in self._source.streams(Wanted(matchers, (), start, end), budget):
                    found.setdefault(tuple(sorted(each.labels.items())), each.labels)
            listed = chosen(list(found.values()))
            return {field: listed} if field else listed

        return self._answer(listed, is_bare=bool(field))

    def _params(self) -> LokiParams:
        return LokiParams(self._bodies, self._clock.wall())

    def _answer(self, make: Callable[[LogBudget], Any], *, is_bare: bool = False) -> Response:
        has_left = departure(request.environ)

        def pause() -> None:
            self._pause()
            if has_left():
                raise QueryCanceled("the client went away")

        with self._places.taken(self._limits.seconds, lambda: not has_left()):
            data = make(LogBudget(self._limits, pause, time.monotonic, lambda: not has_left()))
        return answer(data) if is_bare else success(data)


class _Volumes:
    """The labels by which volumes are summed."""

    def __init__(self, params: LokiParams, names: list[str]) -> None:
        targets = [name.strip() for name in params.get("targetLabels").split(",") if name.strip()]
        self._names = frozenset(targets or names)
        self._by_name = params.get("aggregateBy") == "labels"

    def keys_of(self, labels: Labels) -> Iterable[tuple[tuple[str, str], ...]]:
        """The series to which a stream adds."""
        chosen = {name: text for name, text in labels.items() if not self._names or name in self._names}
        if self._by_name:
            return [((name, ""),) for name in sorted(chosen)]
        return [tuple(sorted(chosen.items()))]

    def summed(self, found: list[StreamCounts]) -> list[tuple[tuple[tuple[str, str], ...], int]]:
        """Characters of the lines of each series, the most first."""
        sizes: dict[tuple[tuple[str, str], ...], int] = {}
        for each in found:
            for key in self.keys_of(each.labels):
                sizes[key] = sizes.get(key, 0) + each.size
        return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))


def _most(params: LokiParams) -> int:
    return params.lines() if params.get("limit") else USUAL_VOLUMES


def _constant(value: float, count: int) -> Values:
    return np.full(count, value)
