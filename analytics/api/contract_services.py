"""Contract of services and heartbeats."""

from marshmallow import Schema

from analytics.api.codes import HEARTBEAT_CODES, PING_CODES, READ_CODES
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import responses, services
from analytics.schemas.fields import Text
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.queries import HistoryQuery, PingQuery


class ServicePath(Schema):
    """Path parameter: name of a service."""

    service = Text(1, 128, required=True, metadata={"description": "Name of the service", "example": "productcatalog"})


HEARTBEAT = {
    "service": "productcatalog",
    "status": "healthy",
    "metrics": {"request_count": 1000, "error_count": 5, "avg_latency": 23.5, "uptime": 72.5},
}

SERVICE_OPERATIONS = (
    Operation(
        "post",
        "/heartbeat",
        "Services",
        "Report the state of a service",
        "A service is `stale` after 2 and `down` after 5 intervals without a heartbeat, but at least 2 and 5 minutes. "
        "The interval is the `interval` in its heartbeats, else the usual time between them. With a `grace`, the "
        "service is stale after interval + grace and down after interval + 2 × grace. Counters are cumulative; a "
        "decrease means a restart. Replicas set `instance`: each has its own counters, and the service has the status "
        "of the worst one.",
        {200: (responses.HeartbeatTaken,)},
        HEARTBEAT_CODES,
        body=RequestBody(HeartbeatSchema, HEARTBEAT),
    ),
    *(
        Operation(
            method,
            "/heartbeat/{service}",
            "Services",
            f"Report the state of a service by {method.upper()}",
            "Heartbeat without a body, for cron jobs and appliances: `curl http://…/heartbeat/backup`. HEAD works too.",
            {200: (responses.HeartbeatTaken,)},
            PING_CODES,
            query=PingQuery,
            path_schema=ServicePath,
            asked={"status": "healthy", "message": "done", "interval": 3600},
        )
        for method in ("get", "post")
    ),
    Operation(
        "get",
        "/services",
        "Services",
        "List all services",
        "One row for every service with data in the retention period.",
        {200: (services.Services,)},
        READ_CODES,
    ),
    Operation(
        "get",
        "/services/{service}/metrics",
        "Services",
        "Read one service in full",
        "Its row, latency percentiles, endpoints, custom metrics, and the last hour by minute.",
        {200: (services.ServiceMetrics,)},
        {**READ_CODES, 404: ("unknown_service", "not_found")},
        path_schema=ServicePath,
    ),
    Operation(
        "get",
        "/services/{service}/history",
        "Services",
        "Read the history of a service's state",
        "The newest changes of its state, each with its time and reason. The newest 1,000 are kept, as long as daily "
        "statistics are.",
        {200: (services.History,)},
        {**READ_CODES, 404: ("unknown_service", "not_found")},
        query=HistoryQuery,
        path_schema=ServicePath,
        asked={"limit": 20},
    ),
)
