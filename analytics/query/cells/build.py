"""Puts the engine and the state together."""

from collections.abc import Callable, Sequence

from analytics.promql.engine import PromqlEngine
from analytics.promql.storage import SeriesStorage
from analytics.query.cells.alerts import AlertSource
from analytics.query.cells.endpoints import EndpointSource
from analytics.query.cells.figures import Source
from analytics.query.cells.presence import PresenceSource
from analytics.query.cells.storage import CellStorage, KeptBuckets
from analytics.query.cells.stored import StoreSource
from analytics.query.cells.traffic import TrafficSource
from analytics.query.reader import Reader
from analytics.state.rollup import Level
from analytics.state.state import State

Beyond = Callable[[SeriesStorage, KeptBuckets, Sequence[Source], Sequence[Source]], SeriesStorage]


def make_engine(
    reader: Reader,
    levels: Sequence[Level],
    others: Sequence[Source] = (),
    beyond: Beyond = lambda near, buckets, lasting, others: near,
) -> PromqlEngine:
    """The PromQL engine over everything that the state keeps, and other sources.

    Args:
        beyond: extends the storage of the state by what others keep. Its arguments are the storage, the buckets that
            the state keeps, the sources of series with buckets of their own, and the other sources.
    """

    def oldest(level: int) -> int:
        return reader.ask(lambda state, now: max(state.series.oldest_at(level, now), state.series.oldest(level)))

    buckets = KeptBuckets(levels, oldest, lambda: reader.ask(_now))
    lasting: list[Source] = [TrafficSource(reader), EndpointSource(reader)]
    more: list[Source] = [PresenceSource(reader), AlertSource(reader), *others]
    lasting.append(StoreSource(reader, own=[*lasting, *more]))
    near = CellStorage([*lasting, *more], buckets)
    return PromqlEngine(beyond(near, buckets, lasting, more))


def _now(state: State, now: float) -> float:
    return now
