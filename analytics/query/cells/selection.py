"""Selects series of a store by matchers, in parts: a regular expression is matched without the state's lock."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from analytics.points import Labels
from analytics.promql.budget import Budget
from analytics.promql.matchers import EQUAL, MATCHES, MATCHES_NOT, LabelMatcher
from analytics.promql.series_labels import SeriesLabels
from analytics.query.reader import Reader
from analytics.state.series.ids import IdArray
from analytics.state.series.matchers import Matcher
from analytics.state.series.store import SeriesStore
from analytics.state.state import State

StoreOf = Callable[[State], SeriesStore]
"""The store in the state."""
StoreVersion = tuple[int, int, int]
"""Differs as soon as a store has other series."""
AT_ONCE = 2_000
"""Series whose labels are taken at a time."""
_ATTEMPTS = 3


class SelectedSeries(NamedTuple):
    """Series of one kind."""

    kind: str
    ids: IdArray
    series: SeriesLabels


def version_of(store: SeriesStore) -> StoreVersion:
    """The version of a store."""
    return len(store), store.ids.size, store.retired


def select(
    reader: Reader, store: StoreOf, wanted: Sequence[LabelMatcher], budget: Budget
) -> tuple[StoreVersion, list[SelectedSeries]]:
    """The series that fulfil all matchers, by kind, and the version of the store that had them."""
    matchers = [_prepared(reader, store, matcher, budget) for matcher in wanted]

    def begin(state: State, now: float) -> tuple[StoreVersion, IdArray]:
        return version_of(store(state)), store(state).select(matchers)

    def describe(state: State, now: float, ids: IdArray) -> tuple[int, list[tuple[str, Labels]]]:
        series = store(state)
        return series.retired, [(series.lives[each].kind, series.labels(each)) for each in ids.tolist()]

    for attempt in range(_ATTEMPTS):
        version, ids = reader.ask(begin)
        size = AT_ONCE if attempt < _ATTEMPTS - 1 else max(1, len(ids))
        described: list[tuple[str, Labels]] = []
        for first in range(0, len(ids), size):
            retired, part = reader.ask(describe, ids[first : first + size])
            if retired != version[2]:  # an id may stand for another series by now
                break
            described += part
            budget.pause()
        else:
            break
    return version, _by_kind(ids[: len(described)], described)


def _by_kind(ids: IdArray, described: Sequence[tuple[str, Labels]]) -> list[SelectedSeries]:
    by_kind: dict[str, list[int]] = {}
    for place, (kind, _) in enumerate(described):
        by_kind.setdefault(kind, []).append(place)
    return [
        SelectedSeries(kind, ids[places], SeriesLabels([described[place][1] for place in places]))
        for kind, places in by_kind.items()
    ]


def _prepared(reader: Reader, store: StoreOf, matcher: LabelMatcher, budget: Budget) -> Matcher:
    """A matcher that takes little time under the lock: the values that match an expression are found before."""
    if matcher.operator not in (MATCHES, MATCHES_NOT):
        return state_matcher(matcher)
    values = reader.ask(lambda state, now: store(state).ids.all_values(matcher.name))
    accepted = set(filter(matcher.predicate(budget), ["", *values]))
    return Matcher(matcher.name, accepted.__contains__)


def state_matcher(matcher: LabelMatcher) -> Matcher:
    """The matcher for the store."""
    value = matcher.value if matcher.operator == EQUAL and matcher.value else None
    return Matcher(matcher.name, matcher.predicate(), value)
