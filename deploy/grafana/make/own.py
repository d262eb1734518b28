"""The dashboard of the analytics service itself."""

from deploy.grafana.make.model import Dashboard, Query
from deploy.grafana.make.panels import heatmap, lines, stat

_HTTP = "analytics_http_request_duration_seconds"
_LAG = "analytics_event_loop_lag_seconds"
_COMMIT = "analytics_journal_commit_duration_seconds"


def _quantile(share: float, metric: str, by: str = "") -> str:
    """A quantile of a histogram with classic buckets."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))"


def _quantiles(metric: str) -> list[Query]:
    return [Query(_quantile(each, metric), f"p{round(each * 100)}") for each in (0.5, 0.99)]


def _by(label: str, metric: str, more: str = "") -> list[Query]:
    labels = f"{label}, {more}" if more else label
    legend = f"{{{{{label}}}}} {{{{{more}}}}}" if more else f"{{{{{label}}}}}"
    return [Query(f"sum by ({labels}) (rate({metric}[$__rate_interval]))", legend)]


def own() -> Dashboard:
    """Metrics of the service about itself."""
    with_data = "With a data directory"
    stats = (
        stat("Up", Query("analytics_uptime_seconds", is_instant=True), "s"),
        stat("Memory", Query("analytics_memory_bytes"), "bytes"),
        stat("Requests", Query(f"sum(rate({_HTTP}_count[$__rate_interval]))"), "reqps", "To this service"),
        stat("p99 latency", Query(_quantile(0.99, _HTTP)), "s", "Until the head of the answer"),
        stat("Live clients", Query("analytics_connected_clients"), "short"),
        stat(
            "Event loop lag",
            Query(_quantile(0.99, _LAG)),
            "s",
            "p99 of how late a job that is due runs",
            limits=((None, "green"), (0.05, "yellow"), (0.25, "red")),
        ),
    )
    panels = (
        *stats,
        lines("Requests by route", _by("route", f"{_HTTP}_count"), "reqps", stacked=True),
        lines("p99 latency by route", [Query(_quantile(0.99, _HTTP, "route"), "{{route}}")], "s"),
        heatmap(
            "Requests by latency",
            Query(f"sum by (le) (increase({_HTTP}_bucket[$__rate_interval]))", "{{le}}", format="heatmap"),
            "s",
        ),
        lines("Refused requests", _by("code", "analytics_http_refusals_total"), "reqps", "By the code of the error"),
        lines("Items received", _by("kind", "analytics_ingest_items_total", "outcome"), "cps", stacked=True),
        lines("Items rejected or dropped", _by("reason", "analytics_drops_total"), "cps", "By reason"),
        lines("Event loop lag", _quantiles(_LAG), "s"),
        lines("Lateness of jobs", [Query("max by (job) (analytics_job_lateness_seconds)", "{{job}}")], "s"),
        lines("Restarts of jobs", _by("job", "analytics_job_restarts_total"), "cps"),
        lines(
            "Live clients",
            [
                Query("sum by (protocol) (analytics_live_clients)", "{{protocol}}"),
                Query("analytics_live_outbox_clients", "waiting"),
            ],
            "short",
        ),
        lines("Memory", [Query("analytics_memory_bytes", "resident")], "bytes"),
        lines("Writes to the journal", _quantiles(_COMMIT), "s", with_data),
        lines(
            "Waiting for the journal",
            [Query("analytics_journal_backlog_bytes", "{{kind}}")],
            "bytes",
            with_data,
            stacked=True,
        ),
        lines("Since the last checkpoint", [Query("analytics_checkpoint_age_seconds", "age")], "s", with_data),
        lines("Data directory", [Query("analytics_data_directory_bytes", "size")], "bytes", with_data),
    )
    return Dashboard("own", "Analytics: this service", "What the service measures about itself", (), panels)
