"""The tail of the numbers: cells that the server sent and that are in no file yet, in tables of DuckDB."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics.store.numbers.layout import CELL_COLUMNS, CELL_FIGURES, NUMBER_KINDS
from analytics.store.numbers.messages import CellBlock

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DigestKey = tuple[str, int]
"""Kind and start of a bucket."""
FLUSHED_SECONDS = 60.0
"""How long cells stay in the tail that are in files, for questions that do not know these files."""
_INSERTED = {
    **{name: f"cells.{name}" for name in ("name", "labels", "kind")},
    "start": "make_timestamp(cells.start)",
    **{name: f"CASE WHEN isnan(cells.{name}) THEN NULL ELSE cells.{name} END" for name in CELL_FIGURES},
    "sketch_scale": "CASE WHEN sketch.keys IS NULL THEN NULL ELSE cells.scale END",
    "sketch_keys": "sketch.keys",
    "sketch_counts": "sketch.counts",
    "users": "CASE WHEN cells.users = '' THEN NULL ELSE from_base64(cells.users) END",
    "generation": "cells.generation",
}


class CellTail:
    """Takes blocks. Any thread may use it.

    Args:
        connect: opens a connection.
        generation: greater than that of all cells in files; a cell of a greater generation replaces others.
        digests: of the buckets that are in files.
    """

    def __init__(
        self, connect: Callable[[], "DuckDBPyConnection"], generation: int, digests: Mapping[DigestKey, int]
    ) -> None:
        self._connect, self._generation = connect, generation
        self._connection: DuckDBPyConnection | None = None
        self._lock = threading.RLock()
        self.life = uuid.uuid4().hex
        """Of this process: what the server knows of another one does not hold."""
        self._digests = dict(digests)
        self._waiting: dict[DigestKey, int] = {}
        self._spans: dict[str, tuple[int, int]] = {}
        self._flushed: list[tuple[float, int]] = []
        self.rows = 0
        """Cells that are in no file yet."""
        self.oldest = time.monotonic()
        """The time at which the oldest of them came."""

    @property
    def last(self) -> int:
        """The newest generation."""
        return self._generation - 1

    def digests(self) -> Mapping[DigestKey, int]:
        """The digests of all buckets, in files or not."""
        with self._lock:
            return dict(self._digests)

    def put(self, kind: str, start: int, digest: int | None, block: CellBlock) -> None:
        """Add cells of a bucket; they replace older ones of the same series. With a digest the bucket is complete."""
        with self._lock:
            if block.names:
                if not self.rows:
                    self.oldest = time.monotonic()
                self._insert(kind, start, block)
                low, high = self._spans.get(kind, (start, start))
                self._spans[kind] = min(low, start), max(high, start)
                self.rows += len(block.names)
            if digest is not None:
                self._digests[kind, start] = self._waiting[kind, start] = digest

    def span(self, kind: str) -> tuple[int, int] | None:
        """The least and greatest start of the cells of a kind; None without any."""
        with self._lock:
            return self._spans.get(kind)

    @contextmanager
    def flushing(self) -> Iterator[tuple["DuckDBPyConnection", int, Mapping[DigestKey, int]]]:
        """Write the cells up to a generation, and the digests; unless that fails they are in files then."""
        self._drop_flushed()
        with self._lock:
            last, digests, rows = self.last, dict(self._waiting), self.rows
            connection = self._opened().cursor()
        try:
            yield connection, last, digests
        finally:
            connection.close()
        with self._lock:
            self._waiting = {key: digest for key, digest in self._waiting.items() if digests.get(key) != digest}
            self.rows -= rows
            self.oldest = time.monotonic()
            self._flushed.append((time.monotonic(), last))

    def forget(self, oldest: Mapping[str, int]) -> None:
        """Forget the digests of buckets before these starts, by kind."""
        with self._lock:
            self._digests = {
                (kind, start): digest for (kind, start), digest in self._digests.items() if start >= oldest[kind]
            }

    def _drop_flushed(self) -> None:
        before = time.monotonic() - FLUSHED_SECONDS
        with self._lock:
            old = [generation for at, generation in self._flushed if at <= before]
            if not old:
                return
            self._flushed = [(at, generation) for at, generation in self._flushed if at > before]
            for kind in NUMBER_KINDS:
                self._opened().execute(f"DELETE FROM {tail_table(kind)} WHERE generation <= {max(old)}").fetchall()
                query = f"SELECT epoch(min(start)), epoch(max(start)) FROM {tail_table(kind)}"
                ((low, high),) = self._opened().execute(query).fetchall()
                self._spans.pop(kind, None)
                if low is not None:
                    self._spans[kind] = int(low), int(high)

    def _opened(self) -> "DuckDBPyConnection":
        if self._connection is None:
            self._connection = self._connect()
            columns = ", ".join(f'"{name}" {type_}' for name, type_ in CELL_COLUMNS.items())
            for kind in NUMBER_KINDS:
                self._connection.execute(f"CREATE TABLE IF NOT EXISTS {tail_table(kind)} ({columns})")
        return self._connection

    def _insert(self, kind: str, start: int, block: CellBlock) -> None:
        import base64

        import numpy as np

        count = len(block.names)
        cells = {
            "place": np.arange(count, dtype="i4"),
            "name": np.array(block.names, object),
            "labels": np.array(block.labels, object),
            "kind": np.array(block.kinds, object),
            "start": np.full(count, start * 1_000_000, "i8"),
            "scale": np.frombuffer(block.scales, "i1"),
            "users": np.array([base64.b64encode(each or b"").decode() for each in block.users], object),
            "generation": np.full(count, self._generation, "i8"),
            **{name: np.frombuffer(block.figures[name], "f8") for name in CELL_FIGURES},
        }
        sketches = {
            "cell": np.frombuffer(block.sketch_cells, "i4"),
            "key": np.frombuffer(block.sketch_keys, "i4"),
            "amount": np.frombuffer(block.sketch_counts, "f8"),
        }
        connection = self._opened()
        connection.register("cells", cells)
        connection.register("sketch_rows", sketches)
        try:
            connection.execute(
                f"INSERT INTO {tail_table(kind)} SELECT {', '.join(_INSERTED[name] for name in CELL_COLUMNS)} "
                "FROM cells LEFT JOIN (SELECT cell, list(key ORDER BY key) AS keys, "
                "list(amount ORDER BY key) AS counts FROM sketch_rows GROUP BY cell) AS sketch "
                "ON sketch.cell = cells.place"
            )
        finally:
            connection.unregister("cells")
            connection.unregister("sketch_rows")
        self._generation += 1


def tail_table(kind: str) -> str:
    """The table of the tail with the cells of a kind."""
    return f"numbers_{kind}"
