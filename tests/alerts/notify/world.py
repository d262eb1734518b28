"""Alerts, an outbox and receivers around one clock, for tests of planning."""

from collections.abc import Mapping
from typing import Any

from analytics.alerting import Alert, AlertChange, AlertKey, NewAlertStates
from analytics.alerts.notify.planning import Addressee, Judge, plan
from analytics.alerts.notify.routing import RouteTree
from analytics.notifications import NewNotificationEnd, QueuedMessage
from analytics.state.alerts.alerts import Alerts
from analytics.state.alerts.outbox import NotificationOutbox

START = 1_700_000_000.0


def labels_of(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


class World:
    """Receivers that take each message at once, unless they are `down`.

    Args:
        routes: the tree; None for none.
        wants_resolved: of all receivers.
    """

    def __init__(
        self, *receivers: str, routes: Mapping[str, Any] | None = None, wants_resolved: bool = True, **judge: Any
    ) -> None:
        self.now = START
        self.alerts, self.outbox = Alerts(), NotificationOutbox()
        self.receivers = receivers or ("ops",)
        self.tree = RouteTree(routes, self.receivers)
        self.wants_resolved, self.judge = wants_resolved, judge
        self.down: set[str] = set()
        self.sent: list[tuple[float, QueuedMessage]] = []
        self.look_at = START

    def fire(self, name: str = "Slow", **labels: str) -> None:
        self._change(name, labels, is_firing=True)

    def resolve(self, name: str = "Slow", **labels: str) -> None:
        self._change(name, labels, is_firing=False)

    def change_many(self, count: int, *, is_firing: bool) -> None:
        """Let so many alerts fire, or end, in one evaluation."""
        self._put([_change("Slow", {"service": f"s{number}"}, is_firing=is_firing) for number in range(count)])

    def _change(self, name: str, labels: Mapping[str, str], *, is_firing: bool) -> None:
        self._put([_change(name, labels, is_firing=is_firing)])

    def _put(self, changes: list[AlertChange]) -> None:
        self.alerts.put(NewAlertStates("rules", self.now, changes), self.now)
        self.look_at = self.now

    def run(self, seconds: float, step: float = 1.0) -> list[str]:
        """Plan and send each `step` for some seconds; returns what was sent meanwhile, as text."""
        first, until = len(self.sent), self.now + seconds
        while self.now < until:
            self.tick()
            self.now += step
        return [self.text(*sent) for sent in self.sent[first:]]

    def tick(self) -> None:
        """Plan and send now, unless the newest plan says that nothing is due yet."""
        if self.now < self.look_at:
            return
        addressees = {name: Addressee(self.outbox.groups(name), self.wants_resolved) for name in self.receivers}
        judge = Judge(**{"targets": lambda alert, now: self.tree.targets(alert.key.labels), **self.judge})
        found = plan(list(self.alerts), addressees, judge, self.now)
        self.look_at = self.now if found.due else found.look_at
        for new in found.due:
            before = self.outbox.version
            self.outbox.queue(new, self.now)
            assert self.outbox.version > before
        for message in self.outbox.waiting():
            if message.receiver not in self.down:
                self.sent.append((self.now, message))
                self.outbox.end(NewNotificationEnd(message.receiver, message.labels, message.number, "sent"), self.now)
                self.look_at = self.now

    def text(self, at: float, message: QueuedMessage) -> str:
        """A message as `receiver +seconds reason firing/resolved`."""
        kinds = f"{message.firing} firing {message.resolved} resolved"
        return f"{message.receiver} +{at - START:g} {message.reason} {kinds}"

    def beliefs(self, receiver: str) -> set[AlertKey]:
        """The alerts that a receiver believes to fire, by the messages that it took (of few alerts)."""
        found: set[AlertKey] = set()
        for _, message in self.sent:
            if message.receiver == receiver:
                for alert in message.alerts:
                    (found.add if alert.ended is None else found.discard)(alert.key)
        return found

    def firing(self) -> set[AlertKey]:
        return {alert.key for alert in self.alerts if alert.is_firing}


def is_labelled(alert: Alert, **labels: str) -> bool:
    return labels.items() <= dict(alert.key.labels).items()


def _change(name: str, labels: Mapping[str, str], *, is_firing: bool) -> AlertChange:
    found = labels_of(alertname=name, **labels)
    return AlertChange(name, found, "firing" if is_firing else "normal", is_firing, 1.5, {"summary": name})
