"""Routes of the Prometheus API."""

import re
from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request

from analytics.api.prometheus.answers import success, with_errors
from analytics.api.prometheus.params import FORM, Params
from analytics.api.prometheus.queries import Queries
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.points import NAME_LABEL, Labels
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import BadQuery
from analytics.promql.parse import formatted, matchers_of
from analytics.version import VERSION

FORM_LIMIT = 1 << 20
SPOKEN = "3.0.0"
"""Version of Prometheus whose API and PromQL are spoken: clients choose what they send by it."""
_ESCAPED = re.compile(r"_([0-9a-fA-F]{1,6})_|__")
Metadata = Callable[[], dict[str, list[dict[str, str]]]]


def prometheus_blueprint(engine: PromqlEngine, queries: Queries, clock: Clock, metadata: Metadata) -> Blueprint:
    """Blueprint of `/api/v1/`.

    Args:
        metadata: type, help and unit by name of metric.
    """
    blueprint = Blueprint("prometheus", __name__, url_prefix="/api/v1")
    bodies = BodyReader(BodyLimits(FORM_LIMIT), (FORM,))
    both = ["GET", "POST"]

    @blueprint.route("/query", methods=both)
    @with_errors
    def query() -> Response:
        params = Params(bodies)
        text, at = params.needed("query"), params.time("time", clock.wall())
        return queries.run(lambda engine, budget: engine.instant(text, at, budget), params, request.environ)

    @blueprint.route("/query_range", methods=both)
    @with_errors
    def query_range() -> Response:
        params = Params(bodies)
        text, start, end = params.needed("query"), params.time("start"), params.time("end")
        step = params.duration("step", 0)
        return queries.run(lambda engine, budget: engine.range(text, start, end, step, budget), params, request.environ)

    @blueprint.route("/series", methods=both)
    @with_errors
    def series() -> Response:
        params = Params(bodies)
        if not params.all("match[]"):
            raise BadQuery("no match[] parameter provided")
        return _limited([dict(labels) for labels in _matching(engine, params, clock)], params)

    @blueprint.route("/labels", methods=both)
    @with_errors
    def labels() -> Response:
        params = Params(bodies)
        names = {name for found in _matching(engine, params, clock) for name, _ in found}
        return _limited(sorted(names), params)

    @blueprint.get("/label/<label>/values")
    @with_errors
    def values(label: str) -> Response:
        params = Params(bodies)
        name = _unescaped(label)
        found = {dict(labels).get(name, "") for labels in _matching(engine, params, clock)}
        return _limited(sorted(found - {""}), params)

    @blueprint.get("/metadata")
    @with_errors
    def described() -> Response:
        params = Params(bodies)
        found, wanted, limit = metadata(), params.get("metric"), params.count("limit")
        chosen = {name: about for name, about in sorted(found.items()) if not wanted or name == wanted}
        return success(dict(list(chosen.items())[: limit or None]))

    @blueprint.route("/query_exemplars", methods=both)
    @with_errors
    def exemplars() -> Response:
        Params(bodies)
        return success([])

    @blueprint.get("/rules")
    @with_errors
    def rules() -> Response:
        return success({"groups": []})

    @blueprint.get("/alerts")
    @with_errors
    def alerts() -> Response:
        return success({"alerts": []})

    @blueprint.get("/status/buildinfo")
    @with_errors
    def build_info() -> Response:
        empty = dict.fromkeys(("branch", "buildUser", "buildDate", "goVersion"), "")
        return success({"version": SPOKEN, "revision": f"analytics-{VERSION}", **empty})

    @blueprint.route("/format_query", methods=both)
    @with_errors
    def format_query() -> Response:
        return success(formatted(Params(bodies).needed("query")))

    return blueprint


def _matching(engine: PromqlEngine, params: Params, clock: Clock) -> list[Labels]:
    """The series that any of the selectors finds; all without one."""
    start, end = params.time("start", 0.0), params.time("end", clock.wall())
    if end < start:
        raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
    selectors = [matchers_of(text) for text in params.all("match[]")] or [()]
    found = {labels: None for matchers in selectors for labels in engine.storage.labels(matchers, start, end)}
    return sorted(found, key=lambda labels: (dict(labels).get(NAME_LABEL, ""), labels))


def _limited(found: Sequence[object], params: Params) -> Response:
    limit = params.count("limit")
    if limit and len(found) > limit:
        return success(found[:limit], ["results truncated due to limit"])
    return success(found)


def _unescaped(label: str) -> str:
    """A label's name, which clients escape if it is not of the classic kind: `U__host_2e_name` is `host.name`."""
    if not label.startswith("U__"):
        return label
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", label.removeprefix("U__"))
