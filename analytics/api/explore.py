"""/explore: questions about events, such as figures by field and time, funnels and retention."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.clock import Clock, rfc3339
from analytics.doors.body import BodyReader
from analytics.internals.departure import client_waits
from analytics.schemas.queries import NoQuery
from analytics.store.client.asking import AsksStore

NOTHING = NoQuery()


def explore_blueprint(store: AsksStore, bodies: BodyReader, clock: Clock) -> Blueprint:
    """Blueprint of /explore."""
    blueprint = Blueprint("explore", __name__)

    @blueprint.post("/explore")
    def explore() -> Response:
        from analytics.api.questions import question_of  # here, as few servers are asked such

        arguments(NOTHING)
        question = question_of(bodies.read(request.environ).data, datetime.fromtimestamp(clock.wall(), UTC))
        asked, is_wanted = msgspec.to_builtins(question), client_waits(request.environ)
        found: dict[str, Any] = msgspec.json.decode(b"".join(store.ask("explore", asked, is_wanted=is_wanted)))
        since, until = question.since.timestamp(), question.until.timestamp()
        return answer({"question": asked["question"], "since": rfc3339(since), "until": rfc3339(until), **found})

    return blueprint
