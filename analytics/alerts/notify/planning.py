"""Plans messages: which groups of alerts are due for which receiver, as a pure function of the state and the time.

A group's first message waits `group_wait` after its first alert, and each further one `group_interval` after the one
before. The message that all of a group is over is due at once. An alert that fires again a short time after it was
resolved gets a message when it has fired for `refire_wait`, so that one that flaps ends in two messages.

No messages are sent about muted alerts. When muting ends, alerts that still fire are sent, also to receivers that had
a message before, and so are those that fired and recovered in between.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from analytics.alerting import Alert, AlertKey
from analytics.alerts.notify.routing import RouteTarget, Timing
from analytics.notifications import (
    CHANGED,
    QUIET,
    REMINDER,
    FiredAlert,
    MessageAlert,
    NewNotification,
    Reason,
)
from analytics.points import Labels
from analytics.state.alerts.outbox import NO_GROUP, NotifiedGroup

FLAP_SECONDS = 600.0
"""How long after its end an alert that fires again counts as flapping."""
MOST_ALERTS = 50
"""How many alerts a message describes; it says how many more there are."""
MOST_GROUPS = 50
"""How many groups a receiver may have; alerts of further ones share a message."""
MUTED_SECONDS = 5.0
"""How often to look again whether alerts are still muted."""

Groups = Mapping[Labels, NotifiedGroup]


class Judge(NamedTuple):
    """What decides about alerts besides their states; each function gets an alert and the time.

    Attributes:
        targets: the receivers that get messages, with the group of each.
        is_muted: the reason why messages are held back now; None if they are sent.
        is_acknowledged: whether somebody takes care of it, so that nobody is reminded.
        unmuted_at: when it was muted last while it fired; None if it was not.
        is_missed: whether this receiver got no message about an alert that has ended, because it was muted.
    """

    targets: Callable[[Alert, float], Sequence[RouteTarget]]
    is_muted: Callable[[Alert, float], str | None] = lambda alert, now: None
    is_acknowledged: Callable[[Alert, float], bool] = lambda alert, now: False
    unmuted_at: Callable[[Alert, float], float | None] = lambda alert, now: None
    is_missed: Callable[[Alert, str, float], bool] = lambda alert, receiver, now: False


class Addressee(NamedTuple):
    """A receiver that can be sent to: what it was told, and whether it wants to know what was resolved."""

    groups: Groups
    wants_resolved: bool = True


class MessagePlan(NamedTuple):
    """Messages that are due, and the next time at which one may be (infinite if only a change makes one due)."""

    due: list[NewNotification]
    look_at: float


class _GroupPlan:
    """The alerts of one group that its receiver has to know, or was told."""

    __slots__ = ("firing", "is_routed", "missed", "timing", "told")

    def __init__(self, told: NotifiedGroup, timing: Timing) -> None:
        self.told, self.timing = told, timing
        self.firing: dict[AlertKey, Alert] = {}
        self.missed: list[Alert] = []
        self.is_routed = False


def plan(
    alerts: Sequence[Alert],
    addressees: Mapping[str, Addressee],
    judge: Judge,
    now: float,
    pause: Callable[[], None] = lambda: None,
) -> MessagePlan:
    """The messages that are due at `now`, in seconds since the epoch.

    Args:
        alerts: all that the state holds.
        addressees: by name.
        pause: called often, so that others can run.
    """
    by_key = {alert.key: alert for alert in alerts}
    due: list[NewNotification] = []
    look_at = math.inf
    for (receiver, labels), group in _groups(alerts, addressees, judge, now, pause).items():
        pause()
        if group.told.waiting is None:
            view = _View(receiver, labels, group, by_key, judge, now)
            look_at = min(look_at, view.look_at)
            if view.is_due:
                due.append(view.message(wants_resolved=addressees[receiver].wants_resolved))
    return MessagePlan(due, look_at)


def _groups(
    alerts: Sequence[Alert],
    addressees: Mapping[str, Addressee],
    judge: Judge,
    now: float,
    pause: Callable[[], None],
) -> dict[tuple[str, Labels], _GroupPlan]:
    """All groups with an alert that fires, or was told to. An alert stays in the group in which it was told.

    Where a receiver has `MOST_GROUPS`, all alerts of further ones are in one, which has no labels.
    """
    found: dict[tuple[str, Labels], _GroupPlan] = {}
    told_in: dict[tuple[str, AlertKey], Labels] = {}
    counts = Counter({receiver: len(addressee.groups) for receiver, addressee in addressees.items()})
    for receiver, addressee in addressees.items():
        for group_labels, told in addressee.groups.items():
            found[receiver, group_labels] = _GroupPlan(told, Timing())
            told_in.update(((receiver, key), group_labels) for key in told.told)
    for alert in alerts:
        receivers = [
            name
            for name, addressee in addressees.items()
            if alert.is_firing
            or (addressee.wants_resolved and (name, alert.key) not in told_in and judge.is_missed(alert, name, now))
        ]
        if not receivers:
            continue
        pause()
        targets = {target.receiver: target for target in judge.targets(alert, now)}
        for receiver in receivers:
            target = targets.get(receiver)
            labels = told_in.get((receiver, alert.key), None if target is None else target.labels)
            if labels is None:
                continue
            if (receiver, labels) not in found and counts[receiver] >= MOST_GROUPS:
                labels = ()
            group = found.get((receiver, labels))
            if group is None:
                counts[receiver] += 1
                group = found[receiver, labels] = _GroupPlan(NO_GROUP, Timing())
            if target is not None:
                group.timing, group.is_routed = target.timing, True
            if alert.is_firing:
                group.firing[alert.key] = alert
            else:
                group.missed.append(alert)
    return found


class _View:
    """One group of a receiver at one time: what is new, what is over, and when that is told."""

    def __init__(
        self,
        receiver: str,
        labels: Labels,
        group: _GroupPlan,
        by_key: Mapping[AlertKey, Alert],
        judge: Judge,
        now: float,
    ) -> None:
        self._receiver, self._labels, self._group, self._now = receiver, labels, group, now
        told, timing = group.told, group.timing
        muted = {alert.key for alert in group.firing.values() if judge.is_muted(alert, now) is not None}
        self._shown = [alert for alert in group.firing.values() if alert.key not in muted]
        fresh = [alert for alert in self._shown if alert.key not in told.told]
        self._new = [alert for alert in fresh if _calm_at(alert, timing) <= now]
        over = [
            by_key.get(key) or _gone(key, fired, now) for key, fired in told.told.items() if key not in group.firing
        ]
        self._over = [alert for alert in over if judge.is_muted(alert, now) is None]
        self._missed = [alert for alert in group.missed if judge.is_muted(alert, now) is None]
        is_told_before = bool(told.number)
        next_at = told.at + timing.interval if is_told_before else -math.inf
        times = [max(next_at, _ready_at(alert, timing)) for alert in fresh]
        if self._over:
            is_all = len(self._over) == len(told.told)
            times.append(now if is_all else next_at)
        if self._missed:
            times.append(next_at)
        reminded = [alert for alert in self._shown if alert.key in told.told and not judge.is_acknowledged(alert, now)]
        unmuted = filter(None, (judge.unmuted_at(alert, now) for alert in reminded))
        is_again_due = any(told.at < at for at in unmuted)
        self._reminder_at = math.inf
        if reminded and group.is_routed:
            self._reminder_at = next_at if is_again_due else told.at + timing.repeat
        change_at = min(times, default=math.inf)
        self._is_changed = change_at <= now
        self.is_due = self._is_changed or self._reminder_at <= now
        look_at = min(change_at, self._reminder_at)
        is_some_muted = muted or len(over) != len(self._over) or len(group.missed) != len(self._missed)
        self.look_at = min(look_at, now + MUTED_SECONDS) if is_some_muted else look_at

    def message(self, *, wants_resolved: bool) -> NewNotification:
        """The record that queues the message."""
        told = self._group.told
        if not self._is_changed:
            shown = [alert for alert in self._shown if alert.key in told.told]
            described = list(map(_described, shown[:MOST_ALERTS]))
            return NewNotification(
                self._receiver, self._labels, REMINDER, told.number, firing=len(shown), alerts=described
            )
        new = {alert.key for alert in self._new}
        known = [alert for alert in self._shown if alert.key in told.told]
        firing = [*self._new, *known]
        is_quiet = not new and not wants_resolved
        reason: Reason = QUIET if is_quiet else CHANGED
        described = [] if is_quiet else list(self._most(firing, [*self._over, *self._missed] if wants_resolved else []))
        return NewNotification(
            self._receiver,
            self._labels,
            reason,
            told.number,
            [FiredAlert(alert.key, alert.fired or self._now) for alert in self._new],
            [alert.key for alert in (*self._over, *self._missed)],
            len(firing),
            described,
            [FiredAlert(alert.key, alert.fired or self._now) for alert in self._missed],
        )

    @staticmethod
    def _most(firing: Sequence[Alert], over: Sequence[Alert]) -> Iterator[MessageAlert]:
        """The alerts that a message describes; at least half of them fire, if there are so many."""
        some = firing[: max(MOST_ALERTS // 2, MOST_ALERTS - len(over))]
        yield from map(_described, some)
        yield from map(_described, over[: MOST_ALERTS - len(some)])


def _calm_at(alert: Alert, timing: Timing) -> float:
    """When an alert that fires may be told: later than it fired if it flaps."""
    fired = alert.fired or 0.0
    flaps = alert.ended_before is not None and fired - alert.ended_before < FLAP_SECONDS
    return fired + timing.refire if flaps else fired


def _ready_at(alert: Alert, timing: Timing) -> float:
    """When a new alert is told at the earliest."""
    return max((alert.fired or 0.0) + timing.wait, _calm_at(alert, timing))


def _gone(key: AlertKey, fired: float, now: float) -> Alert:
    """An alert that ended so long ago that the state does not hold it any more."""
    return Alert(key, "normal", now, fired, fired, now, None, {}, 0)


def _described(alert: Alert) -> MessageAlert:
    return MessageAlert(alert.key, alert.fired or alert.since, alert.ended, alert.value, alert.annotations)
