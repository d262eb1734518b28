"""/events: records events, and returns the newest ones."""

from flask import Blueprint, Response, request

from analytics.api.answers import answer, respond
from analytics.api.params import arguments
from analytics.doors.door import Door
from analytics.query.events import EventFilter, events
from analytics.query.reader import Reader
from analytics.schemas.queries import EventsQuery

EVENTS_QUERY = EventsQuery()


def events_blueprint(door: Door, reader: Reader) -> Blueprint:
    """Blueprint of /events; `door` handles POST."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events")
    def track() -> Response:
        return respond(door(request.environ))

    @blueprint.get("/events")
    def read() -> Response:
        args = arguments(EVENTS_QUERY)
        since, until, text = args["since"], args["until"], args["q"]
        wanted = EventFilter(
            args["type"],
            args["service"],
            args["user_id"],
            since and since.timestamp(),
            until and until.timestamp(),
            text and text.lower(),
        )
        return answer(reader.ask(events, wanted, args["limit"], args["cursor"]))

    return blueprint
