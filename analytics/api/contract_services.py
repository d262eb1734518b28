"""The part of the contract about services and their heartbeats."""

from marshmallow import Schema

from analytics.api.codes import HEARTBEATS, PINGS, READ
from analytics.api.operation import Body, Operation
from analytics.schemas import responses, services
from analytics.schemas.fields import Text
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.queries import HistoryQuery, PingQuery


class ServicePath(Schema):
    """The service in the path."""

    service = Text(1, 128, required=True, metadata={"description": "Its name", "example": "productcatalog"})


HEARTBEAT = {
    "service": "productcatalog",
    "status": "healthy",
    "metrics": {"request_count": 1000, "error_count": 5, "avg_latency": 23.5, "uptime": 72.5},
}

SERVICES = (
    Operation(
        "post",
        "/heartbeat",
        "Services",
        "Report how a service is",
        "A service is `stale` after 2 and `down` after 5 of its intervals without a heartbeat, at least after 2 and 5 "
        "minutes. The interval is the `interval` that it states, else the usual one; with a `grace` it is stale after "
        "interval + grace and down after interval + 2 × grace. Counters are cumulative; a decrease means a restart. "
        "Replicas name their `instance`: each has its own counters, and the service is as well as the worst of them.",
        {200: (responses.HeartbeatTaken,)},
        HEARTBEATS,
        body=Body(HeartbeatSchema, HEARTBEAT),
    ),
    *(
        Operation(
            method,
            "/heartbeat/{service}",
            "Services",
            f"Report how a service is by {method.upper()}",
            "The same without a body, for cron jobs and appliances: `curl http://…/heartbeat/backup`. HEAD works too.",
            {200: (responses.HeartbeatTaken,)},
            PINGS,
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
        "A row for every service that was ever seen in the retained time.",
        {200: (services.Services,)},
        READ,
    ),
    Operation(
        "get",
        "/services/{service}/metrics",
        "Services",
        "Read one service in full",
        "Its row, latency percentiles, endpoints, custom metrics, and the last hour by minute.",
        {200: (services.ServiceMetrics,)},
        {**READ, 404: ("unknown_service", "not_found")},
        path_schema=ServicePath,
    ),
    Operation(
        "get",
        "/services/{service}/history",
        "Services",
        "Read how a service's state changed",
        "The newest changes, with the time and the reason of each. The newest 1,000 are kept, as long as days are.",
        {200: (services.History,)},
        {**READ, 404: ("unknown_service", "not_found")},
        query=HistoryQuery,
        path_schema=ServicePath,
        asked={"limit": 20},
    ),
)
