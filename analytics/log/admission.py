"""Admission of typed series: which kind a name has, and whether there is room for another series."""

from collections.abc import Collection

from analytics.log import refusal
from analytics.log.refusal import Refused
from analytics.points import NAME_LABEL, Labels
from analytics.state.state import State

MAX_LABELS = 32
"""Labels of a series, besides its name."""


def make_room(state: State, wanted: Collection[Labels], now: float) -> None:
    """Let silent series make room for the new ones among these, if there is not enough for all of them."""
    store = state.series_store
    missing = len(wanted) - sum(labels in store.ids for labels in wanted) - state.limits.room
    if missing > 0 and state.quotas is not None:
        store.hear([number for labels in wanted if (number := store.ids.get(labels)) is not None], now)
        store.make_room(missing, now)


def admitted(state: State, labels: Labels, kind: str, now: float) -> int | Refused:
    """The id of a series, which is created if it is new; or why it is not allowed."""
    store = state.series_store
    name = dict(labels)[NAME_LABEL]
    known = store.kind_of(name)
    if known not in (None, kind):
        return refusal.other_kind(name, kind, known)
    number = store.ids.get(labels)
    if number is not None:
        return number
    if not state.limits.room:
        return refusal.too_many_series(name)
    if store.ids.count(NAME_LABEL, name) >= state.max_series_per_name:
        return refusal.too_many_of_name(name)
    return store.add(labels, kind, now)
