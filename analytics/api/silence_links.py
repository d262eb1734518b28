"""/act/…/silence: the page behind the link in a message that silences. GET shows a form, and POST silences.

POST is answered by a redirect to the page, so that loading that anew does not act again.
"""

from contextlib import suppress
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request

from analytics.alerts.incidents.answers import known_incident, title
from analytics.alerts.incidents.links import IncidentLink, IncidentLinks
from analytics.alerts.incidents.silencing import shared_labels, silence_name, silence_of
from analytics.answer import POLICY
from analytics.api.templates import filled
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import SILENCES
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.errors import NotFound, ValidationFailed
from analytics.incidents import Incident
from analytics.log.recorder import Recorder
from analytics.query.catalog import resource
from analytics.query.reader import Reader
from analytics.resources import NewChange

PERIODS = {"1h": (3_600, "1 hour"), "4h": (14_400, "4 hours"), "24h": (86_400, "1 day"), "7d": (604_800, "1 week")}
"""Seconds of each silence, and how it is called."""
FROM_A_LINK = "From the link in a message"
MOST_COMMENT = 500
ALLOWED_ON_FORM = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"


def silence_links_blueprint(
    links: IncidentLinks, recorder: Recorder, reader: Reader, forms: BodyReader, clock: Clock
) -> Blueprint:
    """Blueprint of /act/…/silence."""
    blueprint = Blueprint("silence_links", __name__)

    def found(id: str) -> tuple[IncidentLink, Incident] | None:
        """The link, and its incident as it is now; None where the link is not valid or the incident is forgotten."""
        link = links.read(id, clock.wall())
        if link is not None:
            with suppress(NotFound):
                return link, reader.ask(known_incident, link.incident)
        return None

    def page(incident: Incident | None) -> Response:
        silence = None if incident is None else reader.ask(resource, SILENCES.name, silence_name(incident.id))
        is_silent = silence is not None and silence.end is not None and silence.end > clock.wall()
        text = filled(
            "silence.html",
            title="" if incident is None else title(incident),
            incident=incident,
            labels=() if incident is None else shared_labels(incident),
            silence=silence if is_silent else None,
            periods={name: text for name, (_, text) in PERIODS.items()},
            most=MOST_COMMENT,
        )
        response = Response(text, 404 if incident is None else 200, content_type="text/html; charset=utf-8")
        response.headers[POLICY] = ALLOWED_ON_FORM
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/act/<id>/silence")
    def show(id: str) -> Response:
        linked = found(id)
        return page(None if linked is None else linked[1])

    @blueprint.post("/act/<id>/silence")
    def silence(id: str) -> Response:
        linked = found(id)
        if linked is None:
            return page(None)
        (link, incident), now = linked, clock.wall()
        fields = dict(parse_qsl(forms.read(request.environ).data.decode(errors="replace")))
        period = fields.get("for", "")
        if period not in PERIODS:
            problem = f"Must be {', '.join(PERIODS)}."
            raise ValidationFailed(f"for: {problem}", fields={"for": [problem]})
        who, comment = f"link to {link.receiver}", fields.get("comment", "").strip()[:MOST_COMMENT] or FROM_A_LINK
        body = silence_of(incident, now, PERIODS[period][0], who, comment)
        if body is None:
            problem = "The alerts of this incident have no label in common."
            raise ValidationFailed(problem, fields={})
        name = silence_name(incident.id)
        item = item_of(SILENCES, name, body, now, reader.ask(resource, SILENCES.name, name))
        recorder.change(NewChange(item.collection, item.name, item.body, item.start, item.end, who))
        return Response(status=303, headers={"Location": f"{request.script_root}{request.path}"})

    return blueprint
