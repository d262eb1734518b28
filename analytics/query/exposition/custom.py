"""Families of custom metrics, under the names and with the labels that clients chose."""

from collections.abc import Sequence

from analytics.points import COUNTER, GAUGE, NAME_LABEL, Exemplar, Labels
from analytics.query.exposition.family import Kind, MetricFamily, Native, Slice, Slices, Value, power_above
from analytics.query.figures import number
from analytics.state.observations import TRAFFIC
from analytics.state.series.matchers import equal
from analytics.state.state import State

SERIES_AT_ONCE, HISTOGRAMS_AT_ONCE = 400, 25
"""Number of gauges or counters, and of histograms, written between two pauses."""
MOST_BOUNDS = 24
"""Classic buckets of a histogram, at most."""
GREATEST_POWER = 1023
"""The greatest power of two that is a float."""


def custom(state: State) -> Slices:
    """The latest value of each gauge, and counters and histograms since ever, ordered by name.

    Tagged `requests`, `errors` and `latency` are part of the traffic of their service, so they have no family. A series
    that a stale marker ended has no value until it is sent again.
    """
    store = state.series_store
    work = 0.0
    for name in store.ids.values(NAME_LABEL):
        kind = store.kind_of(name)
        if kind is None or name in TRAFFIC:
            continue
        ids = store.select([equal(NAME_LABEL, name)]).tolist()
        most = SERIES_AT_ONCE if kind in (COUNTER, GAUGE) else HISTOGRAMS_AT_ONCE
        metric, powers = _metric(state, name, kind, ids[:SERIES_AT_ONCE]), range(0)
        if metric.kind == "histogram":
            extents: list[int] = []
            for first in range(0, len(ids), SERIES_AT_ONCE):
                extents += _extents(state, ids[first : first + SERIES_AT_ONCE])
                yield None
            powers = powers_of(extents)
        for first in range(0, len(ids), most):
            part = ids[first : first + most]
            yield _slice(state, metric, name, part, powers)
            work += (len(part) + 1) / most
            if work >= 1:
                yield None
                work = 0


def powers_of(extents: Sequence[int]) -> range:
    """Powers of two that are the classic bounds of histograms whose values are between some of these powers.

    The step doubles until there are at most `MOST_BOUNDS`, so that a family that grows loses bounds but moves none.
    """
    low, high, step = min(extents, default=0), max(extents, default=0), 1
    while (high - low) // step >= MOST_BOUNDS - 1:
        step *= 2
    return range(low // step * step, min(-(-high // step) * step, GREATEST_POWER) + 1, step)


def _extents(state: State, ids: Sequence[int]) -> list[int]:
    """The powers of two that are bounds of the least and the greatest positive value of each histogram."""
    found: list[int] = []
    for each in ids:
        running = state.series_store.running.get(each)
        extent = None if running is None else running.sketch.extent
        if extent is not None:
            scale, least, greatest = extent
            found += (power_above(least, scale), power_above(greatest, scale))
    return found


def _metric(state: State, name: str, kind: str, ids: Sequence[int]) -> MetricFamily:
    """The family, whose HELP has the unit if all services agree on it."""
    units = {state.units.get((name, state.series_store.lives[each].service)) for each in ids}
    (unit,) = units if len(units) == 1 else (None,)
    about = f"Custom metric, in {unit}" if unit else "Custom metric"
    exposed: dict[str, Kind] = {COUNTER: "counter", GAUGE: "gauge"}
    base = name.removesuffix("_total") if kind == COUNTER else name
    return MetricFamily(base or name, exposed.get(kind, "histogram"), about, is_custom=True)


def _slice(state: State, metric: MetricFamily, name: str, ids: Sequence[int], powers: range) -> Slice:
    """The series with these ids, except those that ended, or are no longer of this metric."""
    store = state.series_store
    kind = store.kind_of(name)
    found: list[tuple[Labels, Value]] = []
    exemplars: dict[int, Sequence[Exemplar]] = {}
    for each in ids:
        life, labels = store.lives[each], store.labels(each)
        if life.kind != kind or life.newest <= life.ended or (NAME_LABEL, name) not in labels:
            continue
        value: Value | None
        if kind == GAUGE:
            value = number(life.last)
        elif kind == COUNTER:
            value = number(life.total)
        else:
            running = store.running.get(each)
            if running is None:
                continue
            buckets = running.sketch.buckets
            value = Native(buckets.values, number(running.sum), buckets, powers)
        held = store.exemplars.of(each)
        if held and kind != GAUGE:
            exemplars[len(found)] = tuple(held)
        found.append((tuple([pair for pair in labels if pair[0] != NAME_LABEL]), value))
    return Slice(metric, found, exemplars)
