"""Contract: the table of all operations, from which the OpenAPI document is generated."""

from analytics.api.codes import BATCH_CODES, BODY_CODES, DOCUMENT_CODES, READ_CODES, TIME_CODES
from analytics.api.contract_access import ACCESS_OPERATIONS
from analytics.api.contract_alerts import ALERTS_OPERATIONS
from analytics.api.contract_catalog import CATALOG_OPERATIONS
from analytics.api.contract_errors import ERROR_STATE_OPERATIONS
from analytics.api.contract_export import EXPORT_OPERATIONS
from analytics.api.contract_incidents import INCIDENT_OPERATIONS
from analytics.api.contract_logs import LOG_OPERATIONS
from analytics.api.contract_notifications import NOTIFICATION_OPERATIONS
from analytics.api.contract_numbers import NUMBER_OPERATIONS
from analytics.api.contract_privacy import PRIVACY_OPERATIONS
from analytics.api.contract_prometheus import PROMETHEUS_OPERATIONS
from analytics.api.contract_promql import PROMQL_OPERATIONS
from analytics.api.contract_records import RECORD_OPERATIONS
from analytics.api.contract_services import SERVICE_OPERATIONS
from analytics.api.contract_slos import SLO_OPERATIONS
from analytics.api.contract_store import LONG_TERM_OPERATIONS
from analytics.api.contract_traces import TRACE_OPERATIONS
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import figures, responses
from analytics.schemas.cardinality import CardinalityStats
from analytics.schemas.error_groups import ErrorsQuery
from analytics.schemas.event import EventSchema
from analytics.schemas.event_page import EventPage
from analytics.schemas.metric import MetricSchema
from analytics.schemas.queries import (
    CardinalityQuery,
    DaysQuery,
    EventsQuery,
    HoursQuery,
    SeriesQueryArgs,
    SummaryQueryArgs,
)
from analytics.schemas.summary import Summary

EVENT = {
    "type": "product_view",
    "service": "frontend",
    "user_id": "user-123",
    "data": {"product_id": "OLJCESPC7Z", "category": "accessories"},
}
METRIC = {
    "name": "latency",
    "value": 45.2,
    "unit": "ms",
    "tags": {"service": "productcatalog", "endpoint": "/products"},
}
PROMETHEUS_TYPES = ("text/plain", "application/openmetrics-text", "application/vnd.google.protobuf")

