"""Applies what evaluations of alert rules found, and what people did about incidents."""

from collections.abc import Sequence

from analytics.alerting import Alert, NewAlertStates
from analytics.incidents import Incident, NewIncidentAction
from analytics.state.alerts.grouping import IncidentGrouping
from analytics.state.state import State


class AlertStates:
    """Applies changes of alerts."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._grouping = IncidentGrouping(state.catalog)

    def apply(self, records: Sequence[NewAlertStates], received: float, _: str) -> list[Alert]:
        """Make the changes; returns the changed alerts."""
        state, grouping = self._state, self._grouping
        state.set_time(received)
        changed = [alert for states in records for alert in state.alerts.put(states, received)]
        for alert in changed:
            beside = grouping.beside(alert, state.alerts) if alert.is_firing else ()
            state.incidents.note(alert, grouping.group_of(alert), beside)
        return changed


class IncidentActions:
    """Applies what people did about incidents."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apply(self, records: Sequence[NewIncidentAction], received: float, _: str) -> Incident | None:
        """Note the action; returns the incident, or None if there is none."""
        (action,) = records
        self._state.set_time(received)
        return self._state.incidents.act(action, received)
