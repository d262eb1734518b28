"""Cells of closed buckets as blocks for the long-term store, and digests by which changes are noticed."""

from collections.abc import Callable, Iterator, Sequence
from math import nan
from zlib import crc32

import msgspec
import numpy as np

from analytics.points import COUNTER, HISTOGRAM, NAME_LABEL, Labels
from analytics.query.reader import Reader
from analytics.sinks.closed import labels_of_key
from analytics.sinks.state_cells import BySeries, Item, parts, series_keys, user_keys, user_labels, users_bucket
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.rollup import Bucket
from analytics.state.series.contents import BucketContent
from analytics.state.series.sketches import INDEX_OFFSET, Sketches
from analytics.state.series.store import SeriesStore
from analytics.state.state import State
from analytics.store.numbers.layout import CELL_FIGURES, USERS_KIND
from analytics.store.numbers.messages import CellBlock

BLOCK_CELLS = 1_000
_STORES: tuple[Callable[[State], SeriesStore], ...] = (
    lambda state: state.endpoint_series.store,
    lambda state: state.series_store,
)
_TYPED = {"count": "count", "total": "", "min": "min", "max": "max", "last": "last", "last_at": "last_at"}


def digest_of(state: State, now: float, bucket: Bucket) -> int:
    """A number that changes with the content of a closed bucket; 0 for an empty one."""
    total = 0
    for key, cell in state.series.table(bucket).items():
        total += crc32(repr((key, cell.count, cell.total, cell.shift)).encode()) + 1
    for service, users in state.users.table(users_bucket(bucket)).items():
        total += crc32(users.pack(), crc32(service.encode())) + 1
    for place, store in enumerate(_STORES):
        for buckets in store(state).buckets.values():
            content = buckets.view(*bucket)
            if content is not None and len(content.table):
                crc = crc32(content.table.keys.tobytes(), place)
                for column in content.table.columns:
                    crc = crc32(column.tobytes(), crc)
                total += crc + 1
    return total % (1 << 62)


class BlockMaker:
    """Makes the blocks of closed buckets. It holds the state's lock for some milliseconds at a time."""

    def __init__(self, reader: Reader, pause: Callable[[], None]) -> None:
        self._reader, self._pause = reader, pause
        self._names = [BySeries(named) for _ in _STORES]

    def blocks(self, bucket: Bucket) -> Iterator[CellBlock]:
        """The blocks of a bucket, which has at least one."""
        block = _Block()
        yield from self._rollup(series_keys, _add_series, bucket, block)
        yield from self._rollup(user_keys, _add_users, bucket, block)
        for store, names in zip(_STORES, self._names, strict=True):
            for kind, content in self._reader.ask(_contents, store, bucket):
                ids = content.table.keys
                for some in parts(range(len(ids)), BLOCK_CELLS):
                    part = slice(some[0], some[-1] + 1)
                    found = self._reader.ask(names.of, store, ids[part].tolist())
                    yield _typed_block(kind, content, part, found, bucket.start)
                    self._pause()
        yield block.take()

    def _rollup(
        self,
        find: Callable[[State, float, Bucket], Sequence[Item]],
        add: Callable[[State, float, Bucket, Sequence[Item], "_Block"], None],
        bucket: Bucket,
        block: "_Block",
    ) -> Iterator[CellBlock]:
        """Collect cells in `block`; yields it whenever it is full."""
        for some in parts(self._reader.ask(find, bucket)):
            self._reader.ask(add, bucket, some, block)
            self._pause()
            if len(block.names) >= BLOCK_CELLS:
                yield block.take()


