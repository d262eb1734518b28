"""Services whose errors or latency are well beyond the usual, and the usual figures of all traffic."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypedDict

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, rfc3339_second
from analytics.query.figures import number, rounded, traffic
from analytics.query.usual import (
    FEWEST_BUCKETS,
    FEWEST_MINUTES,
    FEWEST_TIMED,
    MINUTES,
    RECENT,
    SLOW_MS,
    TrafficBucket,
    median,
    unusual_errors,
    unusual_latency,
    usual_figures,
    usual_latency,
    usual_share,
)
from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.state import State

WEEK_HOURS = 7 * 24
RECENT_SECONDS = RECENT * 60


class UnusualErrors(TypedDict):
    """Errors of the last `seconds` beside the usual; shares from 0 to 1, None where they are not known."""

    share: float | None
    usual: float | None
    count: float
    seconds: int
    since: str | None


class UnusualLatency(TypedDict):
    """Average latency of the newest minutes beside the usual, in milliseconds."""

    now_ms: float
    usual_ms: float


class Unusual(TypedDict):
    """Unusual figures of a service; None for those that are usual."""

    errors: UnusualErrors | None
    latency: UnusualLatency | None


class UsualFigure(TypedDict):
    """A usual value, and of which buckets it is the median; both None where it is not known."""

    value: float | None
    median_of: Literal["hours", "minutes"] | None


class Usual(TypedDict):
    """Usual figures of all traffic: of the hours of the last 7 days, or at first of the minutes of the last hour."""

    requests_per_second: UsualFigure
    error_rate: UsualFigure
    mean_latency_ms: UsualFigure


_NO_FIGURE: UsualFigure = {"value": None, "median_of": None}
NO_USUAL: Usual = {"requests_per_second": _NO_FIGURE, "error_rate": _NO_FIGURE, "mean_latency_ms": _NO_FIGURE}


class Baseline(NamedTuple):
    """Usual figures of a service in the day before: share of errors, and latency in milliseconds.

    Attributes:
        expected: the latency; where that is not known, that of the minutes before.
    """

    share: float | None
    latency: float | None
    expected: float | None


class Recent(NamedTuple):
    """Figures of a service in the newest minutes; the mean latency in milliseconds, None where there are too few."""

    errors: float
    latency: float | None

    def may_be_slow(self, expected: float | None) -> bool:
        """Whether its latency may be unusual, compared with the expected one."""
        return self.latency is not None and expected is not None and self.latency >= expected + SLOW_MS


def recent_figures(state: State, now: float) -> dict[str, Recent]:
    """Figures of each service in the newest minutes."""
    tables = [table for start in _minutes(state, now)[-RECENT - 1 :] for table in state.series.tables(_MINUTE, start)]
    found = {}
    for service in state.services.all():
        errors = _cells(tables, ("errors", service.name, NO_TAGS))
        latency = _cells(tables, ("latency", service.name, NO_TAGS))
        count = sum(cell.count for cell in latency)
        mean = sum(cell.sum for cell in latency) / count if count >= FEWEST_TIMED else None
        found[service.name] = Recent(sum(cell.sum for cell in errors), mean)
    return found


def errors_of(state: State, now: float, service: str, baseline: Baseline) -> UnusualErrors | None:
    """The errors of a service, if they are unusual."""
    starts = _minutes(state, now)
    found = [traffic(state.series, _MINUTE, [start], service)[:2] for start in starts]
    unusual = unusual_errors([each[0] for each in found], [each[1] for each in found], baseline.share)
    if unusual is None:
        return None
    return {
        "share": rounded(unusual.share, 6),
        "usual": rounded(unusual.usual, 6),
        "count": number(unusual.failed),
        "seconds": RECENT_SECONDS,
        "since": None if unusual.minute is None else rfc3339_second(starts[unusual.minute]),
    }


def latency_of(state: State, now: float, service: str, baseline: Baseline) -> UnusualLatency | None:
    """The latency of a service, if it is unusual."""
    found = [traffic(state.series, _MINUTE, [start], service) for start in _minutes(state, now)]
    means = [_mean(latency) for _, _, latency in found]

    def medians() -> list[float | None]:
        return [None if latency is None else latency.percentiles(0.5)[0] for _, _, latency in found]

    unusual = unusual_latency([requests for requests, _, _ in found], means, medians, baseline.latency)
    return None if unusual is None else {"now_ms": round(unusual.now, 3), "usual_ms": round(unusual.usual, 3)}


def baseline_of(state: State, now: float, service: str) -> Baseline:
    """Usual figures of a service in the day before its newest minutes."""
    end = baseline_end(now)
    starts = range(end - DAY_SECONDS, end, HOUR_SECONDS)
    hours = [traffic(state.series, Resolution.HOUR, [start], service) for start in starts]
    latency = median([_mean(each[2]) for each in hours])
    expected = latency
    if expected is None:
        minutes = _minutes(state, now)
        expected = usual_latency([_mean(traffic(state.series, _MINUTE, [start], service)[2]) for start in minutes])
    return Baseline(usual_share([each[0] for each in hours], [each[1] for each in hours]), latency, expected)


def baseline_end(now: float) -> int:
    """The end of the last hour before the newest minutes, in seconds since the epoch."""
    return int(now - (RECENT + 1) * 60) // HOUR_SECONDS * HOUR_SECONDS


def usual(state: State, now: float, troubled_since: Iterable[float]) -> Usual:
    """Usual figures before the present trouble, which began at `troubled_since`; trouble of a day is the usual."""
    start = min([now, *(at for at in troubled_since if at > now - DAY_SECONDS)])
    hour = state.series.levels[Resolution.HOUR].start(now)
    hours = _buckets(state, Resolution.HOUR, range(hour - (WEEK_HOURS - 1) * HOUR_SECONDS, hour + 1, HOUR_SECONDS))
    minutes = _buckets(state, _MINUTE, _minutes(state, now))
    values: dict[str, UsualFigure] = {}
    for end in (start, now):
        for kind, buckets, fewest in (("hours", hours, FEWEST_BUCKETS), ("minutes", minutes, FEWEST_MINUTES)):
            figures = usual_figures([each for each in buckets if each.at + each.seconds <= end], fewest)
            for name, value in figures._asdict().items():
                if value is not None and name not in values:
                    values[name] = {"value": round(value, 6), "median_of": kind}  # type: ignore[typeddict-item]
    return {**NO_USUAL, **values}  # type: ignore[typeddict-item]


_MINUTE = Resolution.MINUTE


def _mean(cell: Cell | None) -> float | None:
    return None if cell is None else cell.mean


def _cells(tables: Iterable[Mapping[SeriesKey, Cell]], key: SeriesKey) -> list[Cell]:
    return [table[key] for table in tables if key in table]


def _minutes(state: State, now: float) -> range:
    newest = state.series.levels[_MINUTE].start(max(now, state.time))
    return range(newest - (MINUTES - 1) * 60, newest + 1, 60)


def _buckets(state: State, level: Resolution, starts: range) -> list[TrafficBucket]:
    found = []
    for start in starts:
        requests, errors, latency = traffic(state.series, level, [start], EVERY_SERVICE)
        found.append(TrafficBucket(start, starts.step, requests, errors, _mean(latency)))
    return found
