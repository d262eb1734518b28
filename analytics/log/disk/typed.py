"""Parts of a checkpoint for typed series: one for each table, and one with labels, lives and what is still open.

Checkpoints of versions before 0.3.0 have none: their custom and tagged metrics are moved into the store, and their
endpoints begin with running totals alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from analytics.log.disk.moving import move
from analytics.log.disk.stored import Part
from analytics.points import COUNTER, POINT_KINDS
from analytics.state.rollup import Bucket
from analytics.state.series.contents import BucketContent
from analytics.state.series.store import SeriesStore
from analytics.state.series.stored import dumped, dumped_content, loaded_content, restore
from analytics.state.state import State

TYPED, ENDPOINT = "typed", "endpoint"
"""Prefixes of the families of parts: of the store of typed series, and of the one of endpoints."""


class SeriesParts:
    """Serialises a store of series.

    Args:
        prefix: what its families of parts begin with.
        kinds: the kinds of its series.
        convert: called instead, where a checkpoint has no parts of the store.
    """

    def __init__(self, store: SeriesStore, prefix: str, kinds: Iterable[str], convert: Callable[[], None]) -> None:
        self._store, self._convert = store, convert
        self._labels_part = f"{prefix}_series"
        self._table_parts = {f"{prefix}_{kind}s": kind for kind in kinds}
        self._contents: dict[str, dict[Bucket, BucketContent]] = {}
        self._rest: bytes | None = None

    def dump(self, changed: Mapping[str, Set[Bucket]]) -> Iterator[Part]:
        """The parts for the tables that changed, and the one for the rest."""
        store = self._store
        for family, kind in self._table_parts.items():
            for bucket in changed[kind]:
                content = store.buckets[kind].content(bucket)
                if content is not None:
                    yield Part(family, bucket.level, bucket.start, dumped_content(content))
        yield Part(self._labels_part, 0, 0, dumped(store))

    def has(self, family: str) -> bool:
        """Whether parts of this family belong to this store."""
        return family == self._labels_part or family in self._table_parts

    def load(self, family: str, bucket: Bucket, body: bytes) -> None:
        """Decode one part; `restore` adds it to the store."""
        if family == self._labels_part:
            self._rest = body
        else:
            kind = self._table_parts[family]
            self._contents.setdefault(kind, {})[bucket] = loaded_content(kind, body)

    def restore(self) -> None:
        """Replace the content of the store by what was loaded."""
        if self._rest is None:
            self._convert()
        else:
            restore(self._store, self._rest, self._contents)
        self._contents, self._rest = {}, None

    def oldest(self) -> list[tuple[str, int, int]]:
        """Family, level and start of the oldest parts to keep."""
        levels = range(len(self._store.levels))
        return [(family, level, self._store.oldest(level)) for family in self._table_parts for level in levels]


def typed_parts(state: State) -> SeriesParts:
    """The parts of custom and tagged metrics."""
    return SeriesParts(state.series_store, TYPED, POINT_KINDS, lambda: move(state))


def endpoint_parts(state: State) -> SeriesParts:
    """The parts of the series of endpoints."""

    def begin() -> None:
        state.endpoint_series.begin(state.time, state.endpoints.retained.totals)

    return SeriesParts(state.endpoint_series.store, ENDPOINT, (COUNTER,), begin)