class _Block:
    """Cells of rollups, as they are collected."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.names: list[str] = []
        self._labels: list[str] = []
        self._kinds: list[str] = []
        self._figures: list[tuple[float, ...]] = []
        self._users: list[bytes | None] = []
        self._scales: list[int] = []
        self._rows: list[tuple[int, int, float]] = []

    def add(self, labels: Labels, kind: str, figures: tuple[float, ...], users: bytes | None = None) -> None:
        """Add a cell; its figures are those of `CELL_FIGURES`."""
        name, text = named(labels)
        self.names.append(name)
        self._labels.append(text)
        self._kinds.append(kind)
        self._figures.append(figures)
        self._users.append(users)
        self._scales.append(0)

    def sketch(self, cell: Cell) -> None:
        """Add the sketch of the newest cell, if it has one."""
        if cell.quantiles is None:
            return
        scale, zero, positive, negative = cell.quantiles.buckets
        place = len(self.names) - 1
        self._scales[-1] = scale
        self._rows += [(place, index + INDEX_OFFSET, count) for index, count in positive.items()]
        self._rows += [(place, -(index + INDEX_OFFSET), count) for index, count in negative.items()]
        if zero:
            self._rows.append((place, 0, zero))

    def take(self) -> CellBlock:
        """All cells since the last call."""
        figures = np.array(self._figures, np.float64).reshape(-1, len(CELL_FIGURES)).T
        rows = np.array(self._rows, np.float64).reshape(-1, 3).T
        block = CellBlock(
            self.names,
            self._labels,
            self._kinds,
            {name: column.tobytes() for name, column in zip(CELL_FIGURES, figures, strict=True)},
            self._users,
            np.array(self._scales, np.int8).tobytes(),
            rows[0].astype(np.int32).tobytes(),
            rows[1].astype(np.int32).tobytes(),
            rows[2].tobytes(),
        )
        self._clear()
        return block


def named(labels: Labels) -> tuple[str, str]:
    """The name of a series, and its other labels as JSON; an empty name without labels."""
    others = dict(labels)
    name = others.pop(NAME_LABEL, "")
    return name, msgspec.json.encode(others).decode()


def _typed_block(
    kind: str, content: BucketContent, part: slice, found: Sequence[tuple[str, str]], start: int
) -> CellBlock:
    """Cells of typed series, of those that have names."""
    table, ids = content.table, content.table.keys[part]
    is_there = np.array([bool(name) for name, _ in found], bool)
    ids = ids[is_there]
    figures = {}
    names = {column.name for column in table.layout}
    for name, column in {**_TYPED, "total": "increase" if kind == COUNTER else "sum"}.items():
        values = np.full(len(ids), nan)
        if column in names:
            values = table.column(column)[part][is_there].astype(np.float64)
            if column == "last_at":
                values = values + start
        figures[name] = values.tobytes()
    scales = np.zeros(len(ids), np.int8)
    cells, keys, counts = np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    if content.sketches is not None and len(ids):
        rows, _ = Sketches.rows_of([content.sketches])
        places = np.searchsorted(ids, rows.owners)
        chosen = ids.take(places, mode="clip") == rows.owners
        cells, keys, counts = places[chosen].astype(np.int32), rows.keys[chosen], rows.counts[chosen]
        scales[cells] = rows.scales[chosen]
    kept = [each for each in found if each[0]]
    return CellBlock(
        [name for name, _ in kept],
        [text for _, text in kept],
        [kind] * len(kept),
        figures,
        [None] * len(kept),
        scales.tobytes(),
        cells.tobytes(),
        keys.astype(np.int32).tobytes(),
        counts.astype(np.float64).tobytes(),
    )


def _add_series(state: State, now: float, bucket: Bucket, keys: Sequence[SeriesKey], block: _Block) -> None:
    table = state.series.table(bucket)
    for key in keys:
        cell = table.get(key)
        if cell is not None:
            kind = HISTOGRAM if key[0] == "latency" else COUNTER
            figures = (cell.count, cell.sum, cell.min, cell.max, cell.last, cell.last_at)
            block.add(labels_of_key(key), kind, figures)
            block.sketch(cell)


def _add_users(state: State, now: float, bucket: Bucket, services: Sequence[str], block: _Block) -> None:
    table = state.users.table(users_bucket(bucket))
    for service in services:
        if service in table:
            users = table[service].users
            block.add(user_labels(service), USERS_KIND, (users.estimate, nan, nan, nan, nan, nan), users.pack())


def _contents(
    state: State, now: float, store: Callable[[State], SeriesStore], bucket: Bucket
) -> list[tuple[str, BucketContent]]:
    found = ((kind, buckets.view(*bucket)) for kind, buckets in store(state).buckets.items())
    return [(kind, content) for kind, content in found if content is not None and len(content.table)]
