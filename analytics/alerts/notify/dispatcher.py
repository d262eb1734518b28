"""The dispatcher: a job that plans messages and queues them in the log, from where senders take them."""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from analytics.alerting import Alert
from analytics.alerts.notify.forwarder import ForwardedAlert
from analytics.alerts.notify.planning import Addressee, Judge, plan
from analytics.alerts.notify.routing import RouteTarget, RouteTree
from analytics.alerts.notify.senders import Senders
from analytics.alerts.notify.situation import Situation
from analytics.notifications import WITHDRAWN, NewNotification, NewNotificationEnd, QueuedMessage
from analytics.points import Labels
from analytics.resources import Resource
from analytics.state.alerts.outbox import ReceiverBox

ALERTMANAGER = "alertmanager"
"""The type of receivers that group and repeat on their own; `Forwarder` sends to them."""
MOST_REMEMBERED = 50_000
"""Alerts whose targets are remembered."""


class Knowledge(Protocol):
    """What others than the routes know of alerts; times are in seconds since the epoch."""

    def version(self) -> Hashable:
        """Something that changes whenever another answer may be given, by other than time."""

    def is_muted(self, alert: Alert, now: float) -> str | None:
        """The reason why messages about an alert are held back now; None if they are sent."""

    def is_acknowledged(self, alert: Alert, now: float) -> bool:
        """Whether somebody takes care of an alert."""

    def unmuted_at(self, alert: Alert, now: float) -> float | None:
        """When an alert that fires was muted last; None if it was not. Receivers then get a message again."""

    def is_missed(self, alert: Alert, receiver: str, now: float) -> bool:
        """Whether a receiver got no message about an alert that has ended, because the alert was muted."""

    def escalated(self, alert: Alert, now: float) -> Sequence[str]:
        """The receivers that have to know as well by now."""

    def next_change(self, now: float) -> float:
        """When time alone may change an answer, other than to `is_muted`; infinite if it does not."""


class NoKnowledge:
    """Mutes nothing."""

    def version(self) -> Hashable:
        return None

    def is_muted(self, alert: Alert, now: float) -> str | None:
        return None

    def is_acknowledged(self, alert: Alert, now: float) -> bool:
        return False

    def unmuted_at(self, alert: Alert, now: float) -> float | None:
        return None

    def is_missed(self, alert: Alert, receiver: str, now: float) -> bool:
        return False

    def escalated(self, alert: Alert, now: float) -> Sequence[str]:
        return ()

    def next_change(self, now: float) -> float:
        return math.inf


class Dispatcher:
    """Plans whenever something changed, or a message may be due by time.

    Args:
        versions: the versions of the situation.
        situation: all of it.
        notify: queues a message; returns it, or None where the record did not count.
        end: ends messages of deleted receivers.
        pause: lets others run while it plans.
    """

    def __init__(
        self,
        versions: Callable[[], tuple[Hashable, float]],
        situation: Callable[[], Situation],
        notify: Callable[[NewNotification], QueuedMessage | None],
        end: Callable[[NewNotificationEnd], None],
        senders: Senders,
        knowledge: Knowledge,
        pause: Callable[[], None],
    ) -> None:
        self._versions, self._situation, self._notify, self._end = versions, situation, notify, end
        self.senders, self._knowledge, self._pause = senders, knowledge, pause
        self._seen: Hashable = None
        self._look_at = 0.0
        self._configuration: Hashable = object()
        self._tree: RouteTree = RouteTree(None, ())
        self._targets: dict[Labels, list[RouteTarget]] = {}

    def step(self) -> None:
        """Queue what is due.

        Raises:
            Unavailable: it could not be recorded.
        """
        versions, now = self._versions()
        known = (versions, self._knowledge.version())
        if known == self._seen and now < self._look_at:
            return
        found = self._situation()
        is_reconfigured = found.configuration != self._configuration
        if is_reconfigured:
            self._configure(found)
        queued = self._plan(found)
        forwarding = {each.name for each in found.receivers if each.body["type"] == ALERTMANAGER}
        self.senders.keep({each.name for each in found.receivers} - forwarding, forwarding)
        self.senders.wake(found.waiting | queued, retries=is_reconfigured)
        self.senders.forward(forwarding, retries=is_reconfigured)
        self._seen = (found.versions, self._knowledge.version())  # what was queued is a change, too: look again then

    def alerts_for(self, receiver: str) -> list[ForwardedAlert]:
        """The alerts that a receiver has to know now, or a short time ago had to."""
        found = self._situation()
        return [
            ForwardedAlert(alert, self._knowledge.is_muted(alert, found.now) is not None)
            for alert in found.alerts
            if alert.fired is not None
            and any(target.receiver == receiver for target in self._targets_of(alert, found.now))
        ]

    def _configure(self, found: Situation) -> None:
        names = [resource.name for resource in found.receivers]
        self._tree = RouteTree(found.routes, names)
        self._targets.clear()
        sent_to = {resource.name for resource in found.receivers if resource.body["type"] != ALERTMANAGER}
        for name in sorted(found.boxes.keys() - sent_to):
            reason = "the receiver gets no messages any more" if name in names else "the receiver was deleted"
            self._end(NewNotificationEnd(name, (), 0, WITHDRAWN, answer=reason))
        self._configuration = found.configuration

    def _plan(self, found: Situation) -> set[str]:
        """Queue what is due; returns the receivers that have something new."""
        addressees = {
            resource.name: Addressee(_groups(found.boxes.get(resource.name)), resource.body.get("send_resolved", True))
            for resource in found.receivers
            if resource.body["type"] != ALERTMANAGER and not _is_disabled(found.boxes.get(resource.name), resource)
        }
        known = self._knowledge
        judge = Judge(self._targets_of, known.is_muted, known.is_acknowledged, known.unmuted_at, known.is_missed)
        planned = plan(found.alerts, addressees, judge, found.now, self._pause)
        queued = filter(None, map(self._notify, planned.due))
        receivers = {message.receiver for message in queued}
        self._look_at = min(planned.look_at, self._knowledge.next_change(found.now))
        return receivers

    def _targets_of(self, alert: Alert, now: float) -> list[RouteTarget]:
        labels = alert.key.labels
        targets = self._targets.get(labels)
        if targets is None:
            if len(self._targets) >= MOST_REMEMBERED:
                self._targets.clear()
            targets = self._targets[labels] = self._tree.targets(labels)
        more = self._knowledge.escalated(alert, now)
        if not more:
            return targets
        known = {target.receiver for target in targets}
        like = targets[0] if targets else RouteTarget("", labels, self._tree.timing)
        return [*targets, *(like._replace(receiver=name) for name in more if name not in known)]


def _groups(box: ReceiverBox | None) -> Any:
    return {} if box is None else dict(box.groups)


def _is_disabled(box: ReceiverBox | None, resource: Resource) -> bool:
    return box is not None and box.disabled == resource.version
