"""Points of one series over time, merged from the resolution that fits."""

from typing import NamedTuple, TypedDict

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, rfc3339_second
from analytics.errors import ValidationFailed
from analytics.query.figures import number, rounded
from analytics.query.reader import Steps
from analytics.query.typed_series import PERCENTILE_AGGREGATES, TypedQuery, values_of
from analytics.records import NO_TAGS, SeriesTags
from analytics.state.cells import Cell
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE, TRAFFIC
from analytics.state.resolution import Resolution
from analytics.state.state import State

ADDITIVE = ("count", "sum", "rate", "unique")
MAX_POINTS = 5_000
CELLS_PER_YIELD = 500
"""Number of cells that are merged between two yields: some milliseconds."""


class SeriesQuery(NamedTuple):
    """A query. Times in seconds since the epoch, `step` in seconds; None lets the query choose."""

    name: str
    service: str | None = None
    tags: SeriesTags = NO_TAGS
    agg: str = "avg"
    start: float | None = None
    end: float | None = None
    step: int | None = None


class Point(TypedDict):
    """The value of one bucket; `timestamp` is its start."""

    timestamp: str
    value: float | None


Series = TypedDict(
    "Series",
    {
        "name": str,
        "service": str | None,
        "tags": dict[str, str],
        "agg": str,
        "step": int,
        "from": str,
        "to": str,
        "unit": str | None,
        "points": list[Point],
        "annotations": list[str],
    },
)
"""The answer of `/series`; `step` in seconds. `annotations` say which points come from another database."""


def points(state: State, now: float, query: SeriesQuery) -> Steps[Series]:
    """The points from `start` to `end` (default: the last hour), each with the start of its bucket and its value.

    A bucket without observations is 0 for count, sum, rate and unique, and null for the other aggregates.

    Raises:
        NotFound: the series does not exist.
        ValidationFailed: the range, step or aggregate is not available.
    """
    end = now if query.end is None else query.end
    end = min(end, now + DAY_SECONDS)  # nothing is kept further ahead
    start = end - HOUR_SECONDS if query.start is None else query.start
    if start >= end:
        raise _wrong("from", "Must be before `to`, and not in the future.")
    level, step = _resolution(state, now, start, query.step, end)
    unique = query.agg == "unique"
    if unique:
        _check_unique(query)
        if level == Resolution.SECOND:
            level, step = level + 1, -(-step // MINUTE_SECONDS) * MINUTE_SECONDS  # users are kept by the minute
    first = max(int(start // step) * step, _first_kept(state, now, level, step))
    starts = range(first, int(-(-end // step)) * step, step)
    if len(starts) > MAX_POINTS:
        raise _wrong("step", f"Gives {len(starts)} points; at most {MAX_POINTS} are allowed.")
    found = yield from _values(state, now, query, level, starts)
    return {
        "name": query.name,
        "service": query.service,
        "tags": dict(query.tags),
        "agg": query.agg,
        "step": step,
        "from": rfc3339_second(starts.start),
        "to": rfc3339_second(max(starts.start, starts.stop)),
        "unit": "ms" if query.name == "latency" else _unit(state, query),
        "points": [{"timestamp": rfc3339_second(at), "value": value} for at, value in zip(starts, found, strict=True)],
        "annotations": [],
    }


def _resolution(state: State, now: float, start: float, step: int | None, end: float) -> tuple[int, int]:
    """The level to read and the step (seconds); without a step, the finest level that holds the whole range."""
    levels = state.series.levels
    oldest = [state.series.oldest_at(index, now) for index in range(len(levels))]
    reaching = [index for index in range(len(levels)) if start >= oldest[index] or index == Resolution.DAY]
    if step is None:
        index = next((index for index in reaching if end - start <= levels[index].span), Resolution.DAY)
        return index, levels[index].size
    fitting = [index for index in reaching if step % levels[index].size == 0]
    if not fitting:
        kept = ", ".join(f"{level.size} s for {level.span} s" for level in levels)
        raise _wrong("step", f"Buckets of {step} s are not kept that far back; available are {kept}.")
    return fitting[-1], step


def _first_kept(state: State, now: float, level: int, step: int) -> int:
    oldest = state.series.oldest_at(level, now)
    return -(-oldest // step) * step


def _values(state: State, now: float, query: SeriesQuery, level: int, starts: range) -> Steps[list[float | None]]:
    """One value for each step."""
    is_own = query.name == EVENTS_SERIES or (query.name in TRAFFIC and not query.tags)
    if not is_own:
        typed = TypedQuery(query.name, query.service, query.tags)
        values = yield from values_of(state, typed, query.agg, level, starts)
        return [_typed_value(value, query, starts.step, at, now) for at, value in zip(starts, values, strict=True)]
    key = (query.name, query.service or EVERY_SERVICE, query.tags)
    size = state.series.levels[level].size
    found: list[float | None] = []
    for index, at in enumerate(starts):
        buckets = range(at, at + starts.step, size)
        if index % CELLS_PER_YIELD == CELLS_PER_YIELD - 1:
            yield
        if query.agg == "unique":
            users = state.users.merged(level - 1, buckets, [query.service or EVERY_SERVICE])
            found.append(users.users.estimate if users else 0)
        else:
            found.append(_value(state.series.merged(level, buckets, [key]), query.agg, starts.step, at, now))
    return found


def _typed_value(value: float | None, query: SeriesQuery, step: int, at: int, now: float) -> float | None:
    if value is None:
        return 0 if query.agg in ADDITIVE else None
    if query.agg == "rate":
        return round(value / max(1.0, min(step, now - at)), 6)
    return rounded(value, 6) if query.agg in ("avg", *PERCENTILE_AGGREGATES) else number(value)


def _value(cell: Cell | None, agg: str, step: int, at: int, now: float) -> float | None:
    if cell is None:
        return 0 if agg in ADDITIVE else None
    match agg:
        case "count":
            return cell.count
        case "sum":
            return number(cell.sum)
        case "rate":
            return round(cell.sum / max(1.0, min(step, now - at)), 6)
        case "avg":
            return rounded(cell.mean, 6)
        case "min":
            return number(cell.min)
        case "max":
            return number(cell.max)
        case "last":
            return number(cell.last)
        case _:
            return rounded(cell.percentiles(int(agg[1:]) / 100)[0], 6)


def _check_unique(query: SeriesQuery) -> None:
    if query.name != EVENTS_SERIES or query.tags:
        raise _wrong("agg", "unique is only available for `events`, of all services or of one, without tags.")


def _unit(state: State, query: SeriesQuery) -> str | None:
    if query.service is not None:
        return state.units.get((query.name, query.service))
    return next((unit for (name, _), unit in state.units.items() if name == query.name), None)


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(f"{field}: {message}", fields={field: [message]})
