"""Random records of the kinds that the service writes itself: alerts, messages, incidents, pushes, erasures."""

import random
from typing import Any

from analytics.alerting import AlertChange, AlertKey, NewAlertStates
from analytics.incidents import NewIncidentAction
from analytics.notifications import FiredAlert, MessageAlert, NewNotification, NewNotificationEnd
from analytics.points import Labels, NewPoint, labels_of
from analytics.records import NewDelivery, NewPush, PushedPoint
from tests.state.rig import DAY, HOUR, MINUTE, Rig

GROUPS = ("latency", "errors")
STATES = ("normal", "pending", "firing", "firing", "recovering", "no_data", "error")
RECEIVERS = ("ops", "chat")
SIZES = (MINUTE, HOUR, DAY)


def record_own(rig: Rig, dice: random.Random) -> None:
    """Record one of them."""
    dice.choice(_ACTS)(rig, dice)


def _change_alerts(rig: Rig, dice: random.Random) -> None:
    changes = [_change(dice) for _ in range(dice.randrange(1, 4))]
    rig.recorder.change_alerts(NewAlertStates(dice.choice(GROUPS), rig.clock.wall(), changes))


def _change(dice: random.Random) -> AlertChange:
    state: Any = dice.choice(STATES)
    is_firing = state in ("firing", "recovering")
    return AlertChange("Slow", _labels(dice), state, is_firing, dice.choice((None, 0.1, 7.0)), {"summary": "slow"})


def _labels(dice: random.Random) -> Labels:
    return labels_of({"alertname": "Slow", "service": dice.choice("abc"), "zone": dice.choice("xy")}.items())


def _act(rig: Rig, dice: random.Random) -> None:
    ids = [incident.id for incident in rig.state.incidents]
    action: Any = dice.choice(("acknowledged", "note", "snoozed", "escalated"))
    until = rig.clock.wall() + 60 if action == "snoozed" else None
    rig.recorder.act(NewIncidentAction(dice.choice([*ids, "unknown"]), action, "x", "ops", until))


def _notify(rig: Rig, dice: random.Random) -> None:
    alerts = [alert for alert in rig.state.alerts if alert.fired is not None]
    fired = [FiredAlert(alert.key, alert.fired or 0.0) for alert in alerts if alert.is_firing]
    over: list[AlertKey] = [alert.key for alert in alerts if not alert.is_firing]
    told = [MessageAlert(alert.key, alert.fired or 0.0, alert.ended, alert.value, {}) for alert in alerts]
    receiver, labels = dice.choice(RECEIVERS), _message_group(dice)
    known = rig.state.outbox.groups(receiver).get(labels)
    after = 0 if known is None else dice.choice((known.number, known.number, 0))
    reason: Any = dice.choice(("changed", "changed", "reminder", "quiet"))
    rig.recorder.notify(NewNotification(receiver, labels, reason, after, fired, over, len(fired), told))


def _message_group(dice: random.Random) -> Labels:
    return dice.choice(((), (("alertname", "Slow"),)))


def _end_notification(rig: Rig, dice: random.Random) -> None:
    waiting = [(each.receiver, each.labels, each.number) for each in rig.state.outbox.waiting()]
    receiver, labels, number = dice.choice([*waiting, *waiting, (dice.choice(RECEIVERS), _message_group(dice), 0)])
    outcome: Any = dice.choice(("sent", "failed")) if number else "withdrawn"
    rig.recorder.end_notification(NewNotificationEnd(receiver, labels, number, outcome, dice.randrange(1, 4)))


def _push(rig: Rig, dice: random.Random) -> None:
    points = [
        PushedPoint(name, NewPoint(labels_of({"__name__": name, "job": "nightly"}.items()), "gauge", 0.1))
        for name in dice.sample(("rows", "seconds", "bytes"), dice.randrange(4))
    ]
    rig.recorder.push(NewPush((("job", dice.choice(("nightly", "hourly"))),), points, dice.random() < 0.5))


def _deliver(rig: Rig, dice: random.Random) -> None:
    now, progress = rig.clock.wall(), rig.state.sink_progress
    waiting = [(source, *bucket) for source, bucket in progress.late]
    late = dice.sample(waiting, dice.randrange(len(waiting) + 1))
    since = [*progress.upto.values()]
    upto = [max(begin, int(now // size) * size) for begin, size in zip(since, SIZES, strict=True)]
    as_of = dice.choice((0.0, now - 70, now - 1, rig.state.time, now))
    sink = dice.choice(("influx:1",) * 9 + ("influx:2",))
    rig.recorder.deliver(NewDelivery(sink, since, dice.choice((since, upto)), as_of, late, dice.randrange(2)))


def _erase(rig: Rig, dice: random.Random) -> None:
    rig.recorder.erase([f"u{dice.randrange(30)}", dice.choice("uvw")], "x")


def _advance(rig: Rig, dice: random.Random) -> None:
    rig.recorder.advance()


_ACTS = (
    *(_change_alerts, _change_alerts, _act, _notify, _end_notification, _push, _erase, _advance),
    *(_deliver, _deliver, _deliver),
)
