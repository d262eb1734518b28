"""Alerts, silences and the messages about them, around one clock, from the log to what a receiver was told."""

from typing import Any

from analytics.alerting import AlertKey
from analytics.alerts.incidents.knowledge import IncidentKnowledge
from analytics.alerts.notify.planning import Addressee, Judge, plan
from analytics.alerts.notify.routing import RouteTree
from analytics.notifications import NewNotificationEnd
from tests.state.rig import Rig


class Told(Rig):
    """A receiver that takes each message at once; messages are planned each second."""

    def __init__(self, **limits: Any) -> None:
        super().__init__(**limits)
        self.began = self.clock.wall()
        knowledge, tree = IncidentKnowledge(self.state), RouteTree(None, ["ops"])
        self._judge = Judge(
            lambda alert, now: tree.targets(alert.key.labels),
            knowledge.is_muted,
            knowledge.is_acknowledged,
            knowledge.unmuted_at,
            knowledge.is_missed,
        )
        self.messages: list[tuple[float, str, list[str], list[str]]] = []
        """Of each message: its time since the beginning, its reason, the alerts that fire, and those that ended."""
        self.told: list[tuple[AlertKey, float, float | None, float]] = []
        """Each telling of an alert: when it fired and ended, and when that was told."""

    def wait(self, seconds: int, step: int = 1) -> None:
        """Let time pass, and plan and send at each `step`, in seconds."""
        for _ in range(0, seconds, step):
            self.plan()
            self.clock.advance(step)

    def plan(self) -> None:
        """Plan and send what is due now."""
        now, outbox = self.clock.wall(), self.state.outbox
        for new in plan(list(self.state.alerts), {"ops": Addressee(outbox.groups("ops"))}, self._judge, now).due:
            message = self.recorder.notify(new)
            assert message is not None, "each message that is due tells something"
            self.recorder.end_notification(NewNotificationEnd("ops", message.labels, message.number, "sent"))
            names: dict[bool, list[str]] = {True: [], False: []}
            for alert in message.alerts:
                names[alert.ended is None].append(_name(alert.key))
                self.told.append((alert.key, alert.fired, alert.ended, now))
            self.messages.append((now - self.began, message.reason, names[True], names[False]))


def _name(key: AlertKey) -> str:
    return dict(key.labels).get("instance", key.rule)
