"""/act: the page behind the link in a message. GET shows an incident with buttons, and POST acts on it.

Scanners of mail follow links, so GET changes nothing.
"""

from contextlib import suppress
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from analytics.alerts.incidents.answers import incident_details
from analytics.alerts.incidents.links import IncidentLink, IncidentLinks
from analytics.answer import POLICY
from analytics.api.templates import filled
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.errors import NotFound, ValidationFailed
from analytics.incidents import NewIncidentAction
from analytics.log.recorder import Recorder
from analytics.query.reader import Reader

FORM = "application/x-www-form-urlencoded"
FORM_LIMIT = 1_024
SNOOZES = {"1h": 3_600, "4h": 14_400, "24h": 86_400}
ALLOWED = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"


def incident_links_blueprint(
    links: IncidentLinks, recorder: Recorder, reader: Reader, forms: BodyReader, clock: Clock
) -> Blueprint:
    """Blueprint of /act."""
    blueprint = Blueprint("incident_links", __name__)

    def page(link: IncidentLink | None, done: str = "") -> Response:
        found = None
        if link is not None:
            with suppress(NotFound):  # it has expired
                found = reader.ask(incident_details, link.incident)
        text = filled("act.html", incident=found, done=done, snoozes=SNOOZES)
        response = Response(text, 200 if found else 404, content_type="text/html; charset=utf-8")
        response.headers[POLICY] = ALLOWED
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/act/<id>")
    def show(id: str) -> Response:
        return page(links.read(id, clock.wall()))

    @blueprint.post("/act/<id>")
    def act(id: str) -> Response:
        now = clock.wall()
        link = links.read(id, now)
        if link is None:
            return page(None)
        fields = dict(parse_qsl(forms.read(request.environ).data.decode(errors="replace")))
        action, who = fields.get("action"), f"link to {link.receiver}"
        if action == "acknowledge":
            recorder.act(NewIncidentAction(link.incident, "acknowledged", who))
            return page(link, "Acknowledged.")
        if action in SNOOZES:
            recorder.act(NewIncidentAction(link.incident, "snoozed", who, until=now + SNOOZES[action]))
            return page(link, f"Snoozed for {action}.")
        problem = f"Must be acknowledge, {', '.join(SNOOZES)}."
        raise ValidationFailed(f"action: {problem}", fields={"action": [problem]})

    return blueprint
