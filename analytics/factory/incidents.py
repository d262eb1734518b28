"""Silences and incidents in the service."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics.alerting import Alert, AlertKey
from analytics.alerts.incidents.links import IncidentLink, IncidentLinks
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.api.application import Application
from analytics.api.catalog import Resources
from analytics.api.late import late_blueprint
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
from analytics.privacy.hashing import hash_key
from analytics.query.reader import Reader
from analytics.state.state import State

if TYPE_CHECKING:
    from analytics.alerts.incidents.escalation import Escalations

HOUR_SECONDS = 3_600
SILENCE_RULES = "GET /silences, POST /silences, GET /silences/<id>, PUT /silences/<id>, DELETE /silences/<id>"
INCIDENT_RULES = (
    "GET /incidents, GET /incidents/<id>, POST /incidents/<id>/acknowledge, POST /incidents/<id>/note, "
    "POST /incidents/<id>/snooze"
)
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


class LinkMaker:
    """Makes the links in messages.

    Args:
        links: signs them.
        public_url: the address of the service; empty if it is not known.
    """

    def __init__(self, links: IncidentLinks, reader: Reader, public_url: str) -> None:
        self._links, self._reader, self._public_url = links, reader, public_url

    def of_message(self, receiver: str, keys: Iterable[AlertKey]) -> MessageLinks:
        """The links for a message about these alerts: those to the first incident of one of them."""
        found, now = self._reader.ask(_incidents_of, list(keys))
        incident = next(filter(None, found), None)
        return NO_LINKS if incident is None else self._of(incident, receiver, now)

    def of_alerts(self, receiver: str, alerts: Sequence[Alert]) -> list[MessageLinks]:
        """The links for each of these alerts; they change once an hour."""
        found, now = self._reader.ask(_incidents_of, [alert.key for alert in alerts])
        hour = now // HOUR_SECONDS * HOUR_SECONDS
        return [NO_LINKS if each is None else self._of(each, receiver, hour) for each in found]

    def _of(self, incident: str, receiver: str, now: float) -> MessageLinks:
        if not self._public_url:
            return NO_LINKS
        try:
            page = f"{self._public_url}/act/{self._links.token(IncidentLink(incident, receiver), now)}"
        except Unavailable:  # there is no key; the message is more important
            return NO_LINKS
        return MessageLinks(page, f"{page}/silence")


def _incidents_of(state: State, now: float, keys: Sequence[AlertKey]) -> tuple[list[str | None], float]:
    """The ids of the incidents of alerts, and the time."""
    found = map(state.incidents.of_alert, keys)
    return [None if incident is None else incident.id for incident in found], now


def add_incidents(
    app: Application,
    recorder: Recorder,
    reader: Reader,
    bodies: BodyReader,
    clock: Clock,
    links: IncidentLinks,
) -> None:
    """Register the blueprints of silences and incidents."""

    def make_incident_links() -> Any:
        from analytics.api.incident_links import FORM, FORM_LIMIT, incident_links_blueprint

        forms = BodyReader(BodyLimits(FORM_LIMIT), (FORM, ""))
        return incident_links_blueprint(links, recorder, reader, forms, clock)

    def make_silence_links() -> Any:
        from analytics.api.incident_links import FORM, FORM_LIMIT
        from analytics.api.silence_links import silence_links_blueprint

        forms = BodyReader(BodyLimits(FORM_LIMIT), (FORM, ""))
        return silence_links_blueprint(links, recorder, reader, forms, clock)

    def make_silences() -> Any:
        from analytics.api.silences import silences_blueprint

        return silences_blueprint(Resources(SILENCES, recorder, reader, bodies, clock))

    def make_incidents() -> Any:
        from analytics.api.incidents import incidents_blueprint

        return incidents_blueprint(recorder, reader, bodies, clock)

    def make_status() -> Any:
        from analytics.api.status import status_blueprint

        return status_blueprint(reader, clock)

    for name, rules, make in (
        ("incident_links", "GET /act/<id>, POST /act/<id>", make_incident_links),
        ("silence_links", "GET /act/<id>/silence, POST /act/<id>/silence", make_silence_links),
        ("silences", SILENCE_RULES, make_silences),
        ("incidents", INCIDENT_RULES, make_incidents),
        ("status", "GET /status, GET /status.json, GET /status/feed.atom", make_status),
    ):
        app.register_blueprint(late_blueprint(name, rules, make))
    app.register_blueprint(Resources(STATUS_PAGE, recorder, reader, bodies, clock).blueprint())
