"""Own metrics that are sampled at chosen times, and PromQL over them."""

from collections.abc import Iterable, Mapping

from analytics.own_metrics.family import Family, Histograms
from analytics.own_metrics.histogram import Histogram
from analytics.promql.block import Block
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.values import ScalarValue
from analytics.query.cells.storage import CellStorage, KeptBuckets
from analytics.query.own_series.source import OwnSeries
from analytics.state.rollup import Level

START = 1_700_000_040
"""A full minute."""
LEVELS = (Level(1, 120), Level(60, 180), Level(3600, 168), Level(86_400, 90))


class Rig:
    """A service that samples itself."""

    def __init__(self) -> None:
        self.own, self.now = OwnSeries(), float(START)
        buckets = KeptBuckets(LEVELS, self._oldest, lambda: self.now)
        self._engine = PromqlEngine(CellStorage([self.own], buckets))

    def _oldest(self, level: int) -> int:
        size, number = LEVELS[level]
        return int(self.now) // size * size - (number - 1) * size

    def sample(self, seconds: float, *families: Family | Histograms) -> None:
        """Take a sample at so many seconds after the start."""
        self.now = START + seconds
        self.own.sample(self.now, families)

    def ask(self, query: str, seconds: float | None = None) -> dict[str, float]:
        """The values at a time, by the labels but the name."""
        at = self.now if seconds is None else START + seconds
        budget = Budget(Limits(), lambda: None, lambda: 0.0)
        value = self._engine.instant(query, round(at * 1000), budget).value
        if isinstance(value, ScalarValue):
            return {"": float(value.values[0])}
        assert isinstance(value, Block)
        rows = zip(value.series.rows, value.values[0], value.present[0], strict=True)
        return {_shown(dict(labels)): float(number) for labels, number, is_there in rows if is_there}


def _shown(labels: Mapping[str, str]) -> str:
    return ",".join(value for name, value in labels.items() if name != "__name__")


def counter(value: float, *, reason: str = "late") -> Family:
    """A counter `analytics_drops_total` with one label."""
    return Family("drops", "counter", "Items dropped", {(reason,): value}, ("reason",))


def memory(value: float) -> Family:
    """A gauge `analytics_memory_bytes`."""
    return Family("memory_bytes", "gauge", "Memory", {(): value})


def durations(observed: Iterable[float]) -> Histograms:
    """A histogram `analytics_request_seconds`."""
    histogram = Histogram()
    for seconds in observed:
        histogram.observe(seconds)
    return Histograms("request_seconds", "Durations", {("/",): histogram}, ("route",))
