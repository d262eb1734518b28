"""Routes of Loki's query API. What answers them is loaded with the first request."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.lazy import Lazy
from analytics.version import VERSION

if TYPE_CHECKING:
    from analytics.api.loki.views import LokiViews

SPOKEN = "3.0.0"
"""Version of Loki whose API is spoken: clients choose what they ask by it."""


def loki_blueprint(views: Lazy["LokiViews"]) -> Blueprint:
    """Blueprint of `/loki/api/v1/`."""
    blueprint = Blueprint("loki", __name__, url_prefix="/loki/api/v1")
    both = ["GET", "POST"]

    def add(rule: str, method: str) -> None:
        def view(**given: Any) -> Response:
            from analytics.api.loki.answers import with_errors

            return with_errors(getattr(views(), method))(**given)

        blueprint.add_url_rule(rule, method, view, methods=both if rule != "/label/<name>/values" else ["GET"])

    for rule, method in (
        ("/query", "query"),
        ("/query_range", "query_range"),
        ("/labels", "labels"),
        ("/label/<name>/values", "values"),
        ("/detected_labels", "detected_labels"),
        ("/series", "series"),
        ("/index/stats", "stats"),
        ("/index/volume", "volume"),
        ("/index/volume_range", "volume_range"),
    ):
        add(rule, method)

    @blueprint.get("/status/buildinfo")
    def build_info() -> Response:
        empty = dict.fromkeys(("branch", "buildUser", "buildDate", "goVersion"), "")
        return answer({"version": SPOKEN, "revision": f"analytics-{VERSION}", **empty})

    return blueprint
