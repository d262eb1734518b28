"""Puts the engine and the state together."""

from collections.abc import Sequence

from analytics.promql.engine import PromqlEngine
from analytics.query.cells.endpoints import EndpointSource
from analytics.query.cells.figures import Source
from analytics.query.cells.presence import PresenceSource
from analytics.query.cells.storage import CellStorage, KeptBuckets
from analytics.query.cells.stored import StoreSource
from analytics.query.cells.traffic import TrafficSource
from analytics.query.reader import Reader
from analytics.state.rollup import Level
from analytics.state.state import State


def make_engine(reader: Reader, levels: Sequence[Level], others: Sequence[Source] = ()) -> PromqlEngine:
    """The PromQL engine over everything that the state keeps, and other sources."""

    def oldest(level: int) -> int:
        return reader.ask(lambda state, now: max(state.series.oldest_at(level, now), state.series.oldest(level)))

    buckets = KeptBuckets(levels, oldest, lambda: reader.ask(_now))
    own: list[Source] = [TrafficSource(reader), EndpointSource(reader), PresenceSource(reader), *others]
    return PromqlEngine(CellStorage([*own, StoreSource(reader, own=own)], buckets))


def _now(state: State, now: float) -> float:
    return now
