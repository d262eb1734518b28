"""What silences and incidents say to those that send messages about alerts."""

import math
from collections.abc import Hashable, Sequence

from analytics.alerting import Alert
from analytics.alerts.incidents.muting import is_withheld, muted, unmuted_at
from analytics.state.alerts.silences import COLLECTION
from analytics.state.state import State


class IncidentKnowledge:
    """Answers from the state; times are in seconds since the epoch."""

    def __init__(self, state: State) -> None:
        self._state = state

    def version(self) -> Hashable:
        """Something that changes whenever another answer may be given, by other than time."""
        return self._state.catalog.tag(COLLECTION), self._state.incidents.version

    def is_muted(self, alert: Alert, now: float) -> str | None:
        """The reason why messages about an alert are held back now; None if they are sent."""
        found = muted(self._state, alert, now)
        return None if found is None else found.reason

    def is_acknowledged(self, alert: Alert, now: float) -> bool:
        """Whether somebody takes care of an alert."""
        incident = self._state.incidents.of_alert(alert.key)
        return incident is not None and incident.is_acknowledged(now)

    def unmuted_at(self, alert: Alert, now: float) -> float | None:
        """When an alert that fires was muted last; None if it was not. Receivers then get a message again."""
        return unmuted_at(self._state, alert, now)

    def is_missed(self, alert: Alert, receiver: str, now: float) -> bool:
        """Whether a receiver got no message about an alert that has ended, because the alert was muted.

        It gets one as soon as the alert is no longer muted.
        """
        member = self._state.incidents.newest_run(alert.key)
        if alert.ended is None or member is None or member.fired != alert.fired or receiver in member.told:
            return False
        return is_withheld(self._state, alert)

    def escalated(self, alert: Alert, now: float) -> Sequence[str]:
        """The receivers that have to know as well by now."""
        incident = self._state.incidents.of_alert(alert.key)
        return () if incident is None else [receiver for receiver, _ in incident.escalated]

    def next_change(self, now: float) -> float:
        """When time alone may change an answer, other than that an alert is muted: never, as a job records the rest."""
        return math.inf
