"""The dashboards of services: all of them, one of them, and the endpoints of one."""

from deploy.grafana.make.model import Dashboard, Query, Variable
from deploy.grafana.make.panels import heatmap, lines, stat, state, table

CALLED = 'service=~"$service"'
"""The chosen services."""

ONE = 'service="$service"'
ENDPOINTS = f'{ONE}, endpoint=~"$endpoint"'

SERVICES = Variable("service", "Service", "service", "service_status", is_multiple=True)
SERVICE = Variable("service", "Service", "service", "service_status")
ENDPOINT = Variable("endpoint", "Endpoint", "endpoint", f"endpoint_requests_total{{{ONE}}}", is_multiple=True)
METRIC = Variable(
    "metric",
    "Metric",
    "__name__",
    f"{{{ONE}}}",
    pattern="/^(?!(endpoint_)?(requests_total|errors_total|latency_milliseconds(_sum|_count)?)$|events_total$|users$|"
    "service_status$|heartbeat_age_seconds$|analytics_)/",
)
"""Custom metrics of the service: all names but the service's own."""

_LOUD = ((None, "green"), (0.01, "yellow"), (0.05, "red"))
_SILENT = ((None, "green"), (1, "red"))


def rate(metric: str, chosen: str, by: str = "", window: str = "$__rate_interval") -> str:
    """The sum of rates of a metric, by labels."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{chosen}}}[{window}]))"


def share(over: str, under: str, chosen: str, by: str = "", window: str = "$__rate_interval") -> str:
    """One rate by another; 0 where nothing of the first was counted."""
    divisor = rate(under, chosen, by, window)
    return f"({rate(over, chosen, by, window)} or 0 * {divisor}) / ({divisor} > 0)"


def ratio(over: str, under: str, chosen: str, by: str = "") -> str:
    """One rate by another, where there is any of the other."""
    return f"{rate(over, chosen, by)} / ({rate(under, chosen, by)} > 0)"


def quantile(share: float, metric: str, chosen: str, by: str = "", window: str = "$__rate_interval") -> str:
    """A quantile of a native histogram."""
    return f"histogram_quantile({share}, {rate(metric, chosen, by, window)})"


def overview() -> Dashboard:
    """All services at a glance."""
    bad = f'count(service_status{{{CALLED}, status=~"unhealthy|stale|down"}} == 1) or vector(0)'
    requests = Query(rate("requests_total", CALLED))
    errors = Query(share("errors_total", "requests_total", CALLED))
    columns = {
        "Requests": (rate("requests_total", CALLED, "service", "5m"), "reqps"),
        "Errors": (share("errors_total", "requests_total", CALLED, "service", "5m"), "percentunit"),
        "p95": (quantile(0.95, "latency_milliseconds", CALLED, "service", "5m"), "ms"),
        "Users": (f"max by (service) (users{{{CALLED}}})", "short"),
        "Heartbeat": (f"max by (service) (heartbeat_age_seconds{{{CALLED}}})", "s"),
    }
    panels = (
        stat("Requests", requests, "reqps", width=6),
        stat("Errors", errors, "percentunit", "Share of requests that failed", limits=_LOUD, width=6),
        stat("p95 latency", Query(quantile(0.95, "latency_milliseconds", CALLED)), "ms", width=6),
        stat("Services in trouble", Query(bad), "none", "Unhealthy, stale or down", limits=_SILENT, width=6),
        lines("Requests by service", [Query(rate("requests_total", CALLED, "service"), "{{service}}")], "reqps"),
        lines(
            "Errors by service",
            [Query(share("errors_total", "requests_total", CALLED, "service"), "{{service}}")],
            "percentunit",
            "Share of requests that failed",
        ),
        lines(
            "p95 latency by service",
            [Query(quantile(0.95, "latency_milliseconds", CALLED, "service"), "{{service}}")],
            "ms",
        ),
        heatmap("Latency", Query(rate("latency_milliseconds", CALLED)), "ms", "Requests a second by latency"),
        lines("Events by type", [Query(rate("events_total", CALLED, "type"), "{{type}}")], "eps", stacked=True),
        lines(
            "Users by service",
            [Query(f"sum by (service) (users{{{CALLED}}})", "{{service}}")],
            "short",
            "Distinct users of the last five minutes; one who uses two services is in both",
        ),
        table(
            "Services",
            "service",
            columns,
            "Over the last five minutes",
            link="/d/analytics-service?var-service=${__value.raw}&${__url_time_range}",
            states=f"max by (service, status) (service_status{{{CALLED}}} == 1)",
            sort="Requests",
        ),
    )
    return Dashboard("overview", "Analytics: overview", "All services at a glance", (SERVICES,), panels)


def service() -> Dashboard:
    """One service."""
    latency = "latency_milliseconds"
    quantiles = [Query(quantile(each, latency, ONE), f"p{round(each * 100)}") for each in (0.5, 0.95, 0.99)]
    mean = Query(f"histogram_avg({rate(latency, ONE)})", "mean")
    panels = (
        state("State", Query(f"service_status{{{ONE}}} == 1", "{{status}}", is_instant=True)),
        stat("Heartbeat", Query(f"heartbeat_age_seconds{{{ONE}}}", is_instant=True), "s", "Time since the latest one"),
        stat("Requests", Query(rate("requests_total", ONE)), "reqps"),
        stat("Errors", Query(share("errors_total", "requests_total", ONE)), "percentunit", limits=_LOUD),
        stat("p95 latency", Query(quantile(0.95, latency, ONE)), "ms"),
        stat("Users", Query(f"users{{{ONE}}}"), "short", "Distinct users of the last five minutes"),
        lines(
            "Requests and errors",
            [Query(rate("requests_total", ONE), "requests"), Query(rate("errors_total", ONE), "errors")],
            "reqps",
        ),
        lines("Latency", [*quantiles, mean], "ms"),
        heatmap("Requests by latency", Query(rate(latency, ONE)), "ms", "Requests a second"),
        lines("Events by type", [Query(rate("events_total", ONE, "type"), "{{type}}")], "eps", stacked=True),
        lines(
            "States",
            [Query(f"max by (status) (service_status{{{ONE}}})", "{{status}}")],
            "short",
            "1 for the state that holds",
            stacked=True,
        ),
        lines("Custom metric: $metric", [Query(f'{{__name__="$metric", {ONE}}}')], "short"),
    )
    return Dashboard("service", "Analytics: service", "One service", (SERVICE, METRIC), panels)


def endpoints() -> Dashboard:
    """The endpoints of one service."""
    requests, errors = "endpoint_requests_total", "endpoint_errors_total"
    total, timed = "endpoint_latency_milliseconds_sum", "endpoint_latency_milliseconds_count"

    def over_range(metric: str) -> str:
        return f"sum by (endpoint) (increase({metric}{{{ENDPOINTS}}}[$__range]))"

    def top(expression: str) -> list[Query]:
        return [Query(f"topk(10, {expression})", "{{endpoint}}")]

    failed = f"({over_range(errors)} or 0 * {over_range(requests)}) / ({over_range(requests)} > 0)"
    columns = {
        "Requests": (over_range(requests), "short"),
        "Errors": (failed, "percentunit"),
        "Mean latency": (f"{over_range(total)} / ({over_range(timed)} > 0)", "ms"),
    }
    panels = (
        stat("Requests", Query(rate(requests, ENDPOINTS)), "reqps", width=6),
        stat("Errors", Query(share(errors, requests, ENDPOINTS)), "percentunit", limits=_LOUD, width=6),
        stat("Mean latency", Query(ratio(total, timed, ENDPOINTS)), "ms", width=6),
        stat(
            "Endpoints",
            Query(f"count(sum by (endpoint) (increase({requests}{{{ENDPOINTS}}}[$__range])) > 0)", is_instant=True),
            "short",
            "With requests in the range",
            width=6,
        ),
        table("Endpoints", "endpoint", columns, "Over the whole range", sort="Requests"),
        lines("Requests: the busiest ten", top(rate(requests, ENDPOINTS, "endpoint")), "reqps"),
        lines("Errors: the worst ten", top(rate(errors, ENDPOINTS, "endpoint")), "reqps"),
        lines("Mean latency: the slowest ten", top(ratio(total, timed, ENDPOINTS, "endpoint")), "ms"),
    )
    about = "The endpoints of one service"
    return Dashboard("endpoints", "Analytics: endpoints", about, (SERVICE, ENDPOINT), panels)
