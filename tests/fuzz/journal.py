"""Decoders of what the database holds: entries of the journal, and parts of checkpoints."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Raw

from analytics.alerting import AlertChange, AlertKey, NewAlertStates
from analytics.errors import CannotStore
from analytics.incidents import NewIncidentAction
from analytics.kinds import KINDS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.database import Database
from analytics.log.disk.inspection import inspect
from analytics.log.disk.packing import packed, unpacked
from analytics.log.disk.recovery import DAMAGE, records_of
from analytics.log.disk.report import full_text, one_line
from analytics.log.disk.stored import Part, StoredEntry
from analytics.log_lines import NewLogLine
from analytics.notifications import FiredAlert, MessageAlert, NewNotification, NewNotificationEnd
from analytics.points import COUNTER, GAUGE, HISTOGRAM, ExponentialHistogram, NewPoint
from analytics.records import (
    NewDelivery,
    NewErasure,
    NewHeartbeat,
    NewPercentiles,
    NewPush,
    NewStart,
    NewTick,
    PushedPoint,
)
from analytics.resources import FileResource, NewChange, NewFile
from analytics.spans import CountedSpan, NewSpan
from tests.fuzz.decoder import Decoder
from tests.log.disk import made
from tests.log.disk.test_checkpoint import SavedParts
from tests.state.rig import NOON, Rig, event, metric

LIMITS = {"max_services": 20, "max_series": 50, "events_ring": 50, "metrics_ring": 50, "dedupe_ids": 100}


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rig = _busy_rig()
    saved = SavedParts(rig)
    saved.take()
    parts = list(saved.parts.values())
    entries = [bytes([place]) + packed(body) for place, kind in enumerate(KINDS) for body in _bodies(kind)]
    places = [bytes([place]) + part.body for place, part in enumerate(parts)]
    return [
        Decoder("stored bodies", unpacked, (ValueError,), (packed(b"a"), packed(b"abc" * 1000))),
        Decoder("entries of the journal", _entry(), DAMAGE, entries),
        Decoder("database files", _read, (CannotStore, sqlite3.Error), _databases(), size=128 * 1024),
        Decoder("parts of checkpoints", _part(parts), DAMAGE, places, size=16_384),
    ]


def _busy_rig() -> Rig:
    """A rig with everything that a checkpoint has parts for."""
    rig = Rig(**LIMITS)
    for number in range(3):
        data = {"endpoint": f"/p{number}", "latency": 5.5 * number, "status": 200 + 150 * number}
        rig.event("request", user_id=f"u{number}", data=data, id=f"e{number}")
        rig.metric("memory", 512.25, tags={"zone": "a"}, unit="MB", id=f"m{number}")
        rig.metric("queue", -(2.0**number), tags={"endpoint": "/p1"})
        rig.metric("big", 2**60 * number)
        rig.event("error", data={"message": "no"})
        rig.beat("shop", request_count=10**number, avg_latency=5.0, instance="a", interval=60, message="é")
        rig.clock.advance(3_600)
    rig.recorder.change(NewChange("annotations", "a", {"text": "Deploy"}, NOON, NOON, "ann"))
    rig.recorder.take_file(NewFile("a.yml", [FileResource("annotations", "b", {"text": "Sale"}, NOON, NOON)]))
    return rig


def _bodies(kind: str) -> list[bytes]:
    """Bodies of entries of a kind."""
    change = NewChange("annotations", "a", {"text": "Deploy"}, 1.5, None, "ann", (1, 2), "*")
    alert = AlertKey("a", "b", (("c", "d"),))
    records: dict[str, list[object]] = {
        "events": [event(user_id="u", at=NOON, data={"a": [1, "é"]}, id="1"), event("view")],
        "metrics": [metric("latency", 1.5, tags={"zone": "a"}, unit="ms", at=NOON)],
        "logs": [
            NewLogLine(
                *("shop", "paid é", 1_700_000_000_000_000_000, 9, "INFO", "a" * 32, "b" * 16),
                attributes=Raw(b'{"a":[1,2.5]}'),
                id="1",
            )
        ],
        "spans": [
            NewSpan(
                *("a" * 32, "b" * 16, "shop", "GET /", 1_700_000_000_000_000_000, 1_700_000_001_000_000_000, "c" * 16),
                status=2,
                endpoint="/",
                user_id="u",
                events=Raw(b'[{"time":1,"name":"a","attributes":{}}]'),
            )
        ],
        "span_counts": [
            CountedSpan("a" * 32, "b" * 16, "shop", "GET /", 1_700_000_000_000_000_000, 1_700_000_001_000_000_000)
        ],
        "heartbeats": [NewHeartbeat("shop", "healthy", {"requests": 10**30}, "a", 60, 5.5, "ok")],
        "starts": [NewStart(Rig().recorder.quotas, "mark")],
        "ticks": [NewTick()],
        "changes": [change],
        "erasures": [NewErasure("a" * 32, ["b" * 32])],
        "files": [NewFile("a.yml", [FileResource("annotations", "a", {"text": "Deploy"}, 1.0, 2.0)])],
        "points": [
            NewPoint((("__name__", "hits"), ("service", "shop")), COUNTER, 7.0, NOON, is_cumulative=True, source="a"),
            NewPoint((("__name__", "size"),), HISTOGRAM, None, NOON, ExponentialHistogram(3, 2.0, 1.5, {-1: 2.0})),
            NewPoint((("__name__", "up"),), GAUGE, None, NOON),
        ],
        "percentiles": [NewPercentiles("memory")],
        "pushes": [
            NewPush((("job", "backup"),), [PushedPoint("rows", NewPoint((("__name__", "rows"),), "gauge", 1.0))])
        ],
        "deliveries": [NewDelivery("influx:1", [60, 0, 0], [120, 0, 0], 200.5, [("series", 1, 60)], 2)],
        "alert_states": [NewAlertStates("a", NOON, [AlertChange("b", (("c", "d"),), "firing", True, 1.5, {"e": "f"})])],
        "incident_actions": [NewIncidentAction("0123456789ab", "snoozed", "ann", "later", NOON)],
        "notifications": [
            NewNotification(
                "ops",
                (("c", "d"),),
                "changed",
                0,
                [FiredAlert(alert, NOON)],
                [alert],
                1,
                [MessageAlert(alert, NOON, None, 1.5, {"e": "f"})],
            )
        ],
        "notification_ends": [NewNotificationEnd("ops", (("c", "d"),), 1, "sent", 2, "200 OK")],
    }
    return [msgspec.json.encode(records[kind]), msgspec.json.encode(records[kind] * 100)]


def _entry() -> Callable[[bytes], object]:
    """Decode an entry; the first byte is its kind."""
    kinds = list(KINDS)

    def decode(data: bytes) -> object:
        kind = kinds[data[0] % len(kinds)] if data else kinds[0]
        return records_of(StoredEntry(1, kind, NOON, "a-", 1, data[1:]))

    return decode


def _part(parts: list[Part]) -> Callable[[bytes], None]:
    """Restore a checkpoint with this body in place of that of one part, which the first byte chooses, and use it."""

    def decode(data: bytes) -> None:
        place = data[0] % len(parts) if data else 0
        changed = [part._replace(body=data[1:]) if number == place else part for number, part in enumerate(parts)]
        rig = Rig(starts=False, **LIMITS)
        Checkpoint(rig.state, rig.recorder).restore(changed)

    return decode


def _databases() -> list[bytes]:
    """Files with a journal alone, and with a checkpoint."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        files = []
        for checkpoint in (0, 3):
            made.closed(path, range(1, 5), checkpoint)
            files.append(path.read_bytes())
            path.unlink()
    return files


def _read(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(data)
        found = inspect(path)
        full_text(found)
        one_line(found)
        json.dumps(found.to_json())
        database = Database(path, sync=False)
        try:
            list(database.parts())
            list(database.entries(0, 2**62))
        finally:
            database.close()
