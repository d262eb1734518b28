"""The situation that the dispatcher plans by, read from the state at one time."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from analytics.alerting import Alert
from analytics.notifications import QueuedMessage
from analytics.resources import Resource
from analytics.state.alerts.outbox import ReceiverBox
from analytics.state.state import State

RECEIVERS_COLLECTION, ROUTES_COLLECTION = "receivers", "routes"


class Situation(NamedTuple):
    """The situation at `now`, in seconds since the epoch.

    Attributes:
        versions: changes whenever anything else here does; `configuration` whenever the receivers or routes do.
        routes: the body of the tree of routes; None without one.
        waiting: the receivers for which messages wait.
    """

    now: float
    versions: Hashable
    configuration: Hashable
    alerts: Sequence[Alert]
    receivers: Sequence[Resource]
    routes: Mapping[str, Any] | None
    boxes: Mapping[str, ReceiverBox]
    waiting: set[str]


def versions(state: State, now: float) -> tuple[Hashable, float]:
    """The versions of the situation, and the time."""
    return (state.alerts.number, state.outbox.version, _configuration(state)), now


def situation(state: State, now: float) -> Situation:
    """All of the situation."""
    catalog = state.catalog
    receivers = sorted(catalog.named(RECEIVERS_COLLECTION), key=lambda resource: resource.name)
    trees = sorted(catalog.named(ROUTES_COLLECTION), key=lambda resource: resource.name)
    return Situation(
        now,
        versions(state, now)[0],
        _configuration(state),
        list(state.alerts),
        receivers,
        trees[0].body if trees else None,
        dict(state.outbox.boxes),
        {message.receiver for message in state.outbox.waiting()},
    )


def waiting(state: State, now: float, receiver: str) -> list[QueuedMessage]:
    """The messages that wait for a receiver, oldest first."""
    return state.outbox.waiting(receiver)


def _configuration(state: State) -> Hashable:
    return state.catalog.tag(RECEIVERS_COLLECTION), state.catalog.tag(ROUTES_COLLECTION)
