"""Queries about silences."""

from analytics.query.catalog import Page
from analytics.resources import Resource
from analytics.state.alerts.silences import COLLECTION
from analytics.state.state import State

PENDING_SILENCE, ACTIVE, EXPIRED = "pending", "active", "expired"
"""The states of a silence, by Alertmanager's names. One that recurs is active from its start to its end."""


def silence_state(silence: Resource, now: float) -> str:
    """The state of a silence."""
    if silence.start is not None and now < silence.start:
        return PENDING_SILENCE
    return ACTIVE if silence.end is None or now < silence.end else EXPIRED


def listed_silences(state: State, now: float, wanted: str | None, service: str | None, limit: int) -> Page:
    """The newest silences: in a state, and those that match alerts of a service by their matchers on `service`."""
    named = {each.id: each for each in state.silences.all()}
    found = [
        each
        for each in state.catalog.newest_first(COLLECTION, float("inf"))
        if (wanted is None or silence_state(each, now) == wanted)
        and (service is None or named[each.name].is_for("service", service))
    ]
    return Page(found[:limit], len(found) > limit)
