"""Lines for the closed buckets of everything that the state keeps: traffic, users, endpoints and custom metrics."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from analytics.points import COUNTER, GAUGE, HISTOGRAM, NAME_LABEL
from analytics.query.reader import Reader
from analytics.sinks.closed import labels_of_key
from analytics.sinks.influx.lines import (
    COUNT,
    INCREASE,
    LAST,
    MAX,
    MEASUREMENTS,
    MIN,
    SHARES,
    SUM,
    UNIQUE,
    line_of,
    tags_text,
)
from analytics.sinks.influx.percentiles import percentiles
from analytics.sinks.state_cells import BySeries, parts, series_keys, user_keys, user_labels, users_bucket
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.late_changes import CUSTOM_SOURCE, ENDPOINTS_SOURCE, SERIES_SOURCE, USERS_SOURCE
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from analytics.state.series.contents import BucketContent
from analytics.state.series.matchers import equal
from analytics.state.series.sketches import Sketches
from analytics.state.series.store import SeriesStore
from analytics.state.state import State

_COLUMNS = {COUNTER: (COUNT, INCREASE), GAUGE: (COUNT, SUM, MIN, MAX, LAST), HISTOGRAM: (COUNT, SUM)}
_STORES: dict[str, Callable[[State], SeriesStore]] = {
    ENDPOINTS_SOURCE: lambda state: state.endpoint_series.store,
    CUSTOM_SOURCE: lambda state: state.series_store,
}
Keys = Mapping[str, Collection[Any] | None]
"""By source the keys to read, None for all."""
ALL_SOURCES: Keys = dict.fromkeys((SERIES_SOURCE, USERS_SOURCE, ENDPOINTS_SOURCE, CUSTOM_SOURCE))


class _Content(NamedTuple):
    """The figures of one kind of series in one bucket, and the ids of gauges of which percentiles are wanted."""

    kind: str
    content: BucketContent
    with_percentiles: frozenset[int]


class ClosedBuckets:
    """Makes the lines of closed buckets. It holds the state's lock for some milliseconds at a time."""

    def __init__(self, reader: Reader, pause: Callable[[], None]) -> None:
        self._reader, self._pause = reader, pause
        self._texts = {source: BySeries(tags_text) for source in _STORES}

    def lines(self, bucket: Bucket, keys: Keys = ALL_SOURCES) -> Iterator[str]:
        """The lines of one bucket; calls `pause` in between."""
        if SERIES_SOURCE in keys:
            yield from self._rollup(series_keys, _series_lines, bucket, keys[SERIES_SOURCE])
        if USERS_SOURCE in keys:
            yield from self._rollup(user_keys, _user_lines, bucket, keys[USERS_SOURCE])
        for source, store in _STORES.items():
            if source in keys:
                yield from self._typed(source, store, bucket, keys[source])

    def _rollup(
        self,
        find: Callable[[State, float, Bucket], Collection[Any]],
        make: Callable[[State, float, Bucket, Sequence[Any]], list[str]],
        bucket: Bucket,
        wanted: Collection[Any] | None,
    ) -> Iterator[str]:
        found = self._reader.ask(find, bucket)
        for some in parts([key for key in found if wanted is None or key in wanted]):
            yield from self._reader.ask(make, bucket, some)
            self._pause()

    def _typed(
        self, source: str, store: Callable[[State], SeriesStore], bucket: Bucket, wanted: Collection[int] | None
    ) -> Iterator[str]:
        measurement = MEASUREMENTS[Resolution(bucket.level)]
        texts = self._texts[source]
        for kind, content, with_percentiles in self._reader.ask(_contents, store, bucket):
            table, sketches = content
            rows: dict[int, list[float]] = {}
            if sketches is not None and (kind == HISTOGRAM or with_percentiles):
                rows = percentiles(Sketches.rows_of([sketches])[0], list(SHARES.values()))
            ids = table.keys.tolist()
            chosen = list(range(len(ids)))
            if wanted is not None:
                numbers = np.fromiter(wanted, np.int64, len(wanted))
                chosen = np.flatnonzero(np.isin(table.keys, numbers)).tolist()
            names = _COLUMNS[kind]
            columns = [table.column(name).tolist() for name in names]
            for some in parts(chosen):
                tags = self._reader.ask(texts.of, store, [ids[place] for place in some])
                for place, text in zip(some, tags, strict=True):
                    if not text:
                        continue
                    figures = [(name, column[place]) for name, column in zip(names, columns, strict=True)]
                    number = ids[place]
                    if number in rows and (kind == HISTOGRAM or number in with_percentiles):
                        figures += zip(SHARES, _within(rows[number], kind, figures), strict=True)
                    yield line_of(measurement, text, figures, bucket.start)
                self._pause()


def _contents(state: State, now: float, store: Callable[[State], SeriesStore], bucket: Bucket) -> list[_Content]:
    found = []
    series = store(state)
    for kind, buckets in series.buckets.items():
        content = buckets.view(*bucket)
        if content is not None:
            chosen = frozenset[int]()
            if kind == GAUGE and content.sketches is not None:
                names = [name for name in series.kinds if series.keeps_percentiles(name)]
                chosen = frozenset(
                    number for name in names for number in series.select([equal(NAME_LABEL, name)]).tolist()
                )
            found.append(_Content(kind, content, chosen))
    return found


def _within(values: list[float], kind: str, figures: Sequence[tuple[str, float]]) -> list[float]:
    """Percentiles of gauges lie within the least and the greatest value."""
    if kind != GAUGE:
        return values
    known = dict(figures)
    return [min(max(value, known[MIN]), known[MAX]) for value in values]


def _series_lines(state: State, now: float, bucket: Bucket, keys: Sequence[SeriesKey]) -> list[str]:
    table, measurement = state.series.table(bucket), MEASUREMENTS[Resolution(bucket.level)]
    return [
        line_of(measurement, tags_text(labels_of_key(key)), _figures(key[0], table[key]), bucket.start)
        for key in keys
        if key in table
    ]


def _figures(name: str, cell: Cell) -> list[tuple[str, float]]:
    if name != "latency":
        return [(COUNT, cell.count), (INCREASE, cell.sum)]
    found = [(COUNT, cell.count), (SUM, cell.sum), (MIN, cell.min), (MAX, cell.max)]
    percentages = zip(SHARES, cell.percentiles(*SHARES.values()), strict=True)
    return [*found, *((share, value) for share, value in percentages if value is not None)]


def _user_lines(state: State, now: float, bucket: Bucket, keys: Sequence[str]) -> list[str]:
    table = state.users.table(users_bucket(bucket))
    measurement = MEASUREMENTS[Resolution(bucket.level)]
    found = []
    for service in keys:
        if service in table:
            figures = [(UNIQUE, table[service].users.estimate)]
            found.append(line_of(measurement, tags_text(user_labels(service)), figures, bucket.start))
    return found
