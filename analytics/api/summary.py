"""/summary: figures, points, services, endpoints and metrics of a range."""

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.query.reader import Reader
from analytics.query.summary import SummaryQuery, summary
from analytics.schemas.queries import SummaryQueryArgs
from analytics.yielding import yield_to_others

QUERY = SummaryQueryArgs()


def summary_blueprint(reader: Reader) -> Blueprint:
    """Blueprint of /summary."""
    blueprint = Blueprint("summary", __name__)

    @blueprint.get("/summary")
    def read() -> Response:
        args = arguments(QUERY)
        start, end = args["start"], args["end"]
        query = SummaryQuery(
            start and start.timestamp(), end and end.timestamp(), args["step"], args["service"], args["endpoints"]
        )
        return answer(reader.ask_in_steps(yield_to_others, summary, query))

    return blueprint
