"""A sink over a state and a clock, with a database in memory."""

from typing import Any

from analytics.points import NewPoint
from analytics.records import NewDelivery
from analytics.sinks.influx.rows import ClosedBuckets
from analytics.sinks.influx.sink import InfluxSink
from analytics.state.rollup import Bucket
from tests.query.cells.rig import QueryRig
from tests.sinks.influx.fake_database import FakeDatabase, points_of
from tests.sinks.influx.servers import Figures
from tests.state.rig import NOON

URL = "http://db.example:8086?db=x"


class SinkRig(QueryRig):
    """Records, lets time pass, and delivers."""

    def __init__(self, wall: float = NOON, database: FakeDatabase | None = None, **limits: Any) -> None:
        super().__init__(wall, influx_url=URL, **limits)
        self.database = database or FakeDatabase(URL)
        self.deliveries: list[NewDelivery] = []
        self.sink = self.make_sink()

    def make_sink(self) -> InfluxSink:
        """A sink as a start of the process makes it."""
        client: Any = self.database
        self.sink = InfluxSink(
            client,
            self.reader,
            self.clock,
            self._deliver,
            self.recorder.advance,
            self.state.sink_progress,
            lambda: None,
        )
        return self.sink

    def wait(self, seconds: float, every: float = 5.0) -> None:
        """Let time pass, while the sink works."""
        until = self.clock.wall() + seconds
        while self.clock.wall() < until:
            self.clock.advance(min(every, until - self.clock.wall()))
            self.recorder.tick()
            self.database.now = self.clock.wall()
            self.sink.step()

    def pass_time(self, seconds: float) -> None:
        """Let time pass without the sink."""
        self.clock.advance(seconds)
        self.recorder.advance()

    def gauge(self, value: float, at: float, **labels: str) -> None:
        labels = {"service": "shop", **labels}
        self.points(NewPoint((("__name__", "depth"), *sorted(labels.items())), "gauge", value, at=at))

    def closed(self, level: int, start: int) -> Figures:
        """What the sink would write for one bucket."""
        lines = ClosedBuckets(self.reader, lambda: None).lines(Bucket(level, start))
        return points_of("".join(lines))

    def _deliver(self, delivery: NewDelivery) -> None:
        self.deliveries.append(delivery)
        self.recorder.deliver(delivery)
