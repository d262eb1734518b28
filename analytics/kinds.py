"""The kinds of records in the log, in one table.

A new kind is a row here, and a handler in `log/handlers.py` that applies its records to the state. Everything else
goes by this table: counters of what was received, the backlog of the disk, recovery, checkpoints and inspection.
"""

from typing import Any, Generic, NamedTuple, TypeVar

from analytics.records import NewChange, NewEvent, NewFile, NewHeartbeat, NewMetric, NewStart, NewTick

R = TypeVar("R")
MIB = 1024 * 1024


class Kind(NamedTuple, Generic[R]):
    """One kind of record.

    Attributes:
        name: how the log, `/stats` and error messages call its records.
        record: the type of a record.
        has_ids: whether records have ids, by which duplicates are recognised.
        is_received: whether they are records that clients report, so that receipts count them.
        backlog: bytes of it that may wait for the disk; beyond, it is refused, and other kinds are not.
    """

    name: str
    record: type[R]
    has_ids: bool = False
    is_received: bool = True
    backlog: int = 32 * MIB


EVENTS = Kind("events", NewEvent, has_ids=True, backlog=64 * MIB)
METRICS = Kind("metrics", NewMetric, has_ids=True, backlog=64 * MIB)
HEARTBEATS = Kind("heartbeats", NewHeartbeat)
STARTS = Kind("starts", NewStart, is_received=False)
TICKS = Kind("ticks", NewTick, is_received=False)
CHANGES = Kind("changes", NewChange, is_received=False)
FILES = Kind("files", NewFile, is_received=False)

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (EVENTS, METRICS, HEARTBEATS, STARTS, TICKS, CHANGES, FILES)}
"""Every kind by its name. New ones go to the end: checkpoints number the kinds that have ids in this order."""
