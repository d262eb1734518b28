"""The views of the Prometheus API, which are loaded with the first request to it."""

from typing import TYPE_CHECKING, Any

from analytics.lazy import Lazy

if TYPE_CHECKING:
    from analytics.api.prometheus.views import PrometheusViews


def lazy_views(*parts: Any) -> Lazy["PrometheusViews"]:
    """The views; `parts` are the arguments of `analytics.factory.promql.make_views`."""

    def make() -> "PrometheusViews":
        from analytics.factory.promql import make_views

        return make_views(*parts)

    return Lazy(make)
