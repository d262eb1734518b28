"""/metrics: record metrics, and show all figures to Prometheus; /series: points of any of them over time."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from analytics.api.accept import Acceptor
from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.api.params import arguments
from analytics.errors import ValidationFailed
from analytics.ingest.recorder import Recorder, Taken
from analytics.query.exposition import exposition
from analytics.query.reader import Reader
from analytics.query.series import SeriesQuery, points
from analytics.records import NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.queries import NoQuery, SeriesQueryArgs, given_once

QUERY = SeriesQueryArgs()
NOTHING = NoQuery()
TAG = "tag."


def metrics_acceptor(recorder: Recorder, bodies: BodyReader, decoder: SchemaDecoder[NewMetric]) -> Acceptor[NewMetric]:
    """What takes metrics in."""
    return Acceptor("metrics", bodies, decoder, recorder, recorder.metric, recorder.metrics, _tell)


def _tell(metric: NewMetric, taken: Taken) -> dict[str, str]:
    message = "metric recorded before" if taken.duplicate else "metric recorded"
    return {"message": message, "name": metric.name, "id": taken.id, "timestamp": taken.timestamp}


def metrics_blueprint(accept: Acceptor[NewMetric], reader: Reader, connections: Callable[[], int]) -> Blueprint:
    """The blueprint of /metrics and /series."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.post("/metrics")
    def record() -> Response:
        return answer(*accept(request.environ))

    @blueprint.get("/metrics")
    def show() -> Response:
        arguments(NOTHING)
        return Response(reader.ask(exposition, connections()), content_type=CONTENT_TYPE_LATEST)

    @blueprint.get("/series")
    def series() -> Response:
        asked = arguments(QUERY, besides=TAG)
        tags = _tags()
        start, end = asked["start"], asked["end"]
        query = SeriesQuery(
            asked["name"],
            asked["service"],
            tuple(sorted(tags.items())),
            asked["agg"],
            start and start.timestamp(),
            end and end.timestamp(),
            asked["step"],
        )
        return answer(reader.ask(points, query))

    return blueprint


def _tags() -> dict[str, str]:
    """The tags that the query picks.

    Raises:
        ValidationFailed: one has no name, or is given twice.
    """
    if TAG in request.args:
        raise ValidationFailed(f"{TAG}: Must name a tag.", fields={TAG: ["Must name a tag."]})
    given = given_once(asked for asked in request.args.lists() if asked[0].startswith(TAG))
    return {name.removeprefix(TAG): text for name, text in given.items()}
