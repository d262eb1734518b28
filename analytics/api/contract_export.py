"""Contract of the exports."""

from typing import Any

from marshmallow import Schema

from analytics.api.codes import READ_CODES
from analytics.api.operation import Operation
from analytics.schemas import exports
from analytics.schemas.queries import EventsExport, MetricsExport, ServicesExport, SpanExport


def _export(kind: str, summary: str, about: str, answer: type[Schema], query: type[Schema], **more: Any) -> Operation:
    return Operation(
        "get",
        f"/export/{kind}",
        "Export",
        summary,
        f"{about} Streamed, with a file name in Content-Disposition, and gzipped if Accept-Encoding allows it. "
        "If the connection ends without the last chunk, the export is incomplete.",
        {200: (answer, "application/x-ndjson", "text/csv")},
        {**READ_CODES, 503: ("unavailable", "too_many_exports")},
        query=query,
        **more,
    )


EXPORT_OPERATIONS = (
    _export(
        "events",
        "Export events",
        "All stored events that match all filters, oldest first, in the form that POST /events accepts.",
        exports.ExportedEvents,
        EventsExport,
        any_data=True,
        asked={"format": "json", "type": "purchase"},
    ),
    _export(
        "metrics",
        "Export metrics",
        "All stored metrics that match all filters, oldest first, in the form that POST /metrics accepts.",
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
        "All stored buckets of GET /stats/hourly.",
        exports.ExportedHours,
        SpanExport,
        asked={"format": "json"},
    ),
    _export(
        "daily",
        "Export statistics by day",
        "All stored buckets of GET /stats/daily.",
        exports.ExportedDays,
        SpanExport,
        asked={"format": "json"},
    ),
)
