"""State, recorder and reader around one clock that the test controls, without HTTP."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from analytics.bus import BatchRecorded, Bus
from analytics.config import Settings
from analytics.filters.event_filter import EventFilter
from analytics.filters.searches import EventKey
from analytics.kinds import EVENTS, HEARTBEATS, METRICS
from analytics.log.log import MemoryLog
from analytics.log.outcome import Taken
from analytics.log.recorder import Recorder
from analytics.query.archive import Archive, NoArchive
from analytics.query.events import EventsAnswer, EventSearch, EventsPage
from analytics.query.reader import Reader
from analytics.query.service_details import service_metrics
from analytics.query.services import history
from analytics.query.stats import daily, hourly, stats
from analytics.records import Kept, NewEvent, NewHeartbeat, NewMetric, Receipt, event_json
from analytics.schemas.compiled import DecodedBatch
from analytics.snapshot.build import build_snapshot
from analytics.state.state import State
from tests.fakes import FakeClock

MIDNIGHT = 1_699_920_000
"""2023-11-14T00:00:00Z."""
NOON = MIDNIGHT + 12 * 3600
SECOND, MINUTE, HOUR, DAY = 1, 60, 3_600, 86_400

IN_MEMORY = {"kind": "memory", "durability": None, "bytes": 0, "trouble": None, "consumers": {}, "long_term": None}


def when(at: float) -> datetime:
    """Seconds since the epoch as a datetime, as clients send it."""
    return datetime.fromtimestamp(at, UTC)


def event(type_: str = "request", service: str = "shop", **fields: Any) -> NewEvent:
    """A new event; `at` is its timestamp in seconds since the epoch, `data` its data as an object."""
    at = fields.pop("at", None)
    if "data" in fields:
        fields["data"] = msgspec.Raw(msgspec.json.encode(fields["data"]))
    return NewEvent(type_, service, timestamp=None if at is None else when(at), **fields)


def metric(name: str, value: float, service: str | None = "shop", **fields: Any) -> NewMetric:
    """A new metric of `service`, with more `tags`; `at` as in `event`."""
    at = fields.pop("at", None)
    tags = dict(fields.pop("tags", {}))
    if service is not None:
        tags["service"] = service
    return NewMetric(name, value, tags=tags, timestamp=None if at is None else when(at), **fields)


def batch(*items: Any) -> DecodedBatch[Any]:
    """A batch without decoding errors."""
    return DecodedBatch(list(items), range(len(items)), [])


class Rig:
    """Everything behind HTTP. It begins at noon, and with a recorded start if `starts`."""

    def __init__(self, wall: float = NOON, *, starts: bool = True, **limits: Any) -> None:
        limited = Settings(**limits)
        self.clock = FakeClock(wall)
        self.state = State(limited, wall)
        self.published: list[bytes] = []
        self.recorder = Recorder(self.state, limited, self.clock, self._bus(), MemoryLog())
        self.reader = Reader(self.state, self.clock)
        if starts:
            self.recorder.start()

    def _bus(self) -> Bus:
        self.bus = Bus(self.state.counters.dropped)
        self.bus.listen(BatchRecorded, lambda it: self._publish(it.kept, it.last) if it.kind == "events" else None)
        return self.bus

    def _publish(self, kept: Kept[NewEvent], last: int) -> None:
        self.published += [event_json(kept, place) for place in range(len(kept.records))]

    def event(self, *args: Any, **fields: Any) -> Taken:
        return self.recorder.record(EVENTS, event(*args, **fields))

    def metric(self, *args: Any, **fields: Any) -> Taken:
        return self.recorder.record(METRICS, metric(*args, **fields))

    def events(self, *items: NewEvent) -> Receipt:
        return self.recorder.record_batch(EVENTS, batch(*items))

    def metrics(self, *items: NewMetric) -> Receipt:
        return self.recorder.record_batch(METRICS, batch(*items))

    def beat(self, service: str = "shop", status: str = "healthy", **fields: Any) -> None:
        """Record a heartbeat; keywords that are not its fields are its metrics."""
        own = {name: fields.pop(name) for name in ("instance", "interval", "grace", "message") if name in fields}
        self.recorder.record(HEARTBEATS, NewHeartbeat(service, status, fields or None, **own))

    def ask(self, question: Callable[..., Any], *args: Any) -> Any:
        self.recorder.tick()  # as the ticker does each second
        return self.reader.ask(question, *args)

    def found(
        self, limit: int = 1_000, before: int | None = None, archive: Archive | None = None, **asked: Any
    ) -> EventsAnswer:
        """The newest events that match a filter."""
        self.recorder.tick()
        page = EventsPage(limit, None if before is None else EventKey(0, before))
        return EventSearch(self.reader, archive or NoArchive(), lambda: None).page(EventFilter(**asked), page)

    def ask_in_steps(self, question: Callable[..., Any], *args: Any, pause: Callable[[], None] = lambda: None) -> Any:
        """The answer of a query that can be interrupted."""
        self.recorder.tick()
        return self.reader.ask_in_steps(pause, question, *args)

    def snapshot(self) -> dict[str, Any]:
        """The snapshot as a client gets it: through JSON."""
        return msgspec.json.decode(msgspec.json.encode(self.ask(build_snapshot, 0)))

    @property
    def overview(self) -> dict[str, Any]:
        return self.snapshot()["overview"]

    @property
    def realtime(self) -> dict[str, Any]:
        return self.snapshot()["realtime_stats"]

    def row(self, service: str = "shop") -> dict[str, Any]:
        return self.snapshot()["services"][service]

    def service(self, name: str = "shop") -> dict[str, Any]:
        return self.ask(service_metrics, name)

    def service_history(self, name: str = "shop") -> list[dict[str, Any]]:
        return self.ask(history, name, 1_000)["history"]

    def stats(self) -> dict[str, Any]:
        return self.ask(stats, IN_MEMORY, [])

    def hours(self, hours: int = 168) -> list[dict[str, Any]]:
        return self.ask(hourly, hours)["buckets"]

    def days(self, days: int = 90) -> list[dict[str, Any]]:
        return self.ask(daily, days)["buckets"]


def plain(answer: Any) -> Any:
    """The answer as it comes out of JSON, with bytes as text and records as objects."""
    return json.loads(json.dumps(answer, default=_plain_part))


def _plain_part(part: Any) -> Any:
    if isinstance(part, bytes):
        return part.decode()
    return msgspec.structs.asdict(part) if isinstance(part, msgspec.Struct) else str(part)
