"""Reads cells back from the long-term store."""

from collections.abc import Callable, Mapping
from typing import Any

import gevent
import msgspec
import numpy as np

from analytics.clock import Clock
from analytics.errors import AnalyticsError, Unavailable
from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.query.far.merging import merged_points
from analytics.query.far.reading import CannotReadBack, CellColumns, FarQuery, FarSeries
from analytics.sinks.long_term.writer import KIND_OF
from analytics.state.resolution import Resolution
from analytics.store.client.asking import AsksStore
from analytics.store.numbers.messages import CellAnswer, CellQuery
from analytics.threads import Threads

READ_SECONDS = 20.0
REACH_FRESH_SECONDS = 10.0
STORE_SILENT_SECONDS = 5.0
"""After the store was away, so long nothing waits for it."""
_decode = msgspec.msgpack.Decoder(CellAnswer).decode


class StoreReading:
    """See `MergingReading`.

    Args:
        pause: lets others run; called every few milliseconds.
        threads: questions are asked in the event loop's thread, to which connections belong.
    """

    target = "the long-term store"

    def __init__(self, store: AsksStore, clock: Clock, pause: Callable[[], None], threads: Threads) -> None:
        self._store, self._clock, self._pause, self._threads = store, clock, pause, threads
        self._oldest: dict[str, int] = {}
        self._fresh_until = self._silent_until = 0.0
        self._silence = ""

    def oldest(self, level: Resolution) -> int | None:
        """See `MergingReading`."""
        if self._clock.monotonic() >= self._fresh_until:
            reach = self._threads.in_loop(lambda: self._ask("numbers reach", {}))
            self._oldest = msgspec.json.decode(reach, type=dict[str, int])
            self._fresh_until = self._clock.monotonic() + REACH_FRESH_SECONDS
        return self._oldest.get(KIND_OF.get(level, ""))

    def cells(
        self,
        level: Resolution,
        metric: str,
        labels: Mapping[str, str],
        start: int,
        end: int,
        *,
        has_sketches: bool = False,
    ) -> CellColumns:
        """See `MergingReading`."""
        query = CellQuery(KIND_OF[level], metric, dict(labels), start, end, has_sketches)

        def ask() -> CellColumns:
            body = self._ask("numbers", msgspec.to_builtins(query))
            columns: CellColumns = gevent.get_hub().threadpool.apply(_columns, (metric, body))
            return columns

        return self._threads.in_loop(ask)

    def read(self, query: FarQuery) -> list[FarSeries]:
        """See `FarReading`: all series as one, by bucket."""
        return self.merged(query, 1)

    def merged(self, query: FarQuery, step: int) -> list[FarSeries]:
        """See `MergingReading`."""
        has_sketches = any(field == "unique" or field.startswith("p") for field in query.fields)
        cells = self.cells(query.level, query.metric, query.labels, query.start, query.end, has_sketches=has_sketches)
        points = merged_points(cells, query.fields, step, self._pause)
        return [FarSeries((), points)] if points else []

    def _ask(self, op: str, args: Mapping[str, Any]) -> bytes:
        if self._clock.monotonic() < self._silent_until:
            raise CannotReadBack(self._silence)
        try:
            return b"".join(self._store.ask(op, args, seconds=READ_SECONDS))
        except AnalyticsError as error:
            if isinstance(error, Unavailable):
                self._silence = error.message
                self._silent_until = self._clock.monotonic() + STORE_SILENT_SECONDS
            raise CannotReadBack(error.message) from error


def _columns(metric: str, body: bytes) -> CellColumns:
    answer = _decode(body)
    return CellColumns(
        answer.kinds,
        [_labels(metric, text) for text in answer.labels],
        np.frombuffer(answer.series, np.int32),
        np.frombuffer(answer.starts, np.int64),
        {name: np.frombuffer(column, np.float64) for name, column in answer.figures.items()},
        np.frombuffer(answer.scales, np.int8),
        np.frombuffer(answer.sketch_cells, np.int32),
        np.frombuffer(answer.sketch_keys, np.int32),
        np.frombuffer(answer.sketch_counts, np.float64),
        dict(zip(answer.user_cells, answer.users, strict=True)),
    )


def _labels(metric: str, text: str) -> Labels:
    return labels_of([*msgspec.json.decode(text, type=dict[str, str]).items(), (NAME_LABEL, metric)])
