"""/metrics: records metrics, and exports all metrics to Prometheus; /series: points of a metric over time."""

import gzip
from collections.abc import Callable, Sequence
from itertools import chain

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from analytics.api.answers import answer, respond
from analytics.api.gzipping import takes_gzip, tell_encoding
from analytics.api.params import TAG, arguments, picked_tags
from analytics.api.streaming import LEVEL
from analytics.doors.door import Door
from analytics.own_metrics.family import Source
from analytics.query.exposition import exposition, own_exposition
from analytics.query.reader import Reader
from analytics.query.series import SeriesQuery, points
from analytics.schemas.queries import NoQuery, SeriesQueryArgs
from analytics.yielding import yield_to_others

SERIES_QUERY = SeriesQueryArgs()
NOTHING = NoQuery()


def metrics_blueprint(
    door: Door, reader: Reader, connections: Callable[[], int], sources: Sequence[Source]
) -> Blueprint:
    """Blueprint of /metrics and /series.

    Args:
        door: handles POST /metrics.
        connections: returns the number of live connections.
        sources: report the service's metrics about itself.
    """
    blueprint = Blueprint("metrics", __name__)

    @blueprint.post("/metrics")
    def record() -> Response:
        return respond(door(request.environ))

    @blueprint.get("/metrics")
    def show() -> Response:
        arguments(NOTHING)
        own = own_exposition(chain.from_iterable(source() for source in sources))
        text = own + reader.ask_in_steps(yield_to_others, exposition, connections())
        gzipped = takes_gzip()
        body = gzip.compress(text, LEVEL, mtime=0) if gzipped else text
        return tell_encoding(Response(body, content_type=CONTENT_TYPE_LATEST), gzipped=gzipped)

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
        return answer(reader.ask_in_steps(yield_to_others, points, query))

    return blueprint
