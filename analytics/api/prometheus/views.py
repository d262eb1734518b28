"""The views of the Prometheus API: parameters in, answers out."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from flask import Response, request

from analytics.api.prometheus.answers import listed, success
from analytics.api.prometheus.params import FORM, Params
from analytics.api.prometheus.queries import Queries
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.points import NAME_LABEL, Labels
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import BadQuery
from analytics.promql.matchers import LabelMatcher
from analytics.promql.parse import formatted, matchers_of, selectors_of
from analytics.promql.render import rendered
from analytics.query.exemplars import ExemplarsOfSeries

FORM_LIMIT = 1 << 20
_ESCAPED = re.compile(r"_([0-9a-fA-F]{1,6})_|__")
Metadata = dict[str, list[dict[str, str]]]
"""Type, help and unit by name of metric."""
FindExemplars = Callable[[Sequence[Sequence[LabelMatcher]], float, float], list[ExemplarsOfSeries]]


class PrometheusViews:
    """The views.

    Args:
        metadata: what is known about metrics.
        find_exemplars: the exemplars of selectors between two times in seconds since the epoch.
    """

    def __init__(
        self,
        queries: Queries,
        clock: Clock,
        metadata: Callable[[], Metadata],
        find_exemplars: FindExemplars,
    ) -> None:
        self._queries, self._clock = queries, clock
        self._metadata, self._find_exemplars = metadata, find_exemplars
        self._bodies = BodyReader(BodyLimits(FORM_LIMIT), (FORM,))
        self.families = queries.families

    def query(self) -> Response:
        """The value of a query at one time."""
        params = Params(self._bodies)
        text, at = params.needed("query"), params.time("time", self._clock.wall())
        limit = params.count("limit")
        return self._queries.run(
            lambda engine, budget: rendered(engine.instant(text, at, budget), limit), params, request.environ
        )

    def query_range(self) -> Response:
        """The values of a query at the steps of a range."""
        params = Params(self._bodies)
        text, start, end = params.needed("query"), params.time("start"), params.time("end")
        step = params.duration("step", 0)
        limit = params.count("limit")
        return self._queries.run(
            lambda engine, budget: rendered(engine.range(text, start, end, step, budget), limit),
            params,
            request.environ,
        )

    def series(self) -> Response:
        """The labels of series."""
        params = Params(self._bodies)
        if not params.all("match[]"):
            raise BadQuery("no match[] parameter provided")
        return self._listing(params, _in_order)

    def labels(self) -> Response:
        """The names of labels."""
        return self._listing(
            Params(self._bodies), lambda found: sorted({name for labels in found for name, _ in labels})
        )

    def values(self, label: str) -> Response:
        """The values of a label."""
        name = _unescaped(label)
        return self._listing(
            Params(self._bodies), lambda found: sorted({dict(labels).get(name, "") for labels in found} - {""})
        )

    def described(self) -> Response:
        """Type, help and unit of metrics."""
        params = Params(self._bodies)
        found, wanted, limit = self._metadata(), params.get("metric"), params.count("limit")
        chosen = {name: about for name, about in sorted(found.items()) if not wanted or name == wanted}
        return success(dict(list(chosen.items())[: limit or None]))

    def exemplars(self) -> Response:
        """The exemplars of the series of a query."""
        params = Params(self._bodies)
        selectors, now = selectors_of(params.needed("query")), self._clock.wall()
        start, end = params.time("start", 0.0), params.time("end", now)
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start timestamp')
        return success(self._find_exemplars(selectors, start / 1000, end / 1000))

    def format_query(self) -> Response:
        """A query in its usual form."""
        return success(formatted(Params(self._bodies).needed("query")))

    def _listing(self, params: Params, chosen: Callable[[list[Labels]], Sequence[object]]) -> Response:
        """A list of something of the series that any of the selectors finds; of all without one."""
        start, end = params.time("start", 0.0), params.time("end", self._clock.wall())
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
        selectors = [matchers_of(text) for text in params.all("match[]")] or [()]
        limit = params.count("limit")

        def parts(engine: PromqlEngine, budget: Budget) -> Iterator[bytes]:
            found = [engine.storage.labels(matchers, start, end, budget) for matchers in selectors]
            yield from listed(chosen(list(dict.fromkeys(chain.from_iterable(found)))), limit)

        return self._queries.run(parts, params, request.environ)


def _in_order(found: list[Labels]) -> list[dict[str, str]]:
    """Labels of series, ordered by name."""
    ordered = sorted(found, key=lambda labels: (dict(labels).get(NAME_LABEL, ""), labels))
    return [dict(labels) for labels in ordered]


def _unescaped(label: str) -> str:
    """A label's name, which clients escape if it is not of the classic kind: `U__host_2e_name` is `host.name`."""
    if not label.startswith("U__"):
        return label
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", label.removeprefix("U__"))
