"""Parts of a checkpoint for the tables of cells."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from analytics.log.disk.stored import Part
from analytics.state.cells import Cell, UserCell
from analytics.state.rollup import Bucket, Rollup

K = TypeVar("K")
C = TypeVar("C", Cell, UserCell)


class CellTables(Generic[K, C]):
    """Converts between the tables of one rollup and parts of a checkpoint, each the MessagePack of its cells."""

    def __init__(self, family: str, rollup: Rollup[K, C], key: Any, cell: type[C]) -> None:
        self._family = family
        self._rollup: Rollup[K, C] = rollup
        self._cell: type[C] = cell
        self._decode = msgspec.msgpack.Decoder(list[tuple[key, bytes]]).decode
        self._loaded: dict[Bucket, dict[K, C]] = {}
        self._expired: dict[K, C] = {}
        self._keys: dict[K, K] = {}

    def dump(self, buckets: Iterable[Bucket]) -> Iterator[Part]:
        """The parts for the tables at `buckets`; tables that have expired are skipped."""
        for bucket in buckets:
            cells = self._rollup.table(bucket)
            if cells:
                yield Part(self._family, bucket.level, bucket.start, self.packed(cells))

    def packed(self, cells: Mapping[K, C]) -> bytes:
        """The body of a part with these cells."""
        return msgspec.msgpack.encode([(key, cell.pack()) for key, cell in cells.items()])

    def load(self, bucket: Bucket, body: bytes) -> None:
        """Decode one table; `restore` adds it to the rollup."""
        self._loaded[bucket] = self._unpacked(body)

    def load_expired(self, body: bytes) -> None:
        """Decode the sums of the expired cells; `restore` adds them to the rollup."""
        self._expired = self._unpacked(body)

    def _unpacked(self, body: bytes) -> dict[K, C]:
        keys, unpack = self._keys, self._cell.unpack
        return {keys.setdefault(key, key): unpack(packed) for key, packed in self._decode(body)}

    def restore(self, opened: list[int], now: float, oldest: int) -> None:
        """Replace the rollup's tables with the loaded ones; see `Rollup.restore`."""
        self._rollup.restore(opened, now, oldest, self._loaded, self._expired)
        self._loaded, self._expired, self._keys = {}, {}, {}

    def oldest(self) -> list[tuple[str, int, int]]:
        return [(self._family, level, self._rollup.oldest(level)) for level in range(len(self._rollup.levels))]
