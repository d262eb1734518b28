"""Builds the doors: what turns the bodies of requests into records."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from analytics.clock import Clock
from analytics.config import Settings
from analytics.doors.door import Door
from analytics.doors.heartbeat_door import HeartbeatDoor
from analytics.doors.json_door import events_door, metrics_door
from analytics.doors.limits import BodyLimits
from analytics.doors.number_doors import NumberDoors
from analytics.doors.point_recorder import KindLog, PointRecorder
from analytics.doors.record_doors import RecordDoors
from analytics.factory.record_doors import make_record_doors
from analytics.kinds import POINTS
from analytics.log.recorder import Recorder
from analytics.privacy.hashing import Hasher, hash_key
from analytics.privacy.redactor import Redactor
from analytics.state.state import State
from analytics.yielding import yield_if_due

POINTS_OF_ITEM = 10
"""Points that a request in a protocol for numbers may have, for each item that a batch may have."""


class Doors(NamedTuple):
    """The doors, and what they share."""

    redactor: Redactor
    batches: BodyLimits
    events: Door
    metrics: Door
    heartbeats: HeartbeatDoor
    points: PointRecorder
    numbers: NumberDoors
    records: RecordDoors

    @property
    def by_path(self) -> dict[str, Door]:
        """The doors that requests take the short way to."""
        own: dict[str, Door] = {"/events": self.events, "/metrics": self.metrics, "/heartbeat": self.heartbeats}
        return {**own, **self.numbers.by_path, **self.records.by_path}


def make_doors(settings: Settings, clock: Clock, state: State, recorder: Recorder) -> Doors:
    """The doors of the service."""
    limits = BodyLimits(settings.max_body)
    batches = limits._replace(advice="send smaller batches")
    hasher = Hasher(partial(hash_key, settings.hash_key, Path(settings.data_dir) if settings.data_dir else None))
    redactor = Redactor(state.catalog, hasher, recorder.count_redacted, yield_if_due)
    points = PointRecorder(KindLog(recorder, POINTS), redactor, POINTS_OF_ITEM * settings.max_batch)
    numbers = NumberDoors(
        points,
        lambda name: state.series_store.kind_of(name),
        state.pushed,
        recorder.push,
        clock,
        batches,
        settings.max_batch,
    )
    return Doors(
        redactor,
        batches,
        events_door(recorder, redactor, batches, settings.max_batch),
        metrics_door(recorder, redactor, batches, settings.max_batch),
        HeartbeatDoor(recorder, redactor, limits),
        points,
        numbers,
        make_record_doors(settings, clock.monotonic, recorder, redactor, batches, state.counters.dropped),
    )
