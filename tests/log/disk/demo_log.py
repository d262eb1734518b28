"""The log of the demo: what its shop sends is decoded and recorded without HTTP, in the time of a fake clock."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from analytics.catalog.collections import ANNOTATIONS
from analytics.doors.records.attributes import Count
from analytics.doors.records.sent import line_of, span_of
from analytics.feed.demo import Demo
from analytics.kinds import EVENTS, HEARTBEATS, LOGS, METRICS, SPANS, Kind
from analytics.records import NewEvent, NewMetric, Receipt
from analytics.resources import NewChange
from analytics.schemas.compiled import DecodedBatch, SchemaDecoder, load
from analytics.schemas.event import EventSchema
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.log_line import LogLineSchema, SentLine
from analytics.schemas.metric import MetricSchema
from analytics.schemas.span import SentSpan, SpanSchema
from tests.log.disk.replica import Written, recorded
from tests.state.rig import Rig

MOST = 10_000


def demo_log(dice: random.Random, seconds: float, *, history: bool) -> list[Written]:
    """The log of a demo that runs for so many seconds, with or without its history of 90 days."""
    rig = Rig(starts=False)
    log = recorded(rig)
    client: Any = _Client(rig)
    demo = Demo(
        client,
        dice,
        rate=20,
        run="demo",
        now=rig.clock.wall,
        sleep=rig.clock.advance,
        say=lambda message: None,
    )
    demo.play(seconds, history)
    return log


class _Client:
    """Records at once what the demo sends."""

    url, patience = "", 0.0

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._events = SchemaDecoder(EventSchema(), NewEvent, MOST, _nothing)
        self._metrics = SchemaDecoder(MetricSchema(), NewMetric, MOST, _nothing)
        self._spans = SchemaDecoder(SpanSchema(), SentSpan, MOST, _nothing)
        self._logs = SchemaDecoder(LogLineSchema(), SentLine, MOST, _nothing)
        self._heartbeats = HeartbeatSchema()

    def events(self, items: Sequence[Any]) -> Receipt:
        return self._record(EVENTS, self._events, items)

    def metrics(self, items: Sequence[Any]) -> Receipt:
        return self._record(METRICS, self._metrics, items)

    def spans(self, items: Sequence[Any]) -> Receipt:
        return self._record(SPANS, self._spans, items, span_of)

    def logs(self, lines: Sequence[bytes]) -> Receipt:
        return self._record(LOGS, self._logs, [msgspec.json.decode(line) for line in lines], line_of)

    def heartbeat(self, item: Any) -> None:
        self._rig.recorder.record(HEARTBEATS, load(self._heartbeats, msgspec.json.encode(item)))

    def put(self, path: str, item: dict[str, Any]) -> None:
        times = [datetime.fromisoformat(item[name]).timestamp() for name in ("time", "end") if name in item]
        name = path.removeprefix("/annotations/")
        self._rig.recorder.change(NewChange(ANNOTATIONS.name, name, item, times[0], times[-1]))

    def total_events(self) -> int:
        return 0

    def _record(
        self,
        kind: Kind[Any],
        decoder: SchemaDecoder[Any],
        items: Sequence[Any],
        made: Callable[[Any, Count], Any] = lambda sent, dropped: sent,
    ) -> Receipt:
        if not items:
            return Receipt(0, 0, 0, [])
        decoded = decoder.many(msgspec.json.encode(items))
        records = [made(sent, lambda reason, count: None) for sent in decoded.items]
        return self._rig.recorder.record_batch(kind, DecodedBatch(records, decoded.places, decoded.errors))


def _nothing() -> None:
    """Do nothing."""
