"""Builds what tells people of alerts: the dispatcher, the senders, and the routes of receivers and messages."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from analytics.alerting import Alert
from analytics.alerts.incidents.links import IncidentLinks
from analytics.api.catalog import Resources
from analytics.api.notifications import notifications_blueprint
from analytics.api.receivers import receivers_blueprint, routes_blueprint
from analytics.catalog.collections import RECEIVERS, ROUTES
from analytics.catalog.secret import resolve
from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.body import BodyReader
from analytics.factory.incidents import LinkMaker
from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor
from analytics.lazy import Lazy
from analytics.log.recorder import Recorder
from analytics.notifications import QueuedMessage
from analytics.own_metrics.family import Family, by_label
from analytics.query.catalog import resource
from analytics.query.notifications import Tried
from analytics.query.reader import Reader
from analytics.resources import Resource
from analytics.state.alerts.outbox import NotificationOutbox
from analytics.state.state import State
from analytics.threads import Threads
from analytics.yielding import yield_if_due

if TYPE_CHECKING:
    from analytics.alerts.notify.charts import AlertCharts
    from analytics.alerts.notify.delivery import ReceiverServices
    from analytics.alerts.notify.dispatcher import Dispatcher, Knowledge
    from analytics.alerts.notify.forwarder import Forwarder
    from analytics.alerts.notify.sender import MessageSender, Trouble
    from analytics.alerts.rules.engine import RuleEngine


DESCRIBING_TYPES = ("webhook", "alertmanager", "command")
"""Receivers that get fields for programs, in which the address of the service has its own meaning."""
DISPATCH_SECONDS = 1.0
TROUBLE_SECONDS = 60.0
"""After how long without a message delivered the service is degraded."""


class Notifier:
    """Everything that tells people of alerts.

    Args:
        running: gets each job that runs as long as requests are served; the senders come and go.
        knowledge: what silences and acknowledgements say.
        links: to the pages of incidents, where people act on them.
        charts: makes what makes charts, with the first one.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        reader: Reader,
        recorder: Recorder,
        jobs: Supervisor,
        running: list[Job],
        outbox: NotificationOutbox,
        knowledge: "Knowledge | None" = None,
        links: IncidentLinks | None = None,
        charts: "Callable[[], AlertCharts] | None" = None,
    ) -> None:
        self._settings, self._clock, self._reader, self._recorder = settings, clock, reader, recorder
        self._jobs, self._running, self._outbox = jobs, running, outbox
        self._services = Lazy(self._make_services)
        self._links = None if links is None else LinkMaker(links, reader, settings.public_url.rstrip("/"))
        self._knowledge, self._charts = knowledge, charts
        self._dispatcher = Lazy(self._make_dispatcher)
        running.append(jobs.periodic("notification dispatcher", DISPATCH_SECONDS, self._step, stalled_after=60.0))

    def begin(self, name: str, work: Callable[[], None]) -> Job:
        """Make and start a job whose work runs for ever."""
        job = self._jobs.loop(name, work)
        self._running.append(job)
        job.start()
        return job

    def end(self, job: Job) -> None:
        """Stop a job, and forget it."""
        self._running.remove(job)
        self._jobs.end(job)

    def deliver(self, message: QueuedMessage, receiver: Resource) -> str:
        """Deliver a message now; returns the answer in words, raises NotDelivered."""
        from analytics.alerts.notify.deliveries import deliver

        services = self._services()
        if self._links is not None:
            links = self._links.of_message(message.receiver, [alert.key for alert in message.alerts])
            is_for_people = receiver.body["type"] not in DESCRIBING_TYPES
            address = links.acknowledge if is_for_people else ""
            services = services._replace(links=links, public_url=address or services.public_url)
        return deliver(message, receiver, services)

    def blueprints(self, bodies: BodyReader) -> list[Any]:
        """The blueprints of receivers, routes and messages."""
        resources = partial(Resources, recorder=self._recorder, reader=self._reader, bodies=bodies, clock=self._clock)
        return [
            receivers_blueprint(resources(RECEIVERS), self._reader, self._send_test),
            routes_blueprint(resources(ROUTES)),
            notifications_blueprint(self._reader, self._tried),
        ]

    def troubles(self) -> list[str]:
        """Why the service is degraded."""
        now = self._clock.wall()
        return [
            f"messages to {name} are not delivered: {worst.reason}"
            for name, troubles in self._troubles.items()
            if (worst := min(troubles.values(), key=lambda each: each.since)).since < now - TROUBLE_SECONDS
        ]

    def families(self) -> Iterator[Family]:
        """Own metrics."""
        figures = self._outbox.figures()  # without the lock, which some hold that ask for metrics
        if figures:
            sent = {name: each.sent for name, each in figures.items()}
            failed = {name: each.failed for name, each in figures.items()}
            waiting_ = {name: each.waiting for name, each in figures.items()}
            yield by_label("notifications_sent", "counter", "Messages that receivers took", "receiver", sent)
            yield by_label("notifications_failed", "counter", "Messages that were given up", "receiver", failed)
            yield by_label("notifications_waiting", "gauge", "Messages that wait for receivers", "receiver", waiting_)

    def _tried(self) -> dict[str, Tried]:
        ids = {message.number: message.id for message in self._outbox.waiting()}
        return {
            ids[number]: Tried(trouble.attempts, trouble.reason, trouble.next_at)
            for troubles in self._troubles.values()
            for number, trouble in troubles.items()
            if number in ids
        }

    def _send_test(self, receiver: Resource) -> tuple[bool, str]:
        from analytics.alerts.notify.delivery import NotDelivered
        from analytics.alerts.notify.trial import trial_message

        try:
            return True, self.deliver(trial_message(receiver.name, self._clock.wall()), receiver)
        except NotDelivered as error:
            return False, error.reason

    def _step(self) -> None:
        """Plan and queue messages, as soon as there is a receiver."""
        if self._dispatcher.made is not None or self._reader.ask(has_receivers):
            self._dispatcher().step()

    def _make_dispatcher(self) -> "Dispatcher":
        from analytics.alerts.notify.dispatcher import Dispatcher, NoKnowledge
        from analytics.alerts.notify.senders import Senders
        from analytics.alerts.notify.situation import situation, versions

        return Dispatcher(
            partial(self._reader.ask, versions),
            partial(self._reader.ask, situation),
            self._recorder.notify,
            self._recorder.end_notification,
            Senders(self, self._make_sender, self._make_forwarder),
            self._knowledge or NoKnowledge(),
            yield_if_due,
        )

    @property
    def _troubles(self) -> "Mapping[str, Mapping[int, Trouble]]":
        """Attempts in vain, by receiver and number of the message."""
        return {} if self._dispatcher.made is None else self._dispatcher.made.senders.troubles

    def _make_sender(self, name: str) -> "MessageSender":
        from analytics.alerts.notify.sender import MessageSender
        from analytics.alerts.notify.situation import waiting

        return MessageSender(
            name,
            partial(self._reader.ask, waiting, name),
            self._deliver_now,
            self._recorder.end_notification,
            partial(self._version, name),
            self._clock,
        )

    def _make_forwarder(self, name: str) -> "Forwarder":
        from analytics.alerts.notify.deliveries import forward
        from analytics.alerts.notify.forwarder import Forwarder

        def post(alerts: Sequence[Alert]) -> None:
            receiver = self._reader.ask(resource, RECEIVERS.name, name)
            if receiver is not None:
                services = self._services()
                if self._links is not None:
                    services = services._replace(links_of=partial(self._links.of_alerts, name))
                forward(alerts, receiver, services)

        return Forwarder(name, partial(self._dispatcher().alerts_for, name), post, self._clock)

    def _deliver_now(self, message: QueuedMessage) -> str:
        receiver = self._reader.ask(resource, RECEIVERS.name, message.receiver)
        if receiver is None:  # it was deleted just now: the dispatcher withdraws its messages
            from analytics.alerts.notify.delivery import NotDelivered

            raise NotDelivered("the receiver was deleted")
        return self.deliver(message, receiver)

    def _version(self, name: str) -> int:
        receiver = self._reader.ask(resource, RECEIVERS.name, name)
        return 0 if receiver is None else receiver.version

    def _chart(self, message: QueuedMessage) -> bytes | None:
        return None if self._charts is None else self._charts()(message)

    def _make_services(self) -> "ReceiverServices":
        from analytics.alerts.notify.delivery import ReceiverServices
        from analytics.alerts.notify.http import Http

        settings = self._settings
        return ReceiverServices(
            Http(allows_private=settings.notify_private == "1"),
            resolve,
            settings.public_url.rstrip("/"),
            self._clock.wall,
            settings.notify_command == "1",
            chart=self._chart,
        )


def lazy_charts(
    engine: "Callable[[], RuleEngine]", reader: Reader, threads: Threads, clock: Clock
) -> "Lazy[AlertCharts]":
    """Makes charts of alerts; loaded with the first mail."""

    def make() -> "AlertCharts":
        from analytics.alerts.notify.charts import AlertCharts

        return AlertCharts(engine(), reader, threads, clock)

    return Lazy(make)


def has_receivers(state: State, now: float) -> bool:
    """Whether there is a receiver, or one was there that was told something."""
    return state.catalog.count(RECEIVERS.name) > 0 or bool(state.outbox.boxes)
