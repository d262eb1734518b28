"""The part of the contract that takes data away."""

from typing import Any

from marshmallow import Schema

from analytics.api.codes import READ
from analytics.api.operation import Operation
from analytics.schemas import exports
from analytics.schemas.queries import EventsExport, MetricsExport, ServicesExport, SpanExport


def _export(kind: str, summary: str, about: str, answer: type[Schema], query: type[Schema], **more: Any) -> Operation:
    return Operation(
        "get",
        f"/export/{kind}",
        "Export",
        summary,
        f"{about} Sent as it is read, with a file's name in Content-Disposition, and gzipped where Accept-Encoding "
        "allows it. A connection that ends early, without the last chunk, means that something is missing.",
        {200: (answer, "application/x-ndjson", "text/csv")},
        READ,
        query=query,
        **more,
    )


EXPORTS = (
    _export(
        "events",
        "Export events",
        "All events kept that pass all filters, oldest first, as POST /events takes them back.",
        exports.ExportedEvents,
        EventsExport,
        asked={"format": "json", "type": "purchase"},
    ),
    _export(
        "metrics",
        "Export metrics",
        "All metrics kept that pass all filters, oldest first, as POST /metrics takes them back.",
        exports.ExportedMetrics,
        MetricsExport,
        any_tags=True,
        asked={"format": "json", "name": "latency"},
    ),
    _export(
        "services",
        "Export services",
        "The rows of GET /services.",
        exports.ExportedServices,
        ServicesExport,
        asked={"format": "json"},
    ),
    _export(
        "hourly",
        "Export statistics by hour",
        "The buckets of GET /stats/hourly, all that are kept.",
        exports.ExportedHours,
        SpanExport,
        asked={"format": "json"},
    ),
    _export(
        "daily",
        "Export statistics by day",
        "The buckets of GET /stats/daily, all that are kept.",
        exports.ExportedDays,
        SpanExport,
        asked={"format": "json"},
    ),
)
