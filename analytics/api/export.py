"""/export: all that is kept, to take away as CSV, lines of JSON or one JSON document."""

from typing import Any

from flask import Blueprint, Response, request

from analytics.api.params import TAG, arguments, picked_tags
from analytics.api.streaming import LogExport, TableExport, cut_off_when_stalled, gzipped
from analytics.api.tables import FORMS
from analytics.clock import utc
from analytics.query.events import EventFilter
from analytics.query.export import (
    COLUMNS,
    EVENT_LOG,
    METRIC_LOG,
    MetricFilter,
    day_rows,
    hour_rows,
    service_rows,
)
from analytics.query.reader import Reader
from analytics.schemas.queries import EventsExport, MetricsExport, ServicesExport, SpanExport
from analytics.turns import let_others_work

EVENTS, METRICS, SERVICES, BUCKETS = EventsExport(), MetricsExport(), ServicesExport(), SpanExport()


def export_blueprint(reader: Reader) -> Blueprint:
    """The blueprint of /export."""
    blueprint = Blueprint("export", __name__)

    @blueprint.get("/export/events")
    def events() -> Response:
        asked = arguments(EVENTS)
        text = asked["q"]
        wanted = EventFilter(asked["type"], asked["service"], asked["user_id"], *_span(asked), text and text.lower())
        bounds = reader.ask(EVENT_LOG.bounds)
        export = LogExport(reader, EVENT_LOG, bounds, wanted.places_in, let_others_work)
        return _answer("events", asked["format"], bounds.now, export)

    @blueprint.get("/export/metrics")
    def metrics() -> Response:
        asked = arguments(METRICS, besides=TAG)
        wanted = MetricFilter(asked["name"], asked["service"], picked_tags(), *_span(asked))
        bounds = reader.ask(METRIC_LOG.bounds)
        export = LogExport(reader, METRIC_LOG, bounds, wanted.places_in, let_others_work)
        return _answer("metrics", asked["format"], bounds.now, export)

    @blueprint.get("/export/services")
    def services() -> Response:
        asked = arguments(SERVICES)
        now, rows = reader.ask(service_rows, asked["service"])
        return _answer("services", asked["format"], now, TableExport(rows))

    @blueprint.get("/export/hourly")
    def hours() -> Response:
        asked = arguments(BUCKETS)
        now, rows = reader.ask(hour_rows, *_span(asked))
        return _answer("hourly", asked["format"], now, TableExport(rows))

    @blueprint.get("/export/daily")
    def days() -> Response:
        asked = arguments(BUCKETS)
        now, rows = reader.ask(day_rows, *_span(asked))
        return _answer("daily", asked["format"], now, TableExport(rows))

    return blueprint


def _span(asked: dict[str, Any]) -> tuple[float | None, float | None]:
    start, end = asked["start"], asked["end"]
    return start and start.timestamp(), end and end.timestamp()


def _answer(kind: str, format_: str, now: float, export: LogExport[Any] | TableExport) -> Response:
    form = FORMS[format_](kind, COLUMNS[kind])
    chunks = export.chunks(form)
    gzip = request.accept_encodings.quality("gzip") > 0
    response = Response(cut_off_when_stalled(gzipped(chunks) if gzip else chunks), content_type=form.content_type)
    name = f"{kind}-{utc(now):%Y-%m-%dT%H%M%SZ}.{format_}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Vary"] = "Accept-Encoding"
    if gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response
