"""The incidents: which alerts they hold, and what happened, as records of alerts and of actions tell."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from analytics.alerting import Alert, AlertKey
from analytics.incidents import Incident, Member, NewIncidentAction, Step, TimelineEntry
from analytics.points import Labels

REOPEN_SECONDS = 15 * 60
"""How long after its end an incident goes on when an alert of its group fires again."""
MOST_INCIDENTS = 1_000
MOST_ENTRIES, FIRST_ENTRIES = 500, 100
"""Entries of a timeline, and how many of them are the first ones; those behind them make room for new ones."""
MOST_ENDED = 1_000
"""Alerts of an incident that ended; those that fire are always kept."""


class StoredIncidents(msgspec.Struct, array_like=True):
    """The incidents, serialised."""

    incidents: list[Incident]


class Incidents:
    """All incidents by their ids, in the order in which they began.

    Args:
        dropped: called when one is forgotten because there are too many.

    Attributes:
        version: rises with each change.
        is_changed: whether there was a change since the newest checkpoint.
    """

    def __init__(self, dropped: Callable[[], None] = lambda: None) -> None:
        self._dropped = dropped
        self._incidents: dict[str, Incident] = {}
        self._by_group: dict[Labels, str] = {}
        self._by_alert: dict[AlertKey, str] = {}
        self.version = 0
        self.is_changed = False

    def __len__(self) -> int:
        return len(self._incidents)

    def __iter__(self) -> Iterator[Incident]:
        return iter(list(self._incidents.values()))

    def get(self, id_: str) -> Incident | None:
        """The incident with this id."""
        return self._incidents.get(id_)

    def of_alert(self, key: AlertKey) -> Incident | None:
        """The newest incident that an alert belongs to."""
        found = self._by_alert.get(key)
        return None if found is None else self._incidents.get(found)

    def note(self, alert: Alert, group: Labels, beside: Iterable[AlertKey] = ()) -> None:
        """Note a change of an alert.

        Args:
            group: the labels by which it belongs to an incident.
            beside: alerts whose incident it joins while that is open, whatever its labels are.
        """
        incident, member = self.of_alert(alert.key), self.newest_run(alert.key)
        if alert.is_firing:
            assert alert.fired is not None
            if member is not None and member.ended is None:
                member.value, member.annotations = alert.value, alert.annotations
            else:
                self._fire(alert, alert.fired, group, beside)
        elif incident is not None and member is not None and member.ended is None:
            self._end(incident, member, alert.since if alert.ended is None else alert.ended)
        else:
            return
        self._note_change()

    def act(self, action: NewIncidentAction, at: float) -> Incident | None:
        """Note what somebody did; returns the incident, or None if there is none."""
        incident = self._incidents.get(action.incident)
        if incident is None:
            return None
        if action.action == "acknowledged":
            incident.acknowledged, incident.acknowledged_by = at, action.who
        elif action.action == "snoozed":
            incident.snoozed, incident.snoozed_until = at, action.until
        elif action.action == "escalated":
            incident.escalated = [*incident.escalated, (action.text, at)]
        self._tell(incident, TimelineEntry(at, action.action, (), action.who, action.text, action.until))
        self._note_change()
        return incident

    def tell(self, receiver: str, runs: Iterable[tuple[AlertKey, float]], over: Iterable[AlertKey]) -> None:
        """Note that a message tells a receiver of runs of alerts, which began to fire at these times, and of the end
        of others.
        """
        for key, fired in (*runs, *((key, None) for key in over)):
            run = self.newest_run(key)
            if run is None or receiver in run.told:
                continue
            if run.fired == fired or (fired is None and run.ended is not None):
                run.told = [*run.told, receiver]
                self._note_change()

    def newest_run(self, key: AlertKey) -> Member | None:
        """The alert in the newest incident that it belongs to."""
        incident = self.of_alert(key)
        return None if incident is None else incident.members.get(key)

    def notified(self, keys: Iterable[AlertKey], receiver: str, at: float, *, is_sent: bool = True) -> None:
        """Note that a message about these alerts was sent to a receiver, or that this was given up."""
        found = {incident.id: incident for key in keys if (incident := self.of_alert(key)) is not None}
        step: Step = "notified" if is_sent else "not_notified"
        for incident in found.values():
            self._tell(incident, TimelineEntry(at, step, text=receiver))
            self._note_change()

    def expire(self, oldest: float) -> None:
        """Forget the incidents that were resolved before a time."""
        for incident in self:
            if incident.resolved is not None and incident.resolved < oldest:
                self._forget(incident)

    def dump(self) -> bytes:
        """All incidents, for `restore`."""
        return msgspec.msgpack.encode(StoredIncidents(list(self._incidents.values())))

    def restore(self, body: bytes) -> None:
        """Replace the content by what `dump` wrote.

        Raises:
            msgspec.DecodeError: it is damaged.
        """
        stored = msgspec.msgpack.decode(body, type=StoredIncidents)
        self.version += 1
        self._incidents = {incident.id: incident for incident in stored.incidents}
        self._by_group = {each.group: each.id for each in stored.incidents if not each.has_successor}
        self._by_alert = {
            key: incident.id
            for incident in stored.incidents
            for key, member in incident.members.items()
            if not member.is_elsewhere
        }

    def take_change(self) -> bool:
        """Whether there was a change since the last call."""
        was_changed, self.is_changed = self.is_changed, False
        return was_changed

    def _note_change(self) -> None:
        self.version += 1
        self.is_changed = True

    def _fire(self, alert: Alert, fired: float, group: Labels, beside: Iterable[AlertKey]) -> None:
        incident = self._to_join(fired, group, beside)
        if incident is None:
            incident = self._begin(group, fired)
        elif incident.resolved is not None:
            incident.resolved = None
            self._tell(incident, TimelineEntry(fired, "reopened"))
        before = incident.members.pop(alert.key, None)
        earlier = self.of_alert(alert.key)
        if earlier is not None and earlier is not incident:
            earlier.members[alert.key].is_elsewhere = True
        runs = 1 if before is None else before.runs + 1
        incident.members[alert.key] = Member(alert.key, fired, None, alert.value, alert.annotations, runs)
        incident.firing += 1
        self._by_alert[alert.key] = incident.id
        self._tell(incident, TimelineEntry(fired, "fired", alert.key.labels))

    def _to_join(self, fired: float, group: Labels, beside: Iterable[AlertKey]) -> Incident | None:
        for key in beside:
            other = self.of_alert(key)
            if other is not None and other.resolved is None:
                return other
        found = self._incidents.get(self._by_group.get(group, ""))
        if found is None or (found.resolved is not None and found.resolved < fired - REOPEN_SECONDS):
            return None
        return found

    def _begin(self, group: Labels, started: float) -> Incident:
        self._make_room()
        before = self._incidents.get(self._by_group.get(group, ""))
        if before is not None:
            before.has_successor = True
        incident = Incident(_id_of(group, started), group, started)
        self._incidents[incident.id] = incident
        self._by_group[group] = incident.id
        return incident

    def _end(self, incident: Incident, member: Member, ended: float) -> None:
        member.ended = ended
        incident.firing -= 1
        self._tell(incident, TimelineEntry(ended, "recovered", member.key.labels))
        if incident.firing == 0:
            incident.resolved = ended
            self._tell(incident, TimelineEntry(ended, "resolved"))
        self._trim(incident)

    def _trim(self, incident: Incident) -> None:
        """Drop half of the ended alerts when there are too many, those that fired first."""
        if len(incident.members) - incident.firing <= MOST_ENDED:
            return
        ended = [key for key, member in incident.members.items() if member.ended is not None]
        for key in ended[: len(ended) // 2]:
            del incident.members[key]
            self._forget_alert(key, incident)
            incident.dropped_members += 1

    def _tell(self, incident: Incident, entry: TimelineEntry) -> None:
        incident.timeline.append(entry)
        if len(incident.timeline) > MOST_ENTRIES:
            del incident.timeline[FIRST_ENTRIES]
            incident.dropped_entries += 1

    def _make_room(self) -> None:
        """Forget the oldest incident beyond the limit; one that is resolved, if there is one."""
        if len(self._incidents) >= MOST_INCIDENTS:
            resolved = (incident for incident in self._incidents.values() if incident.resolved is not None)
            self._forget(next(resolved, None) or next(iter(self._incidents.values())))
            self._dropped()

    def _forget(self, incident: Incident) -> None:
        del self._incidents[incident.id]
        if self._by_group.get(incident.group) == incident.id:
            del self._by_group[incident.group]
        for key in incident.members:
            self._forget_alert(key, incident)
        self._note_change()

    def _forget_alert(self, key: AlertKey, incident: Incident) -> None:
        if self._by_alert.get(key) == incident.id:
            del self._by_alert[key]


def _id_of(group: Labels, started: float) -> str:
    """The id of an incident: the same whenever the log is replayed, and no other's."""
    named: list[Any] = [group, started]
    return hashlib.sha256(msgspec.json.encode(named)).hexdigest()[:12]
