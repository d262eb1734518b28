"""/export: all stored data as CSV, NDJSON or one JSON document."""

from codecs import BOM_UTF8
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from analytics.api.exports import Exports
from analytics.api.gzipping import takes_gzip, tell_encoding
from analytics.api.params import DATA_FIELD, TAG, arguments, picked_data, picked_tags
from analytics.api.streaming import LogExport, TableExport, gzipped
from analytics.api.tables import FORMS
from analytics.clock import utc
from analytics.filters.event_filter import EventFilter, EventSelection
from analytics.query.events import EventSearch
from analytics.query.export import (
    COLUMNS,
    EVENT_EXPORT,
    METRIC_EXPORT,
    MetricFilter,
    day_rows,
    hour_rows,
    service_rows,
)
from analytics.query.reader import Reader
from analytics.schemas.queries import EventsExport, MetricsExport, ServicesExport, SpanExport
from analytics.yielding import yield_to_others

EVENTS_EXPORT, METRICS_EXPORT, SERVICES_EXPORT, BUCKETS_EXPORT = (
    EventsExport(),
    MetricsExport(),
    ServicesExport(),
    SpanExport(),
)


def export_blueprint(reader: Reader, search: EventSearch, exports: Exports) -> Blueprint:
    """Blueprint of /export."""
    blueprint = Blueprint("export", __name__)

    @blueprint.get("/export/events")
    def events() -> Response:
        args = arguments(EVENTS_EXPORT, besides=DATA_FIELD)
        names = args["type"], args["service"], args["user_id"]
        wanted = EventFilter(*names, *_span(args), args["q"], picked_data())
        selection, bounds, older = EventSelection(wanted), reader.ask(EVENT_EXPORT.bounds), None
        if search.reaches_back:
            older, bounds = partial(search.older, wanted), bounds._replace(after=0)
            search.check()
        export = LogExport(reader, EVENT_EXPORT, bounds, selection.select, yield_to_others, older)
        return _answer(exports, "events", args, bounds.now, export)

    @blueprint.get("/export/metrics")
    def metrics() -> Response:
        args = arguments(METRICS_EXPORT, besides=TAG)
        wanted = MetricFilter(args["name"], args["service"], picked_tags(), *_span(args))
        bounds = reader.ask(METRIC_EXPORT.bounds)
        export = LogExport(reader, METRIC_EXPORT, bounds, wanted.select, yield_to_others)
        return _answer(exports, "metrics", args, bounds.now, export)

    @blueprint.get("/export/services")
    def services() -> Response:
        args = arguments(SERVICES_EXPORT)
        now, rows = reader.ask(service_rows, args["service"])
        return _answer(exports, "services", args, now, TableExport(rows))

    @blueprint.get("/export/hourly")
    def hours() -> Response:
        args = arguments(BUCKETS_EXPORT)
        now, rows = reader.ask(hour_rows, *_span(args))
        return _answer(exports, "hourly", args, now, TableExport(rows))

    @blueprint.get("/export/daily")
    def days() -> Response:
        args = arguments(BUCKETS_EXPORT)
        now, rows = reader.ask(day_rows, *_span(args))
        return _answer(exports, "daily", args, now, TableExport(rows))

    return blueprint


def _span(args: dict[str, Any]) -> tuple[float | None, float | None]:
    start, end = args["start"], args["end"]
    return start and start.timestamp(), end and end.timestamp()


def _answer(
    exports: Exports, kind: str, args: dict[str, Any], now: float, export: LogExport[Any] | TableExport
) -> Response:
    form = FORMS[args["format"]](kind, COLUMNS[kind])
    if args["bom"] == "1":
        form.head = BOM_UTF8 + form.head
    chunks, gzip = export.chunks(form), takes_gzip()
    stream = exports.stream(gzipped(chunks) if gzip else chunks, request.environ)
    response = Response(stream, content_type=form.content_type)
    name = f"{kind}-{utc(now):%Y-%m-%dT%H%M%SZ}.{args['format']}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return tell_encoding(response, gzipped=gzip)
