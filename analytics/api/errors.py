"""/errors: the newest errors, grouped."""

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.query.error_groups import GroupFilter
from analytics.query.errors import errors
from analytics.query.reader import Reader
from analytics.schemas.error_groups import ErrorsQuery

ERRORS_QUERY = ErrorsQuery()


def errors_blueprint(reader: Reader) -> Blueprint:
    """Blueprint of /errors."""
    blueprint = Blueprint("errors", __name__)

    @blueprint.get("/errors")
    def read() -> Response:
        args = arguments(ERRORS_QUERY)
        since, until = (args[name] and args[name].timestamp() for name in ("since", "until"))
        wanted = GroupFilter(args["service"], since, until, args["state"], args["fingerprint"])
        return answer(reader.ask(errors, wanted, args["limit"]))

    return blueprint