OPERATIONS = (
    Operation(
        "post",
        "/events",
        "Events",
        "Track events",
        "Records one event, or a batch of events. `request` events (with `data.endpoint`, `data.status` and "
        "`data.latency`) feed the counts of requests and errors and the latency; `error` events count as errors; all "
        "other types are yours to choose. An `id` makes retries safe: a duplicate is answered with 200 and counted "
        "once. Each item of a batch is accepted or rejected by itself, even if it is not valid JSON. An unpaired "
        "surrogate such as `\\ud83d` is recorded as U+FFFD.",
        {201: (responses.EventTaken,), 200: (responses.Receipt, responses.EventTaken)},
        {**BATCH_CODES, 422: (*BODY_CODES[422], *TIME_CODES)},
        body=RequestBody(EventSchema, EVENT, "events"),
    ),
    Operation(
        "get",
        "/events",
        "Events",
        "Read events",
        "The newest events that match all filters, newest first, as far back as the long-term store has them. `q` is "
        "in the language of filters; plain words are searched in all fields.",
        {200: (EventPage,)},
        {**READ_CODES, 503: ("unavailable", "store_unavailable")},
        query=EventsQuery,
        any_data=True,
        asked={"type": "purchase", "service": "checkout"},
    ),
    Operation(
        "get",
        "/errors",
        "Events",
        "Read errors",
        "The newest 1,000 errors: events of type `error`, and `request` events with a `data.status` of 500 or more. "
        "They are stored apart from other events, so that traffic does not push them out. Errors with equal service, "
        "type, message, endpoint and status form a group, with their count and the times of the first and the last. "
        "`groups` are those of all errors by their fingerprint: error events, failed requests, exceptions in spans and "
        "log lines of severity error, also of errors that are not stored any more; the newest 1,000 groups are kept, "
        "each with its newest 10 errors, which `fingerprint` asks for. `state` and `fingerprint` select only `groups`.",
        {200: (responses.ErrorPage,)},
        READ_CODES,
        query=ErrorsQuery,
        asked={"service": "checkout"},
    ),
    Operation(
        "post",
        "/metrics",
        "Metrics",
        "Record metrics",
        "Records one metric, or a batch of metrics. `requests`, `errors` (counts) and `latency` (ms) feed the "
        "statistics of the service in `tags.service`; all other names except `events` are yours to choose, each of "
        "one `kind`.",
        {201: (responses.MetricTaken,), 200: (responses.Receipt, responses.MetricTaken)},
        {
            **BATCH_CODES,
            422: (
                "validation_failed",
                *TIME_CODES,
                "negative_value",
                "reserved_name",
                "too_many_services",
                "too_many_series",
                "kind_conflict",
            ),
        },
        body=RequestBody(MetricSchema, METRIC, "metrics"),
    ),
    Operation(
        "get",
        "/metrics",
        "Metrics",
        "Export metrics to Prometheus",
        "The service's own metrics and everything it collected, in the format that Accept asks for: Prometheus text "
        "(the default), OpenMetrics 1.0, or delimited protobuf with native histograms. Gzipped if "
        "Accept-Encoding allows it. Made once a second at most.",
        {200: PROMETHEUS_TYPES},
        READ_CODES,
    ),
    Operation(
        "get",
        "/series",
        "Metrics",
        "Read points over time",
        "One point per bucket of a metric, or of `requests`, `errors`, `latency` (ms) or `events`. By default, buckets "
        "of a second are kept for 2 minutes, of a minute for 3 hours, of an hour for 7 days, of a day for 90 days. "
        "`agg=unique` counts the distinct users of `events`. An answer has at most 5,000 points.",
        {200: (figures.Series,)},
        {**READ_CODES, 404: ("unknown_series",)},
        query=SeriesQueryArgs,
        any_tags=True,
        asked={"name": "latency", "service": "productcatalog", "agg": "p95"},
    ),
    *ERROR_STATE_OPERATIONS,
    *PROMQL_OPERATIONS,
    *PROMETHEUS_OPERATIONS,
    *NUMBER_OPERATIONS,
    *LOG_OPERATIONS,
    *RECORD_OPERATIONS,
    *SERVICE_OPERATIONS,
    Operation(
        "get",
        "/dashboard",
        "Dashboard",
        "Read the dashboard snapshot",
        "Everything the dashboard shows, as of now. It includes every acknowledged record.",
        {200: (figures.Dashboard,)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/summary",
        "Dashboard",
        "Read the figures of a range",
        "All that the dashboard shows of a range of time: figures, points over time, each service, the busiest "
        "endpoints, and with `service` its custom metrics. All are of the same whole buckets, from `from` to `to` of "
        "the answer: the range, rounded outwards. They are the shortest that are kept since its start, of 5 seconds, a "
        "minute, an hour or a day, at most 400. Where a version before 0.3.0 counted endpoints, by day (UTC), "
        "`endpoints` is of whole days.",
        {200: (Summary,)},
        READ_CODES,
        query=SummaryQueryArgs,
        asked={"from": "2024-01-15T10:00:00Z", "to": "2024-01-15T11:00:00Z", "service": "productcatalog"},
    ),
    Operation(
        "get",
        "/stats",
        "Statistics",
        "Read all statistics",
        "Totals, outcomes of received records, drops by reason, the last 24 hours, today, and the peak of each day.",
        {200: (figures.Stats,)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/stats/hourly",
        "Statistics",
        "Read statistics by hour",
        "One bucket per hour (UTC), oldest first. The last one is still open.",
        {200: (figures.HourlyStats,)},
        READ_CODES,
        query=HoursQuery,
        asked={"hours": 24},
    ),
    Operation(
        "get",
        "/stats/daily",
        "Statistics",
        "Read statistics by day",
        "One bucket per day (UTC) with its peak hour, oldest first. The last one, today, is still open.",
        {200: (figures.DailyStats,)},
        READ_CODES,
        query=DaysQuery,
        asked={"days": 7},
    ),
    Operation(
        "get",
        "/stats/cardinality",
        "Statistics",
        "Read who makes how many series",
        "The metrics, labels and services with the most series, most first. If there is no room for new series, this "
        "shows which label has too many values.",
        {200: (CardinalityStats,)},
        READ_CODES,
        query=CardinalityQuery,
        asked={"limit": 10},
    ),
    *CATALOG_OPERATIONS,
    *INCIDENT_OPERATIONS,
    *NOTIFICATION_OPERATIONS,
    *SLO_OPERATIONS,
    *ACCESS_OPERATIONS,
    *ALERTS_OPERATIONS,
    *PRIVACY_OPERATIONS,
    *LONG_TERM_OPERATIONS,
    *TRACE_OPERATIONS,
    *EXPORT_OPERATIONS,
    Operation(
        "get",
        "/health",
        "Health",
        "Check the service itself",
        "The state of the service itself with reasons, its storage and its jobs, and three figures for monitors. Where "
        "keys are required, senders without the scope `read` get the status alone.",
        {200: (responses.Health, responses.BareStatus)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/health/live",
        "Health",
        "Check that the process is alive",
        "For liveness probes; always 200.",
        {200: (responses.Liveness,)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/health/ready",
        "Health",
        "Check that the service is ready",
        "For readiness probes and load balancers; 503 while the service starts or stops.",
        {200: (responses.Readiness, responses.BareStatus), 503: (responses.Readiness, responses.BareStatus)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/",
        "Documents",
        "Open the dashboard",
        "The live dashboard page. It reads `service`, `range`, `type` and `source` from its address.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "get",
        "/openapi.json",
        "Documents",
        "Read this contract",
        "The OpenAPI 3.1 document of this service.",
        {200: ("application/json",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "get",
        "/docs",
        "Documents",
        "Read this contract as a page",
        "The same contract as an HTML page.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    *(
        Operation(
            "get",
            f"/sdk/{name}",
            "Documents",
            summary,
            "May be cached for five minutes, then revalidated by its ETag.",
            {200: (media_type,)},
            DOCUMENT_CODES,
        )
        for name, media_type, summary in (
            ("analytics.js", "text/javascript", "Load the JavaScript client as a module"),
            ("analytics.classic.js", "text/javascript", "Load the JavaScript client as a classic script"),
            ("analytics.d.ts", "text/plain", "Read the JavaScript client's types"),
        )
    ),
)
