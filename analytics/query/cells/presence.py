"""Source of what follows from heartbeats and users: `service_status`, `heartbeat_age_seconds`, `users`."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from analytics.points import GAUGE, NAME_LABEL, Labels, labels_of
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily
from analytics.query.reader import Reader
from analytics.state.observations import EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.state import State

STATUS_SERIES, AGE_SERIES, USERS_SERIES = "service_status", "heartbeat_age_seconds", "users"
ACTIVE_SECONDS = 300
"""Users count as active for so long."""
Values = list[float | None]
"""One value at each time; None for none."""


class PresenceSource:
    """Gauges that are computed at any time of which the state knows enough."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        found = self._found(matchers, budget)
        return [_Computed(found, self._reader)] if found else []

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`."""
        return self._found(matchers, budget)

    def _found(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[Labels]:
        names = [matcher.predicate() for matcher in matchers if matcher.name == NAME_LABEL]
        if not any(all(fulfils(name) for fulfils in names) for name in (STATUS_SERIES, AGE_SERIES, USERS_SERIES)):
            return []
        every = self._reader.ask(_series)
        return [every[index] for index in selecting(matchers, every, budget)]


def _series(state: State, now: float) -> list[Labels]:
    found = []
    for service in state.services.all():
        label = ("service", service.name)
        states = dict.fromkeys(change.to for change in service.changes(now))
        found += [labels_of([label, (NAME_LABEL, STATUS_SERIES), ("status", each)]) for each in states]
        if service.newest is not None:
            found.append(labels_of([label, (NAME_LABEL, AGE_SERIES)]))
    found += [
        labels_of([("service", name), (NAME_LABEL, USERS_SERIES)])
        for name in state.users.totals
        if name != EVERY_SERVICE
    ]
    return sorted(found)


class _Computed:
    """The series that a selector found."""

    kind = GAUGE

    def __init__(self, rows: Sequence[Labels], reader: Reader) -> None:
        self.series = SeriesLabels(rows)
        self._reader = reader

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `Family`: the value at the end of each bucket stands for the bucket."""
        times = np.minimum(axis.edges[1:].astype(float), axis.now)
        shape = (len(axis), len(self.series))
        values: Floats = np.zeros(shape)
        present: Mask = np.zeros(shape, bool)
        for column, row in enumerate(self.series.rows):
            labels = dict(row)
            found = self._reader.ask(_COMPUTED[labels[NAME_LABEL]], labels, times.tolist())
            present[:, column] = [value is not None for value in found]
            values[:, column] = [0.0 if value is None else value for value in found]
            budget.pause()
        figures = {**dict.fromkeys(columns, values), "count": present.astype(float)}
        if "last_at" in figures:
            figures["last_at"] = np.broadcast_to(times[:, None], shape)
        nothing = np.zeros(shape[1])
        return Figures(axis, self.series, present, figures, nothing, nothing, momentary=True)


def _status(state: State, now: float, labels: dict[str, str], times: Sequence[float]) -> Values:
    """1 where the service is in this state."""
    service = state.services.get(labels["service"])
    changes = [] if service is None else service.changes(now)
    starts = [change.at for change in changes]
    found: Values = []
    for at in times:
        place = bisect_right(starts, at) - 1
        found.append(1.0 if place >= 0 and changes[place].to == labels["status"] else None)
    return found


def _age(state: State, now: float, labels: dict[str, str], times: Sequence[float]) -> Values:
    """Seconds since the newest heartbeat, from then on; since the start of this service where that was later."""
    service = state.services.get(labels["service"])
    last = None if service is None or service.newest is None else service.newest.last
    if last is None:
        return [None] * len(times)
    starts = [last, *(end for _, end in state.alerts.outages if end > last)]
    return [None if at < last else at - max(start for start in starts if start <= at) for at in times]


def _users(state: State, now: float, labels: dict[str, str], times: Sequence[float]) -> Values:
    """Distinct users of the five minutes before; of the hour or day where minutes are no longer kept."""
    known: dict[tuple[int, int], float] = {}
    found: Values = []
    for at in times:
        level = next(
            (each for each in range(len(state.users.levels)) if at - ACTIVE_SECONDS >= state.users.oldest(each)), None
        )
        if level is None:
            found.append(None)
            continue
        size = state.users.levels[level].size
        end = ceil(at / size) * size
        if (level, end) not in known:
            length = ACTIVE_SECONDS if level == Resolution.MINUTE - 1 else size
            cell = state.users.merged(level, range(end - length, end, size), [labels["service"]])
            known[level, end] = 0.0 if cell is None else float(cell.users.estimate)
        found.append(known[level, end])
    return found


_COMPUTED: dict[str, Callable[[State, float, dict[str, str], Sequence[float]], Values]] = {
    STATUS_SERIES: _status,
    AGE_SERIES: _age,
    USERS_SERIES: _users,
}
