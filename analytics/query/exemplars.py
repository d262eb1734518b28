"""Exemplars of the series that selectors find, in the shape of Prometheus' `/api/v1/query_exemplars`."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from analytics.points import Exemplar, Labels
from analytics.promql.matchers import LabelMatcher
from analytics.promql.text import plain
from analytics.query.cells.selection import state_matcher
from analytics.query.reader import Reader
from analytics.state.state import State


class ExemplarAnswer(TypedDict):
    """An exemplar; `timestamp` in seconds since the epoch."""

    labels: dict[str, str]
    value: str
    timestamp: float


class ExemplarsOfSeries(TypedDict):
    """The exemplars of one series, oldest first."""

    seriesLabels: dict[str, str]
    exemplars: list[ExemplarAnswer]


SERIES_BETWEEN_PAUSES = 100


def find_exemplars(
    reader: Reader,
    pause: Callable[[], None],
    selectors: Sequence[Sequence[LabelMatcher]],
    start: float,
    end: float,
) -> list[ExemplarsOfSeries]:
    """The exemplars from `start` to `end`, both included, of every series that any of the selectors finds.

    Args:
        pause: lets others run; called from time to time.
    """
    answer: list[ExemplarsOfSeries] = []
    for place, (labels, held) in enumerate(reader.ask(_kept, selectors)):
        found = [_answer(each) for each in held if start <= (each.at or 0.0) <= end]
        if found:
            answer.append({"seriesLabels": dict(labels), "exemplars": found})
        if place % SERIES_BETWEEN_PAUSES == SERIES_BETWEEN_PAUSES - 1:
            pause()
    return answer


def _kept(
    state: State, _: float, selectors: Sequence[Sequence[LabelMatcher]]
) -> list[tuple[Labels, tuple[Exemplar, ...]]]:
    """Labels and exemplars of the series that any of the selectors finds."""
    store = state.series_store
    having = store.exemplars.dump()
    ids: set[int] = set()
    if having:
        for matchers in selectors:
            ids.update(store.select(map(state_matcher, matchers)).tolist())
    return [(store.labels(number), tuple(having[number])) for number in sorted(ids & having.keys())]


def _answer(exemplar: Exemplar) -> ExemplarAnswer:
    return {"labels": dict(exemplar.labels), "value": plain(exemplar.value), "timestamp": exemplar.at or 0.0}
