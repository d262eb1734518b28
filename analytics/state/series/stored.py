"""Serialised forms of the series store, for checkpoints: one part for each table, and one for everything else."""

from collections.abc import Mapping
from math import inf
from typing import Any

import msgspec
import numpy as np

from analytics.points import Exemplar, ExponentialHistogram, Labels
from analytics.state.quantiles import INITIAL_SCALE
from analytics.state.rollup import Bucket
from analytics.state.series.contents import BucketContent
from analytics.state.series.deltas import Interval
from analytics.state.series.increases import SourceTotal
from analytics.state.series.lives import UNUSED, Life
from analytics.state.series.observed import Observed
from analytics.state.series.sketches import Sketches
from analytics.state.series.store import SeriesStore
from analytics.state.series.table import LAYOUTS, Table


class StoredContent(msgspec.Struct, array_like=True, omit_defaults=True):
    """A table: keys and columns as little-endian arrays, and its sketches."""

    keys: bytes
    columns: list[bytes]
    sketches: bytes | None = None
    scales: dict[int, int] = {}
    finest: int = INITIAL_SCALE


class StoredSeries(msgspec.Struct, omit_defaults=True):
    """A series: its id, labels, life, last totals by source, and the time of the newest total that it forgot.

    `deltas` has the newest intervals by source.
    """

    id: int
    labels: Labels
    life: Life
    totals: dict[str, SourceTotal] = {}
    silent: float = -inf
    deltas: dict[str, tuple[Interval, ...]] = {}


class StoredStore(msgspec.Struct, omit_defaults=True):
    """All of the store but its tables.

    `waiting` has the observations of open seconds by kind, `running` the histograms since ever by id, `exemplars` those
    of a series by its id. `sources`, `forgotten` and `recorded_since` are those of `Increases`.
    """

    series: list[StoredSeries]
    size: int
    free: list[int]
    kinds: dict[str, str]
    open: list[int]
    oldest: list[int]
    with_percentiles: list[str] = []
    evicted: int = 0
    full_until: float = 0.0
    sources: dict[str, float] = {}
    waiting: dict[str, dict[int, tuple[list[int], list[float], list[float], list[ExponentialHistogram | None]]]] = {}
    sweep: tuple[list[int], list[int], list[tuple[str, int, int]], int] = ([], [], [], 0)
    running: dict[int, tuple[float, bytes]] = {}
    forgotten: float = -inf
    recorded_since: float | None = None
    exemplars: dict[int, list[Exemplar]] = {}


_encode = msgspec.msgpack.encode
_decode_content = msgspec.msgpack.Decoder(StoredContent).decode
_decode_store = msgspec.msgpack.Decoder(StoredStore).decode


def dumped_content(content: BucketContent) -> bytes:
    """One table, for `loaded_content`."""
    sketches = (None, {}, INITIAL_SCALE) if content.sketches is None else content.sketches.dump()
    columns = [column.tobytes() for column in content.table.columns]
    return _encode(StoredContent(content.table.keys.tobytes(), columns, *sketches))


def loaded_content(kind: str, body: bytes) -> BucketContent:
    """The table that `dumped_content` wrote.

    Raises:
        msgspec.DecodeError, ValueError: it is damaged.
    """
    stored = _decode_content(body)
    layout = LAYOUTS[kind]
    columns: list[Any] = [np.frombuffer(each, column.type) for column, each in zip(layout, stored.columns, strict=True)]
    table = Table(layout, np.frombuffer(stored.keys, np.int32), columns)
    rows = stored.sketches
    sketches = None if rows is None else Sketches.restore(rows, stored.scales, stored.finest)
    return BucketContent(table, sketches)


def dumped(store: SeriesStore) -> bytes:
    """All of the store but its tables."""
    series = [
        StoredSeries(
            number,
            store.labels(number),
            store.lives[number],
            store.increases.of(number),
            store.increases.silent(number),
            store.deltas.of(number),
        )
        for number in store.ids
    ]
    first = next(iter(store.buckets.values()))
    levels = range(len(store.levels))
    return _encode(
        StoredStore(
            series,
            store.ids.size,
            store.ids.dump()[1],
            store.kinds,
            [first.open(level) for level in levels],
            [first.oldest(level) for level in levels],
            sorted(store.with_percentiles),
            store.evicted,
            store.full_until,
            store.increases.sources(),
            {
                kind: {second: tuple(waiting) for second, waiting in buckets.waiting().items()}  # type: ignore[misc]
                for kind, buckets in store.buckets.items()
            },
            store.sweep.dump(),
            store.running.dump(),
            store.increases.forgotten,
            store.increases.recorded_since,
            dict(store.exemplars.dump()),
        )
    )


def restore(store: SeriesStore, body: bytes, contents: Mapping[str, Mapping[Bucket, BucketContent]]) -> None:
    """Replace the content of a store by what `dumped` wrote, and its tables by kind and bucket.

    Raises:
        msgspec.DecodeError, ValueError, LookupError: it is damaged.
    """
    stored = _decode_store(body)
    labels: list[Labels] = [()] * stored.size
    lives = [UNUSED for _ in range(stored.size)]
    for each in stored.series:
        labels[each.id], lives[each.id] = each.labels, each.life
    store.ids.restore(labels, stored.free)
    store.lives[:] = lives
    store.kinds, store.full_until = stored.kinds, stored.full_until
    store.restore_percentiles(stored.with_percentiles)
    store.evicted = stored.evicted
    store.increases.restore(
        {each.id: each.totals for each in stored.series if each.totals},
        stored.sources,
        {each.id: each.silent for each in stored.series if each.silent > -inf},
        stored.forgotten,
        stored.recorded_since,
    )
    store.deltas.restore({each.id: each.deltas for each in stored.series if each.deltas})
    for kind, buckets in store.buckets.items():
        waiting = {second: Observed(*found) for second, found in stored.waiting.get(kind, {}).items()}
        buckets.restore(stored.open, stored.oldest, contents.get(kind, {}), waiting)
    store.sweep.restore(*stored.sweep)
    store.running.restore(stored.running)
    store.exemplars.restore(stored.exemplars)
