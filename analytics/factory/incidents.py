"""Silences and incidents in the service."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.alerts.incidents.links import IncidentLink, IncidentLinks
from analytics.api.application import Application
from analytics.api.catalog import Resources
from analytics.api.incident_links import FORM, FORM_LIMIT, incident_links_blueprint
from analytics.api.incidents import incidents_blueprint
from analytics.api.silences import silences_blueprint
from analytics.api.status import status_blueprint
from analytics.catalog.collections import SILENCES, STATUS_PAGE
from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.errors import Unavailable
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.lazy import Lazy
from analytics.log.recorder import Recorder
from analytics.notifications import QueuedMessage
from analytics.privacy.hashing import hash_key
from analytics.query.reader import Reader
from analytics.state.state import State

if TYPE_CHECKING:
    from analytics.alerts.incidents.escalation import Escalations

ESCALATION_SECONDS = 5.0
"""How often incidents are looked at."""


def escalation_job(recorder: Recorder, reader: Reader, jobs: Supervisor) -> Job:
    """The job that escalates incidents."""

    def make() -> "Escalations":
        from analytics.alerts.incidents.escalation import Escalations

        return Escalations(reader.ask, recorder.act)

    escalations = Lazy(make)

    def escalate() -> None:
        if reader.ask(_has_incidents):
            escalations().run()

    return jobs.periodic("incident escalation", ESCALATION_SECONDS, escalate, stalled_after=60.0)


def _has_incidents(state: State, now: float) -> bool:
    return len(state.incidents) > 0


def incident_links(settings: Settings) -> IncidentLinks:
    """Links to incidents, signed with a key that is made of the key of hashes."""
    directory = Path(settings.data_dir) if settings.data_dir else None
    return IncidentLinks(partial(hash_key, settings.hash_key, directory))


def link_of(state: State, now: float, links: IncidentLinks, public_url: str, message: QueuedMessage) -> str:
    """The address of the page for the incident that a message is about; empty where there is none."""
    found = (state.incidents.of_alert(alert.key) for alert in message.alerts)
    incident = next(filter(None, found), None)
    if incident is None or not public_url:
        return ""
    try:
        return f"{public_url}/act/{links.token(IncidentLink(incident.id, message.receiver), now)}"
    except Unavailable:  # there is no key; the message is more important
        return ""


def add_incidents(
    app: Application,
    recorder: Recorder,
    reader: Reader,
    bodies: BodyReader,
    clock: Clock,
    links: IncidentLinks,
) -> None:
    """Register the blueprints of silences and incidents."""
    forms = BodyReader(BodyLimits(FORM_LIMIT), (FORM, ""))
    app.register_blueprint(incident_links_blueprint(links, recorder, reader, forms, clock))
    app.register_blueprint(silences_blueprint(Resources(SILENCES, recorder, reader, bodies, clock)))
    app.register_blueprint(incidents_blueprint(recorder, reader, bodies, clock))
    app.register_blueprint(status_blueprint(reader, clock))
    app.register_blueprint(Resources(STATUS_PAGE, recorder, reader, bodies, clock).blueprint())
