"""/events: records events, and returns the newest ones."""

from flask import Blueprint, Response, request

from analytics.api.answers import answer, respond
from analytics.api.params import DATA_FIELD, arguments, picked_data
from analytics.doors.door import Door
from analytics.filters.event_filter import EventFilter
from analytics.filters.searches import EventKey
from analytics.query.events import EventSearch, EventsPage
from analytics.schemas.queries import EventsQuery

EVENTS_QUERY = EventsQuery()


def events_blueprint(door: Door, search: EventSearch) -> Blueprint:
    """Blueprint of /events; `door` handles POST."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events")
    def track() -> Response:
        return respond(door(request.environ))

    @blueprint.get("/events")
    def read() -> Response:
        args = arguments(EVENTS_QUERY, besides=DATA_FIELD)
        since, until, cursor = args["since"], args["until"], args["cursor"]
        wanted = EventFilter(
            args["type"],
            args["service"],
            args["user_id"],
            since and since.timestamp(),
            until and until.timestamp(),
            args["q"],
            picked_data(),
        )
        page = EventsPage(args["limit"], cursor and EventKey(cursor[0] or 0, cursor[1]), args["order"] == "time")
        return answer(search.page(wanted, page))

    return blueprint
