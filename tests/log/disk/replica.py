"""Replicas of a state, made by replaying a recorded log, and a canonical form to compare them.

As a program, it reads a log from standard input and prints a digest of the resulting state.
"""

import hashlib
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import datasketches
import msgspec

from analytics.kinds import KINDS
from analytics.log.disk.checkpoint import (
    ALERTS_PART,
    ENDPOINTS_PART,
    EXPIRED_PART,
    INCIDENTS_PART,
    LAST_MINUTE_PART,
    OUTBOX_PART,
    PROGRESS_PART,
    PUSHED_PART,
    REST_PART,
    SERIES_PART,
    USERS_PART,
    Checkpoint,
    Rest,
)
from analytics.log.disk.ids import IDS
from analytics.log.disk.stored import Part
from analytics.log.disk.typed import ENDPOINT, TYPED
from analytics.log.log import Entry, MemoryLog
from analytics.snapshot.build import build_snapshot
from analytics.state.cells import Cell
from analytics.state.distinct import LG_K
from analytics.state.late_changes import StoredProgress
from analytics.state.series.stored import StoredStore
from tests.state.rig import Rig

LIST, SET = 0, 1
"""The modes of a sketch that stores single coupons."""
COUPONS = {LIST: 8, SET: 12}
"""The offset of the coupons in each mode."""


class Written(NamedTuple):
    """An entry of the log."""

    kind: str
    received: float
    id_prefix: str
    records: bytes


class Recording(MemoryLog):
    """A log that keeps its entries in a list."""

    def __init__(self, log: list[Written]) -> None:
        self.log = log

    def append(self, entry: Entry) -> Callable[[], Any]:
        records = msgspec.json.encode(entry.records)
        self.log.append(Written(entry.kind.name, float(entry.received), entry.id_prefix, records))
        return super().append(entry)


def recorded(rig: Rig, before: Sequence[Written] = ()) -> list[Written]:
    """The list to which all further entries of a rig are added, after those `before` and its start."""
    recording = Recording([*before])
    rig.recorder._log = recording
    rig.recorder.start()
    return recording.log


def replica(log: list[Written], wall: float, disturb: Callable[[Rig], Any] | None = None, **limits: Any) -> Rig:
    """A new state, created at `wall`, after replaying the log; `disturb` is called before each entry."""
    rig = Rig(wall, starts=False, **limits)
    rig.checkpoint = Checkpoint(rig.state, rig.recorder)  # type: ignore[attr-defined]
    replay(rig, log, disturb)
    return rig


def replay(rig: Rig, log: Iterable[Written], disturb: Callable[[Rig], Any] | None = None) -> None:
    """Replay entries of a log; `disturb` is called before each."""
    for kind, received, id_prefix, records in log:
        if disturb is not None:
            disturb(rig)
        rig.recorder.replay(kind, received, id_prefix, msgspec.json.decode(records, type=list[KINDS[kind].record]))  # type: ignore[valid-type]


def canonical(rig: Rig, at: float) -> list[Any]:
    """The whole checkpoint of a replica at a time, in a canonical order; floats are exact."""
    with rig.state.lock:
        rig.state.advance(at)
        checkpoint: Checkpoint = rig.checkpoint  # type: ignore[attr-defined]
        return canonical_parts(checkpoint.parts(checkpoint.take_unsaved()))


def canonical_parts(parts: Iterable[Part]) -> list[Any]:
    """The parts of a checkpoint in a canonical order; floats are exact."""
    return sorted(([*part[:3], _body(part.family, part.body)] for part in parts), key=repr)


def digest(rig: Rig, at: float) -> str:
    return hashlib.sha256(repr(canonical(rig, at)).encode()).hexdigest()


