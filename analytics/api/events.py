"""/events: track events, and read the newest ones."""

from flask import Blueprint, Response, request

from analytics.api.accept import Acceptor
from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.api.params import arguments
from analytics.kinds import EVENTS
from analytics.log.handlers import Taken
from analytics.log.recorder import Recorder
from analytics.query.events import EventFilter, events
from analytics.query.reader import Reader
from analytics.records import NewEvent
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.queries import EventsQuery

QUERY = EventsQuery()


def events_acceptor(recorder: Recorder, bodies: BodyReader, decoder: SchemaDecoder[NewEvent]) -> Acceptor[NewEvent]:
    """What takes events in."""
    return Acceptor(EVENTS, bodies, decoder, recorder, _tell)


def _tell(event: NewEvent, taken: Taken) -> dict[str, str]:
    message = "event tracked before" if taken.duplicate else "event tracked"
    return {"message": message, "id": taken.id, "timestamp": taken.timestamp}


def events_blueprint(accept: Acceptor[NewEvent], reader: Reader) -> Blueprint:
    """The blueprint of /events."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events")
    def track() -> Response:
        return answer(*accept(request.environ))

    @blueprint.get("/events")
    def read() -> Response:
        asked = arguments(QUERY)
        since, until, text = asked["since"], asked["until"], asked["q"]
        wanted = EventFilter(
            asked["type"],
            asked["service"],
            asked["user_id"],
            since and since.timestamp(),
            until and until.timestamp(),
            text and text.lower(),
        )
        return answer(reader.ask(events, wanted, asked["limit"], asked["cursor"]))

    return blueprint
