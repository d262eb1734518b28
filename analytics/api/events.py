"""/events: track events, and read the newest ones."""

from flask import Blueprint, Response

from analytics.api.accept import accept
from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.api.params import arguments
from analytics.ingest.recorder import Recorder
from analytics.query.events import EventFilter, events
from analytics.query.reader import Reader
from analytics.records import NewEvent
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.queries import EventsQuery

QUERY = EventsQuery()


def events_blueprint(
    recorder: Recorder, reader: Reader, bodies: BodyReader, decoder: SchemaDecoder[NewEvent]
) -> Blueprint:
    """The blueprint of /events."""
    blueprint = Blueprint("events", __name__)

    @blueprint.post("/events")
    def track() -> Response:
        done = accept("events", bodies, decoder, recorder, recorder.event, recorder.events)
        if isinstance(done, Response):
            return done
        _, taken = done
        message = "event tracked before" if taken.duplicate else "event tracked"
        return answer(
            {"message": message, "id": taken.id, "timestamp": taken.timestamp},
            200 if taken.duplicate else 201,
        )

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