def _body(family: str, body: bytes) -> Any:
    if family in (SERIES_PART, EXPIRED_PART):
        return sorted((repr(key), _cell(packed)) for key, packed in msgspec.msgpack.decode(body))
    if family == USERS_PART:
        return sorted((key, _sketch(packed)) for key, packed in msgspec.msgpack.decode(body))
    if family in (ENDPOINTS_PART, LAST_MINUTE_PART):
        return sorted(msgspec.json.decode(body))
    if family == IDS:
        return list(msgspec.json.decode(body).items())
    if family in (f"{TYPED}_series", f"{ENDPOINT}_series"):
        return repr(msgspec.msgpack.decode(body, type=StoredStore))  # 1 and 1.0 are one
    if family == PROGRESS_PART:
        progress = msgspec.msgpack.decode(body, type=StoredProgress)
        late = sorted((*place, keys and sorted(map(repr, keys)), at) for *place, keys, at in progress.late)
        return repr((progress.sink, progress.upto, progress.missed, late))
    if family.partition("_")[0] in (TYPED, ENDPOINT, ALERTS_PART, INCIDENTS_PART, OUTBOX_PART, PUSHED_PART):
        return repr(msgspec.msgpack.decode(body))
    if family != REST_PART:
        return msgspec.json.decode(body)
    rest = msgspec.json.decode(body, type=Rest)
    now, seconds = rest.active_users
    rest.active_users = now, {second: _sketch(packed) for second, packed in sorted(seconds.items())}  # type: ignore[misc]
    rest.limits = sorted(rest.limits[0]), sorted(rest.limits[1])
    rest.units.sort()
    rest.waiting = sorted((at, shown, sorted(rows)) for at, shown, rows in rest.waiting)  # type: ignore[type-var]
    rest.evicted, rest.inherited = (
        dict(sorted(rest.evicted.items())),
        {service: dict(sorted(endpoints.items())) for service, endpoints in sorted(rest.inherited.items())},
    )
    rest.peaks = dict(sorted(rest.peaks.items()))
    return repr(rest)


def _cell(packed: bytes) -> Any:
    cell = Cell.unpack(packed)
    quantiles = cell.quantiles and [
        sorted(part.items()) if isinstance(part, dict) else part for part in cell.quantiles._parts()
    ]
    values = [each if each is None else float(each) for each in (cell.min, cell.max, cell.last)]  # 1 and 1.0 are one
    return repr((cell.count, cell.total, cell.shift, *values, cell.last_at, quantiles))


def _sketch(packed: bytes) -> str:
    mode = packed[7] & 3
    if mode in COUPONS:
        start = COUPONS[mode]
        coupons = sorted(packed[place : place + 4].hex() for place in range(start, len(packed), 4))
        return f"{mode} {coupons}"
    union = datasketches.hll_union(LG_K)
    union.update(datasketches.hll_sketch.deserialize(packed))
    registers = union.get_result(datasketches.HLL_8).serialize_updatable()
    return hashlib.sha256(registers[40 : 40 + 2**LG_K]).hexdigest()


def disturbance(dice: random.Random, log: list[Written], wall: float) -> Callable[[Rig], Any]:
    """A function that reads at random at the time of the next entry, or at `wall` where that is later.

    It ticks at the time of the entry: a later tick would be an entry that the log does not have, and so would be one
    before a start.
    """
    entries = iter(log)

    def disturb(rig: Rig) -> None:
        kind, now, *_ = next(entries)
        if kind != "starts" and dice.random() < 0.2:
            rig.clock.set(now)
            rig.recorder.tick()
        rig.clock.set(dice.choice((now, max(now, wall))))
        if dice.random() < 0.4:
            rig.reader.ask(lambda state, at: state.endpoints.busiest(5))
        if dice.random() < 0.2:
            with rig.state.lock:
                rig.state.advance(now + dice.random() * 400)
        if dice.random() < 0.2:
            rig.reader.ask(build_snapshot, 0)

    return disturb


def main() -> None:
    wall, at, limits, log = msgspec.json.decode(
        sys.stdin.buffer.read(), type=tuple[float, float, dict[str, Any], list[Written]]
    )
    sys.stdout.write(digest(replica(log, wall, **limits), at))


if __name__ == "__main__":
    main()
