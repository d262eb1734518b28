"""A service that ran for six hours with a sink, so that minutes of half of them are in the other database alone."""

from functools import cached_property

from analytics.query.cells.build import make_engine
from analytics.query.far.series import FarSeriesQueries, kept_levels
from analytics.query.far.storage import FarStorage
from analytics.query.series import Series, SeriesQuery, points
from tests.sinks.influx.rig import SinkRig
from tests.state.rig import HOUR, MINUTE, NOON, event, metric

HOURS = 6
END = NOON + HOURS * HOUR


class FarRig(SinkRig):
    """Each minute `m` has m % 7 + 1 requests of `shop`, one of `mail`, and gauges of two hosts."""

    def __init__(self) -> None:
        super().__init__()
        for minute in range(HOURS * 60):
            at = NOON + minute * MINUTE
            self.events(
                *[event(service="shop", at=at, user_id=f"u{minute}", data={"latency": 10 + minute % 5})] * shop(minute)
            )
            self.events(event(service="mail", at=at + 1))
            self.metrics(*[metric("depth", depth(minute, host), tags={"host": host}, at=at + 2) for host in ("a", "b")])
            self.wait(MINUTE, every=60.0)
        self.wait(30)
        self.engine = make_engine(
            self.reader,
            self.state.series.levels,
            beyond=lambda near, buckets, *_: FarStorage(near, self.database, buckets),
        )

    @cached_property
    def far_series(self) -> FarSeriesQueries:
        return FarSeriesQueries(
            lambda query: self.ask_in_steps(points, query), self.database, lambda: self.reader.ask(kept_levels)
        )

    def series(self, **query: object) -> Series:
        return self.far_series.points(SeriesQuery(**query))  # type: ignore[arg-type]


def shop(minute: int) -> int:
    """Requests of `shop` in a minute after NOON."""
    return minute % 7 + 1


def depth(minute: int, host: str) -> float:
    """The gauge of a host in a minute after NOON."""
    return minute + (0.5 if host == "a" else 100.0)
