"""The alerts of all rules: those that hold, and for a while those that stopped firing."""

import math
from collections.abc import Callable, Iterator

import msgspec

from analytics.alerting import NORMAL, PENDING, Alert, AlertChange, AlertKey, NewAlertStates

ENDED_SECONDS = 15 * 60
"""How long an alert is kept after it stopped firing, and after the end of the silences that withheld that."""
MOST_OUTAGES = 100


class StoredAlerts(msgspec.Struct, array_like=True):
    """The alerts, serialised."""

    number: int
    alerts: list[Alert]
    outages: list[tuple[float, float]] = []


class Alerts:
    """All alerts by their key, in the order in which they began.

    Args:
        withheld_until: until when people may not learn that an alert ended, in seconds since the epoch.

    Attributes:
        number: of the newest change.
        outages: starts and ends of the times in which the service was off, in seconds since the epoch; the newest.
        is_changed: whether there was a change since the newest checkpoint.
    """

    def __init__(self, withheld_until: Callable[[Alert], float] = lambda alert: -math.inf) -> None:
        self._withheld_until = withheld_until
        self._alerts: dict[AlertKey, Alert] = {}
        self._keys: dict[str, dict[AlertKey, None]] = {}
        """The keys of alerts by their group."""
        self.number = 0
        self.outages: list[tuple[float, float]] = []
        self.is_changed = False

    def __len__(self) -> int:
        return len(self._alerts)

    def __iter__(self) -> Iterator[Alert]:
        return iter(list(self._alerts.values()))

    def get(self, key: AlertKey) -> Alert | None:
        """The alert with this key."""
        return self._alerts.get(key)

    def of_group(self, group: str) -> list[Alert]:
        """The alerts of a group of rules."""
        return [self._alerts[key] for key in self._keys.get(group, ())]

    def groups(self) -> list[str]:
        """The groups that have alerts."""
        return list(self._keys)

    def put(self, states: NewAlertStates, now: float) -> list[Alert]:
        """Apply the changes of an evaluation, and forget what ended long before `now`; returns the changed alerts."""
        self.is_changed = True
        self._expire(now)
        changed = []
        for change in states.changes:
            alert = self._changed(change, AlertKey(states.group, change.rule, change.labels), states.at)
            if alert is not None:
                changed.append(alert)
        return changed

    def note_outage(self, start: float, end: float) -> None:
        """Note that the service was off between two times."""
        if 0.0 < start < end:
            self.outages = [*self.outages[1 - MOST_OUTAGES :], (start, end)]
            self.is_changed = True

    def dump(self) -> bytes:
        """All alerts, for `restore`."""
        return msgspec.msgpack.encode(StoredAlerts(self.number, list(self._alerts.values()), self.outages))

    def restore(self, body: bytes) -> None:
        """Replace the content by what `dump` wrote.

        Raises:
            msgspec.DecodeError: it is damaged.
        """
        stored = msgspec.msgpack.decode(body, type=StoredAlerts)
        self.number, self.outages = stored.number, stored.outages
        self._alerts, self._keys = {}, {}
        for alert in stored.alerts:
            self._keep(alert)

    def take_change(self) -> bool:
        """Whether there was a change since the last call."""
        was_changed, self.is_changed = self.is_changed, False
        return was_changed

    def _changed(self, change: AlertChange, key: AlertKey, at: float) -> Alert | None:
        found = self._forget(key)
        if found is None and change.state == NORMAL:
            return None
        self.number += 1
        is_new = found is None or found.state == NORMAL or change.state == PENDING
        started = at if found is None or is_new else found.started
        fired = None if found is None or (is_new and change.state != NORMAL) else found.fired
        ended = None if found is None or is_new else found.ended
        before = None if found is None else found.ended_before if found.ended is None else found.ended
        if change.is_firing:
            fired, ended = (at if fired is None or ended is not None else fired), None
        elif fired is not None and ended is None:
            ended = at
        alert = Alert(
            key, change.state, at, started, fired, ended, change.value, change.annotations, self.number, before
        )
        if change.state != NORMAL or fired is not None:
            self._keep(alert)
        return alert

    def _keep(self, alert: Alert) -> None:
        self._alerts[alert.key] = alert
        self._keys.setdefault(alert.key.group, {})[alert.key] = None

    def _forget(self, key: AlertKey) -> Alert | None:
        found = self._alerts.pop(key, None)
        if found is not None:
            keys = self._keys[key.group]
            del keys[key]
            if not keys:
                del self._keys[key.group]
        return found

    def _expire(self, now: float) -> None:
        oldest = now - ENDED_SECONDS
        gone = [
            alert.key
            for alert in self._alerts.values()
            if alert.state == NORMAL and alert.since < oldest and self._withheld_until(alert) < oldest
        ]
        for key in gone:
            self._forget(key)
