"""/incidents: alerts that belong together, and what people do about them."""

from typing import Any

from flask import Blueprint, Response, request

from analytics.alerts.incidents.answers import incident_details, incidents, known_incident
from analytics.alerts.incidents.markdown import markdown
from analytics.api.answers import answer
from analytics.api.catalog import who
from analytics.api.params import arguments
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.errors import ValidationFailed
from analytics.incidents import Action, NewIncidentAction
from analytics.log.recorder import Recorder
from analytics.query.reader import Reader
from analytics.schemas.compiled import loaded
from analytics.schemas.incidents import Acknowledgement, IncidentNote, IncidentQuery, IncidentsQuery, Snooze
from analytics.schemas.parsing import parse
from analytics.schemas.queries import NoQuery

NOTHING, INCIDENTS_QUERY, INCIDENT_QUERY = NoQuery(), IncidentsQuery(), IncidentQuery()
ACKNOWLEDGEMENT, NOTE, SNOOZE = Acknowledgement(), IncidentNote(), Snooze()
LONGEST_SNOOZE = 31 * 86_400.0
"""Seconds for which an incident may be snoozed."""


def incidents_blueprint(recorder: Recorder, reader: Reader, bodies: BodyReader, clock: Clock) -> Blueprint:
    """Blueprint of /incidents."""
    blueprint = Blueprint("incidents", __name__)

    def body() -> Any:
        arguments(NOTHING)
        return parse(bodies.read(request.environ).data)

    def act(id: str, action: Action, text: str, until: float | None = None) -> Response:
        reader.ask(known_incident, id)
        recorder.act(NewIncidentAction(id, action, who(), text, until))
        return answer(reader.ask(incident_details, id))

    @blueprint.get("/incidents")
    def read() -> Response:
        asked = arguments(INCIDENTS_QUERY)
        return answer(reader.ask(incidents, asked["state"], asked["service"], asked["limit"]))

    @blueprint.get("/incidents/<id>")
    def read_one(id: str) -> Response:
        form = arguments(INCIDENT_QUERY)["format"]
        found = reader.ask(incident_details, id)
        if form == "markdown":
            return Response(markdown(found), content_type="text/markdown; charset=utf-8")
        return answer(found)

    @blueprint.post("/incidents/<id>/acknowledge")
    def acknowledge(id: str) -> Response:
        has_body = request.content_length or "Transfer-Encoding" in request.headers
        return act(id, "acknowledged", loaded(ACKNOWLEDGEMENT, body() if has_body else {})["text"])

    @blueprint.post("/incidents/<id>/note")
    def note(id: str) -> Response:
        return act(id, "note", loaded(NOTE, body())["text"])

    @blueprint.post("/incidents/<id>/snooze")
    def snooze(id: str) -> Response:
        given = loaded(SNOOZE, body())
        return act(id, "snoozed", given["text"], snoozed_until(given, clock.wall()))

    return blueprint


def snoozed_until(given: dict[str, Any], now: float) -> float:
    """The end of a snooze, in seconds since the epoch.

    Raises:
        ValidationFailed: it is not ahead, or too far.
    """
    until: float = now + given["duration"] if given["until"] is None else given["until"].timestamp()
    if not now < until <= now + LONGEST_SNOOZE:
        name = "duration" if given["until"] is None else "until"
        problem = f"Must end within the next {LONGEST_SNOOZE / 86_400:g} days."
        raise ValidationFailed(f"{name}: {problem}", fields={name: [problem]})
    return until
