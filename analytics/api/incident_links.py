"""/act: the page behind the link in a message. GET shows an incident with buttons, and POST acts on it.

Scanners of mail follow links, so GET changes nothing. POST is answered by a redirect to the page, so that loading that
anew does not act again.
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
SNOOZES = {"1h": (3_600, "1 hour"), "4h": (14_400, "4 hours"), "24h": (86_400, "1 day")}
"""Seconds of each snooze, and how it is called."""
DONE = {"acknowledge": "Acknowledged.", **{name: f"Snoozed for {text}." for name, (_, text) in SNOOZES.items()}}
"""What the page says after an action."""
ALLOWED = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)


def incident_links_blueprint(
    links: IncidentLinks, recorder: Recorder, reader: Reader, forms: BodyReader, clock: Clock
) -> Blueprint:
    """Blueprint of /act."""
    blueprint = Blueprint("incident_links", __name__)

    def page(link: IncidentLink | None, done: str | None = None) -> Response:
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
        return page(links.read(id, clock.wall()), DONE.get(request.args.get("done", "")))

    @blueprint.post("/act/<id>")
    def act(id: str) -> Response:
        now = clock.wall()
        link = links.read(id, now)
        if link is None:
            return page(None)
        fields = dict(parse_qsl(forms.read(request.environ).data.decode(errors="replace")))
        action, who = fields.get("action", ""), f"link to {link.receiver}"
        if action not in DONE:
            problem = f"Must be {', '.join(DONE)}."
            raise ValidationFailed(f"action: {problem}", fields={"action": [problem]})
        if action == "acknowledge":
            done = NewIncidentAction(link.incident, "acknowledged", who)
        else:
            done = NewIncidentAction(link.incident, "snoozed", who, until=now + SNOOZES[action][0])
        recorder.act(done)
        return Response(status=303, headers={"Location": f"{request.script_root}{request.path}?done={action}"})

    return blueprint
