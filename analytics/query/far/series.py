"""Points of a series (`/series`) of which the older ones come from another database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from analytics.clock import rfc3339_second
from analytics.errors import NotFound, ValidationFailed
from analytics.query.cells.traffic import EVENTS_TOTAL, TRAFFIC_NAMES
from analytics.query.far.filling import FILLED, read_filled
from analytics.query.far.reading import CannotReadBack, FarQuery, FarReading, FarSeries, MergingReading
from analytics.query.figures import number, rounded
from analytics.query.series import ADDITIVE, MAX_POINTS, Point, Series, SeriesQuery
from analytics.query.typed_series import PERCENTILE_AGGREGATES
from analytics.state.observations import EVENTS_SERIES, TRAFFIC
from analytics.state.resolution import Resolution
from analytics.state.rollup import Level
from analytics.state.state import State

OVERALL_LATENCY, USERS_METRIC, OVERALL_USERS = "overall_latency_milliseconds", "users", "overall_users"
"""Names of metrics of one service, and of all together: these are apart, so that no sum counts twice."""
_FIELDS = {
    "count": ("count",),
    "sum": ("increase", "sum"),
    "rate": ("increase", "sum"),
    "avg": ("count", "increase", "sum"),
    "min": ("min",),
    "max": ("max",),
    "last": ("last",),
    "unique": ("unique",),
    **{name: (name,) for name in PERCENTILE_AGGREGATES},
}
_SINGLE = ("unique", *PERCENTILE_AGGREGATES)
"""Aggregates that cannot be merged: they are there for one series and one bucket alone."""
Fields = Mapping[str, float]


class KeptLevels(NamedTuple):
    """The buckets kept in memory: the levels, the oldest bucket of each, and the time in seconds."""

    levels: Sequence[Level]
    oldest: Sequence[int]
    now: float


def kept_levels(state: State, now: float) -> KeptLevels:
    """The buckets that the state keeps at `now`."""
    levels = state.series.levels
    return KeptLevels(levels, [state.series.oldest_at(level, now) for level in range(len(levels))], now)


class FarSeriesQueries:
    """Answers questions about series.

    Args:
        near: the points of what is kept here.
        kept: what that is.
    """

    def __init__(
        self, near: Callable[[SeriesQuery], Series], reading: FarReading, kept: Callable[[], KeptLevels]
    ) -> None:
        self._near, self._reading, self._kept = near, reading, kept

    def points(self, query: SeriesQuery) -> Series:
        """The points; see `query.series.points`, which says what it raises."""
        kept = self._kept()
        end = min(kept.now if query.end is None else query.end, kept.now)
        start = end - 3_600 if query.start is None else query.start
        try:
            level = _level(kept.levels, end - start, query.step, lambda level: self._has(kept.levels, level, start))
        except CannotReadBack as error:
            return self._unread(query, error)
        if level is None or start >= kept.oldest[level] or start >= end:
            return self._near(query)
        step = query.step or kept.levels[level].size
        first = int(start // step) * step
        cut = min(-(-kept.oldest[level] // step), -(-int(end) // step)) * step
        if (cut - first) // step > MAX_POINTS:
            return self._near(query)  # which says why not
        try:
            found, size, is_filled = self._read(kept.levels, _far_query(query, level, first, cut), step)
        except CannotReadBack as error:
            return self._unread(query, error)
        if not any(each.points for each in found):
            return self._near(query)
        older = list(_points(query, found, range(first, cut, step), size))
        notes = [f"what is before {rfc3339_second(cut)} comes from {self._reading.target}"]
        if is_filled:
            notes.append(FILLED)
        return self._joined(query, older, notes, first, cut, end, step)

    def _read(self, levels: Sequence[Level], asked: FarQuery, step: int) -> tuple[list[FarSeries], int, bool]:
        """The series, the size of what their points are of, and whether gaps were filled."""
        if isinstance(self._reading, MergingReading):
            return self._reading.merged(asked, step), step, False
        found, is_filled = read_filled(self._reading, levels, asked)
        return found, levels[asked.level].size, is_filled

    def _has(self, levels: Sequence[Level], level: Resolution, start: float) -> bool:
        """Whether there is anything of a level from then on, or coarser ones reach no further back."""
        if level == Resolution.DAY or not isinstance(self._reading, MergingReading):
            return True
        oldest, above = self._reading.oldest(level), self._reading.oldest(Resolution(level + 1))
        return oldest is not None and (
            start >= oldest or (above is not None and oldest < above + levels[level + 1].size)
        )

    def _unread(self, query: SeriesQuery, error: CannotReadBack) -> Series:
        note = f"{self._reading.target} could not be read, so older figures are coarser or missing: {error}"
        return {**self._near(query), "annotations": [note]}

    def _joined(
        self, query: SeriesQuery, older: list[Point], notes: list[str], first: int, cut: int, end: float, step: int
    ) -> Series:
        newer: Series | None = None
        if cut < end:
            try:
                newer = self._near(query._replace(start=float(cut), end=end, step=step))
            except (NotFound, ValidationFailed) as error:
                notes.append(f"nothing is kept since then: {error.message}")
        if newer is None:
            newer = {
                "name": query.name,
                "service": query.service,
                "tags": dict(query.tags),
                "agg": query.agg,
                "step": step,
                "from": rfc3339_second(first),
                "to": rfc3339_second(cut),
                "unit": "ms" if query.name == "latency" else None,
                "points": [],
                "annotations": [],
            }
        return {**newer, "from": rfc3339_second(first), "points": [*older, *newer["points"]], "annotations": notes}


def _level(
    levels: Sequence[Level], length: float, step: int | None, has: Callable[[Resolution], bool]
) -> Resolution | None:
    """The level to read: the finest that holds a range as long without a step, else the coarsest that fits into it."""
    found = (Resolution.MINUTE, Resolution.HOUR, Resolution.DAY)
    if step is None:
        return next((level for level in found if length <= levels[level].span and has(level)), Resolution.DAY)
    return next((level for level in reversed(found) if step % levels[level].size == 0), None)


def _far_query(query: SeriesQuery, level: Resolution, start: int, end: int) -> FarQuery:
    labels = dict(query.tags)
    if query.service is not None:
        labels["service"] = query.service
    metric = query.name
    if query.agg == "unique":
        metric = OVERALL_USERS if query.service is None else USERS_METRIC
    elif metric == EVENTS_SERIES:
        metric = EVENTS_TOTAL
    elif metric in TRAFFIC and not query.tags:
        is_overall = metric == "latency" and query.service is None
        metric = OVERALL_LATENCY if is_overall else TRAFFIC_NAMES[metric][0]
    return FarQuery(level, metric, labels, _FIELDS[query.agg], start, end)


def _points(query: SeriesQuery, found: Sequence[FarSeries], starts: range, size: int) -> Iterable[Point]:
    by_step: dict[int, list[tuple[int, Fields]]] = {}
    for series in found:
        for at, fields in series.points.items():
            by_step.setdefault(at // starts.step * starts.step, []).append((at, fields))
    for at in starts:
        value = _value(query.agg, by_step.get(at, []), starts.step, size)
        if value is None and query.agg in ADDITIVE:
            value = 0
        yield {"timestamp": rfc3339_second(at), "value": value}


def _value(agg: str, points: Sequence[tuple[int, Fields]], step: int, size: int) -> float | None:
    every = [fields for _, fields in points]
    if agg in _SINGLE:
        values = [fields[agg] for fields in every if agg in fields]
        if len(values) != 1 or step != size:
            return None
        return number(values[0]) if agg == "unique" else rounded(values[0], 6)
    if agg in ("min", "max", "last"):
        known = [(at, fields[agg]) for at, fields in points if agg in fields]
        if not known:
            return None
        values = [value for _, value in known]
        return number({"min": min(values), "max": max(values), "last": max(known)[1]}[agg])
    if not every:
        return None
    count = sum(fields.get("count", 0.0) for fields in every)
    if agg == "count":
        return number(count)
    total = sum(fields.get("increase", fields.get("sum", 0.0)) for fields in every)
    if agg == "avg":
        return rounded(total / count, 6) if count else None
    return round(total / step, 6) if agg == "rate" else number(total)
