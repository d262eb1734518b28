"""Source of `ALERTS`: 1 for each alert that is pending or firing, as Prometheus has it."""

from collections.abc import Sequence

import numpy as np

from analytics.alerting import NORMAL, PENDING, Alert
from analytics.points import GAUGE, NAME_LABEL, Labels, labels_of
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily
from analytics.query.reader import Reader
from analytics.state.state import State

ALERTS_SERIES, STATE_LABEL = "ALERTS", "alertstate"


class AlertSource:
    """The alerts that the state holds: those that are not normal, since they entered their state."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        found = self._found(matchers, budget)
        return [_ActiveAlerts(*zip(*found, strict=True))] if found else []

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`."""
        return [labels for labels, _ in self._found(matchers, budget)]

    def _found(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[tuple[Labels, float]]:
        names = [matcher.predicate() for matcher in matchers if matcher.name == NAME_LABEL]
        if not all(fulfils(ALERTS_SERIES) for fulfils in names):
            return []
        every = self._reader.ask(_active)
        return [every[index] for index in selecting(matchers, [labels for labels, _ in every], budget)]


class _ActiveAlerts:
    """Series that begin at some time and last."""

    kind = GAUGE

    def __init__(self, rows: Sequence[Labels], since: Sequence[float]) -> None:
        self.series = SeriesLabels(rows)
        self._since = np.array(since)

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `SeriesFamily`: the value at the end of each bucket stands for the bucket."""
        times = np.minimum(axis.edges[1:].astype(float), axis.now)
        present: Mask = times[:, None] >= self._since[None, :]
        values: Floats = present.astype(float)
        figures = {**dict.fromkeys(columns, values), "count": values}
        if "last_at" in figures:
            figures["last_at"] = np.broadcast_to(times[:, None], present.shape)
        nothing = np.zeros(len(self.series))
        return Figures(axis, self.series, present, figures, nothing, nothing, momentary=True)


def _active(state: State, now: float) -> list[tuple[Labels, float]]:
    found: dict[Labels, float] = {}
    for alert in state.alerts:
        if alert.state != NORMAL:
            found.setdefault(_labels(alert), _begin(alert))
    return list(found.items())


def _labels(alert: Alert) -> Labels:
    return labels_of([*alert.key.labels, (STATE_LABEL, _shown(alert)), (NAME_LABEL, ALERTS_SERIES)])


def _shown(alert: Alert) -> str:
    return PENDING if alert.state == PENDING or not alert.is_firing else "firing"


def _begin(alert: Alert) -> float:
    return alert.fired if alert.is_firing and alert.fired is not None else alert.since
