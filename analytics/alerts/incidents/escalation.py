"""Escalation: further receivers have to know of an incident that nobody acknowledges in time."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import islice
from typing import Any

from analytics.alerts.incidents.muting import muted_silence
from analytics.alerts.notify.routing import RouteTree
from analytics.incidents import Incident, NewIncidentAction
from analytics.records import SERVICE_NAME
from analytics.state.state import State

MOST_LOOKED_AT = 100
"""Alerts of an incident whose routes are looked at."""


class Escalations:
    """Work of a job: records the escalations that are due.

    Args:
        ask: asks `configuration` and `due`, with the state and the time before the other arguments.
        act: records one.
    """

    def __init__(self, ask: Callable[..., Any], act: Callable[[NewIncidentAction], object]) -> None:
        self._ask, self._act = ask, act
        self._configuration: Hashable = None
        self._tree = RouteTree(None, ())

    def run(self) -> None:
        """Record what is due now.

        Raises:
            Unavailable: it could not be written.
        """
        tag, routes = self._ask(configuration)
        if tag != self._configuration:
            self._tree, self._configuration = RouteTree(routes, ()), tag
        if self._tree.escalates:
            for action in self._ask(due, self._tree):
                self._act(action)


def configuration(state: State, now: float) -> tuple[str, Mapping[str, Any] | None]:
    """The tree of routes, and a text that changes whenever it does."""
    trees = sorted(state.catalog.named("routes"), key=lambda resource: resource.name)
    return state.catalog.tag("routes"), trees[0].body if trees else None


def due(state: State, now: float, tree: RouteTree) -> list[NewIncidentAction]:
    """The escalations that are due: one for each incident and receiver."""
    return [action for incident in state.incidents for action in _of_incident(state, incident, tree, now)]


def _of_incident(state: State, incident: Incident, tree: RouteTree, now: float) -> Iterator[NewIncidentAction]:
    if incident.resolved is not None or incident.is_acknowledged(now) or incident.is_snoozed(now):
        return
    if muted_silence(state, incident, now) is not None:
        return
    since = max(incident.started, incident.snoozed_until or 0.0)
    known = {receiver for receiver, _ in incident.escalated}
    firing = (member for member in incident.members.values() if member.ended is None)
    for member in islice(firing, MOST_LOOKED_AT):
        for step in tree.escalation(member.key.labels):
            for receiver in step.receivers if since + step.after <= now else ():
                if receiver not in known:
                    known.add(receiver)
                    yield NewIncidentAction(incident.id, "escalated", SERVICE_NAME, receiver)
