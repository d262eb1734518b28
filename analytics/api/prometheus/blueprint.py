"""Routes of the Prometheus API. What answers them is loaded with the first request."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from analytics.api.prometheus.answers import success, with_errors
from analytics.api.prometheus.rules import chosen_rules
from analytics.lazy import Lazy
from analytics.version import VERSION

if TYPE_CHECKING:
    from analytics.api.prometheus.views import PrometheusViews

SPOKEN = "3.0.0"
"""Version of Prometheus whose API and PromQL are spoken: clients choose what they send by it."""


Listing = Callable[[], list[dict[str, Any]]]


def prometheus_blueprint(views: Lazy["PrometheusViews"], groups_of_rules: Listing, active_alerts: Listing) -> Blueprint:
    """Blueprint of `/api/v1/`."""
    blueprint = Blueprint("prometheus", __name__, url_prefix="/api/v1")
    both = ["GET", "POST"]

    @blueprint.route("/query", methods=both)
    @with_errors
    def query() -> Response:
        return views().query()

    @blueprint.route("/query_range", methods=both)
    @with_errors
    def query_range() -> Response:
        return views().query_range()

    @blueprint.route("/series", methods=both)
    @with_errors
    def series() -> Response:
        return views().series()

    @blueprint.route("/labels", methods=both)
    @with_errors
    def labels() -> Response:
        return views().labels()

    @blueprint.get("/label/<label>/values")
    @with_errors
    def values(label: str) -> Response:
        return views().values(label)

    @blueprint.get("/metadata")
    @with_errors
    def described() -> Response:
        return views().described()

    @blueprint.route("/query_exemplars", methods=both)
    @with_errors
    def exemplars() -> Response:
        return views().exemplars()

    @blueprint.get("/rules")
    @with_errors
    def rules() -> Response:
        return success({"groups": chosen_rules(groups_of_rules(), request.args)})

    @blueprint.get("/alerts")
    @with_errors
    def alerts() -> Response:
        return success({"alerts": active_alerts()})

    @blueprint.get("/status/buildinfo")
    @with_errors
    def build_info() -> Response:
        empty = dict.fromkeys(("branch", "buildUser", "buildDate", "goVersion"), "")
        return success({"version": SPOKEN, "revision": f"analytics-{VERSION}", **empty})

    @blueprint.route("/format_query", methods=both)
    @with_errors
    def format_query() -> Response:
        return views().format_query()

    return blueprint
