"""What every route takes and answers: the table from which the OpenAPI document is made."""

from analytics.api.codes import BATCHES, DOCUMENT, ONE_BODY, READ, TIMES
from analytics.api.contract_catalog import CATALOG
from analytics.api.contract_export import EXPORTS
from analytics.api.contract_services import SERVICES
from analytics.api.operation import Body, Operation
from analytics.schemas import figures, responses
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from analytics.schemas.queries import (
    DaysQuery,
    ErrorsQuery,
    EventsQuery,
    HoursQuery,
    SeriesQueryArgs,
)

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
PROMETHEUS_TYPE = "text/plain"

OPERATIONS = (
    Operation(
        "post",
        "/events",
        "Events",
        "Track events",
        "Records one event, or many in one request. `request` events (with `data.endpoint`, `data.status` and "
        "`data.latency`) feed requests, errors and latency; `error` events count as errors; any other type is free. "
        "An `id` makes a retry safe: what was recorded before is answered 200 and counted once. Of a batch every item "
        "has its outcome, and good items are kept when bad ones stand beside them, also where those are not valid "
        "JSON. Half a character, such as `\\ud83d` alone, is recorded as U+FFFD.",
        {201: (responses.EventTaken,), 200: (responses.Receipt, responses.EventTaken)},
        {**BATCHES, 422: (*ONE_BODY[422], *TIMES)},
        body=Body(EventSchema, EVENT, "events"),
    ),
    Operation(
        "get",
        "/events",
        "Events",
        "Read events",
        "The newest events that pass all filters, newest first.",
        {200: (responses.EventPage,)},
        READ,
        query=EventsQuery,
        asked={"type": "purchase", "service": "checkout"},
    ),
    Operation(
        "get",
        "/errors",
        "Events",
        "Read errors",
        "The newest 1,000 errors, which traffic does not push out: events of type `error`, and `request` events with a "
        "`data.status` of 500 or more. Those that are equal in service, type, message, endpoint and status stand "
        "together, with their count and the times of the first and the last one.",
        {200: (responses.ErrorPage,)},
        READ,
        query=ErrorsQuery,
        asked={"service": "checkout"},
    ),
    Operation(
        "post",
        "/metrics",
        "Metrics",
        "Record metrics",
        "Records one metric, or many in one request. `requests`, `errors` (counts) and `latency` (ms) feed the "
        "statistics of the service that `tags.service` names; any other name is free, but for `events`.",
        {201: (responses.MetricTaken,), 200: (responses.Receipt, responses.MetricTaken)},
        {
            **BATCHES,
            422: (
                "validation_failed",
                *TIMES,
                "negative_value",
                "reserved_name",
                "too_many_services",
                "too_many_series",
            ),
        },
        body=Body(MetricSchema, METRIC, "metrics"),
    ),
    Operation(
        "get",
        "/metrics",
        "Metrics",
        "Show all figures to Prometheus",
        "The service's own figures and everything it collected, in the Prometheus text format, gzipped where "
        "Accept-Encoding allows it.",
        {200: (PROMETHEUS_TYPE,)},
        READ,
    ),
    Operation(
        "get",
        "/series",
        "Metrics",
        "Read points over time",
        "One point a bucket of any metric, of `requests`, `errors`, `latency` (ms) or `events`. By default, buckets of "
        "seconds are kept for 2 minutes, of minutes for 3 hours, of hours for 7 days and of days for 90. `unique` "
        "counts the users of `events`. At most 5,000 points are given at once.",
        {200: (figures.Series,)},
        {**READ, 404: ("unknown_series",)},
        query=SeriesQueryArgs,
        any_tags=True,
        asked={"name": "latency", "service": "productcatalog", "agg": "p95"},
    ),
    *SERVICES,
    Operation(
        "get",
        "/dashboard",
        "Dashboard",
        "Read the dashboard snapshot",
        "Everything the dashboard shows, as of now: it sees every record that was acknowledged.",
        {200: (figures.Dashboard,)},
        READ,
    ),
    Operation(
        "get",
        "/stats",
        "Statistics",
        "Read all statistics",
        "Totals, outcomes of all that was sent, drops by reason, the last 24 hours, today, and the peak of each day.",
        {200: (figures.Stats,)},
        READ,
    ),
    Operation(
        "get",
        "/stats/hourly",
        "Statistics",
        "Read statistics by hour",
        "One bucket an hour (UTC), oldest first; the last one is still open.",
        {200: (figures.HourlyStats,)},
        READ,
        query=HoursQuery,
        asked={"hours": 24},
    ),
    Operation(
        "get",
        "/stats/daily",
        "Statistics",
        "Read statistics by day",
        "One bucket a day (UTC) with its peak hour, oldest first; today is still open.",
        {200: (figures.DailyStats,)},
        READ,
        query=DaysQuery,
        asked={"days": 7},
    ),
    *CATALOG,
    *EXPORTS,
    Operation(
        "get",
        "/health",
        "Health",
        "Check the service itself",
        "How it is, and three figures that monitors ask for.",
        {200: (responses.Health,)},
        READ,
    ),
    Operation(
        "get",
        "/health/live",
        "Health",
        "Check that the process answers",
        "For liveness probes.",
        {200: (responses.Liveness,)},
        READ,
    ),
    Operation(
        "get",
        "/health/ready",
        "Health",
        "Check that it should get work",
        "For readiness probes and load balancers.",
        {200: (responses.Readiness,), 503: (responses.Readiness,)},
        READ,
    ),
    Operation(
        "get",
        "/",
        "Documents",
        "Look at the dashboard",
        "The page that shows everything live; `service`, `range`, `type` and `source` in its address are read by it.",
        {200: ("text/html",)},
        DOCUMENT,
    ),
    Operation(
        "get",
        "/openapi.json",
        "Documents",
        "Read this contract",
        "The OpenAPI 3.1 document of this service.",
        {200: ("application/json",)},
        DOCUMENT,
    ),
    Operation(
        "get",
        "/docs",
        "Documents",
        "Read this contract as a page",
        "The same as HTML.",
        {200: ("text/html",)},
        DOCUMENT,
    ),
    *(
        Operation(
            "get",
            f"/sdk/{name}",
            "Documents",
            summary,
            "Cached for five minutes, and asked for again by its ETag.",
            {200: (media_type,)},
            DOCUMENT,
        )
        for name, media_type, summary in (
            ("analytics.js", "text/javascript", "Load the JavaScript client as a module"),
            ("analytics.classic.js", "text/javascript", "Load the JavaScript client as a classic script"),
            ("analytics.d.ts", "text/plain", "Read the JavaScript client's types"),
        )
    ),
)
