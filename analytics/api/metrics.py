"""/metrics: records metrics, and exports all metrics to Prometheus; /series: points of a metric over time."""

from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, Response, request

from analytics.api.answers import answer, respond
from analytics.api.gzipping import takes_gzip, tell_encoding
from analytics.api.params import TAG, arguments, picked_tags
from analytics.api.scrape_formats import scrape_format
from analytics.api.scraping import Scrapes
from analytics.doors.door import Door
from analytics.errors import Unavailable
from analytics.query.reader import Reader
from analytics.query.series import Series, SeriesQuery
from analytics.query.typed_series import wants_percentiles
from analytics.schemas.queries import NoQuery, SeriesQueryArgs

SERIES_QUERY = SeriesQueryArgs()
NOTHING = NoQuery()


def metrics_blueprint(
    door: Door,
    reader: Reader,
    scrapes: Scrapes,
    keep_percentiles: Callable[[str], None],
    points: Callable[[SeriesQuery], Series],
) -> Blueprint:
    """Blueprint of /metrics and /series.

    Args:
        door: handles POST /metrics.
        scrapes: the answers of GET /metrics.
        keep_percentiles: records that percentiles of a gauge were asked.
        points: answers a query of /series.
    """
    blueprint = Blueprint("metrics", __name__)

    @blueprint.post("/metrics")
    def record() -> Response:
        return respond(door(request.environ))

    @blueprint.get("/metrics")
    def show() -> Response:

        arguments(NOTHING)
        wanted, gzipped = scrape_format(request.accept_mimetypes), takes_gzip()
        body = scrapes.gzipped(wanted) if gzipped else scrapes.plain(wanted)
        response = tell_encoding(Response(body, content_type=wanted.content_type), gzipped=gzipped)
        response.vary.add("Accept")
        return response

    @blueprint.get("/series")
    def series() -> Response:
        args = arguments(SERIES_QUERY, besides=TAG)
        start, end = args["start"], args["end"]
        query = SeriesQuery(
            args["name"],
            args["service"],
            picked_tags(),
            args["agg"],
            start and start.timestamp(),
            end and end.timestamp(),
            args["step"],
        )
        if reader.ask(wants_percentiles, query.name, query.agg):
            with suppress(Unavailable):  # those of minutes are there without
                keep_percentiles(query.name)
        return answer(points(query))

    return blueprint
