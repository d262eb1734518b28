"""The checkpoint: the whole state, serialised in parts.

Most parts are tables of cells, one for each bucket of time, and blocks of the newest records. A new checkpoint writes
only the parts that changed since the last one, and `rest`, which holds everything small.

Examples of parts, as family, level and start: ("series", 3, 1699920000) is the table of the day that begins at that
time, ("events", 0, 12) block 12 of the recent events.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from analytics.clock import DAY_SECONDS
from analytics.kinds import EVENTS, KINDS
from analytics.log.disk.blocks import Blocks
from analytics.log.disk.ids import IDS, Ids, TakenIds
from analytics.log.disk.stored import Part
from analytics.log.disk.tables import CellTables
from analytics.log.disk.totals import Figure, TotalRows, dumped, loaded, rows_of, totals_of, units_of
from analytics.log.disk.typed import endpoint_parts, typed_parts
from analytics.log.recorder import Recorder
from analytics.points import Labels
from analytics.records import PushedGroup, Quotas
from analytics.state.catalog import StoredCatalog
from analytics.state.cells import Cell, UserCell
from analytics.state.delta import SeriesKey
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from analytics.state.services import StoredService
from analytics.state.state import State
from analytics.state.sums import Key, Total

SERIES_PART, USERS_PART, ENDPOINTS_PART, LAST_MINUTE_PART = "series", "users", "endpoints", "last_minute"
ERRORS_PART, CATALOG_PART, EXPIRED_PART, PROGRESS_PART, REST_PART = "errors", "catalog", "expired", "sink", "rest"
PUSHED_PART, ALERTS_PART, INCIDENTS_PART, OUTBOX_PART = "pushed", "alerts", "incidents", "outbox"
ERROR_GROUPS_PART = "error_groups"


class Rest(msgspec.Struct):
    """The part that every checkpoint writes as a whole.

    `last_event` and `last_metric` are the last sequence numbers of the first two rings. Those of others are in their
    blocks.
    """

    series_open: list[int]
    users_open: list[int]
    endpoints_open: int
    last_minute_open: int
    active_users: tuple[int, dict[int, bytes]]
    peaks: dict[int, list[Figure]]
    inherited: dict[str, dict[str, int | float]]
    evicted: dict[str, tuple[int | float, float]]
    services: list[StoredService]
    units: list[tuple[tuple[str, str], str]]
    limits: tuple[list[SeriesKey], list[str]]
    last_event: int
    last_metric: int
    own_ids: tuple[str, dict[str, int]]
    quotas: Quotas | None = None
    time: float = 0.0
    waiting: list[tuple[int, int, TotalRows]] = []
    endpoint_series_since: float = 0.0


class Unsaved(NamedTuple):
    """Changes since the last checkpoint: buckets, blocks of rings, and new ids."""

    series: set[Bucket]
    typed: list[dict[str, set[Bucket]]]
    users: set[Bucket]
    endpoints: set[int]
    last_minute: set[int]
    rings: list[set[int]]
    ids: list[TakenIds]
    catalog: bool
    expired: bool
    pushed: bool
    alerts: bool
    incidents: bool
    outbox: bool
    error_groups: bool


class Checkpoint:
    """Serialises a state and the recorder's ids, and restores them.

    To write a checkpoint, call `take_unsaved`, write `parts`, and then `commit`, or `rollback` if writing failed.
    """

    def __init__(self, state: State, recorder: Recorder) -> None:
        self._state, self._recorder = state, recorder
        self._ids = [
            Ids(level, ids)
            for level, ids in enumerate(recorder.ids[kind.name] for kind in KINDS.values() if kind.has_ids)
        ]
        self._series: CellTables[SeriesKey, Cell] = CellTables(SERIES_PART, state.series, SeriesKey, Cell)
        self._users: CellTables[str, UserCell] = CellTables(USERS_PART, state.users, str, UserCell)
        self._stores = state.series_store, state.endpoint_series.store
        self._typed = typed_parts(state), endpoint_parts(state)
        self._rings: dict[str, Blocks[Any]] = {
            **{name: Blocks(name, ring, KINDS[name]) for name, ring in state.rings.items()},
            ERRORS_PART: Blocks(ERRORS_PART, state.errors.ring, EVENTS),
        }

    def take_unsaved(self) -> Unsaved:
        """Changes since the last call. From now on they count as saved, unless `rollback` is called."""
        state = self._state
        state.flush()
        endpoints = state.endpoints
        return Unsaved(
            state.series.dirty.take(),
            [{kind: buckets.dirty.take() for kind, buckets in store.buckets.items()} for store in self._stores],
            state.users.dirty.take(),
            endpoints.retained.dirty.take(),
            endpoints.last_minute.dirty.take(),
            [blocks.ring.dirty.take() for blocks in self._rings.values()],
            [ids.take() for ids in self._ids],
            state.catalog.take_change(),
            state.series.take_expired_change(),
            state.pushed.take_change(),
            state.alerts.take_change(),
            state.incidents.take_change(),
            state.outbox.take_change(),
            state.errors.groups.take_change(),
        )

    def rollback(self, unsaved: Unsaved) -> None:
        """Add `unsaved` to those of the next checkpoint: the one with them failed."""
        state = self._state
        state.series.dirty.give_back(unsaved.series)
        for store, tables in zip(self._stores, unsaved.typed, strict=True):
            for kind, buckets in tables.items():
                store.buckets[kind].dirty.give_back(buckets)
        state.users.dirty.give_back(unsaved.users)
        state.endpoints.retained.dirty.give_back(unsaved.endpoints)
        state.endpoints.last_minute.dirty.give_back(unsaved.last_minute)
        for blocks, changed in zip(self._rings.values(), unsaved.rings, strict=True):
            blocks.ring.dirty.give_back(changed)
        for ids, fresh in zip(self._ids, unsaved.ids, strict=True):
            ids.rollback(fresh)
        state.catalog.is_changed |= unsaved.catalog
        state.series.expired_changed |= unsaved.expired
        state.pushed.is_changed |= unsaved.pushed
        state.alerts.is_changed |= unsaved.alerts
        state.incidents.is_changed |= unsaved.incidents
        state.outbox.is_changed |= unsaved.outbox
        state.errors.groups.is_changed |= unsaved.error_groups

    def commit(self, unsaved: Unsaved) -> None:
        """Note that the checkpoint with `unsaved` is complete."""
        for ids, fresh in zip(self._ids, unsaved.ids, strict=True):
            ids.commit(fresh)

    def parts(self, unsaved: Unsaved) -> Iterator[Part]:
        """The parts for `unsaved`, and `rest`."""
        endpoints = self._state.endpoints
        yield from self._series.dump(unsaved.series)
        for parts, tables in zip(self._typed, unsaved.typed, strict=True):
            yield from parts.dump(tables)
        yield from self._users.dump(unsaved.users)
        yield from dumped(ENDPOINTS_PART, DAY_SECONDS, endpoints.retained, unsaved.endpoints)
        yield from dumped(LAST_MINUTE_PART, 1, endpoints.last_minute, unsaved.last_minute)
        for blocks, changed in zip(self._rings.values(), unsaved.rings, strict=True):
            yield from blocks.dump(changed)
        for ids, fresh in zip(self._ids, unsaved.ids, strict=True):
            yield from ids.dump(fresh)
        if unsaved.catalog:
            yield Part(CATALOG_PART, 0, 0, msgspec.json.encode(self._state.catalog.dump()))
        if unsaved.expired:
            yield Part(EXPIRED_PART, 0, 0, self._series.packed(self._state.series.expired))
        if unsaved.pushed:
            yield Part(PUSHED_PART, 0, 0, msgspec.msgpack.encode(self._state.pushed.dump()))
        if unsaved.alerts:
            yield Part(ALERTS_PART, 0, 0, self._state.alerts.dump())
        if unsaved.incidents:
            yield Part(INCIDENTS_PART, 0, 0, self._state.incidents.dump())
        if unsaved.outbox:
            yield Part(OUTBOX_PART, 0, 0, self._state.outbox.dump())
        if unsaved.error_groups:
            yield Part(ERROR_GROUPS_PART, 0, 0, self._state.errors.groups.dump())
        if self._state.sink_progress.sink:
            yield Part(PROGRESS_PART, 0, 0, self._state.sink_progress.dump())
        yield Part(REST_PART, 0, 0, msgspec.json.encode(self._rest()))

    def oldest(self) -> list[tuple[str, int, int]]:
        """Family, level and start of the oldest parts to keep; earlier ones have expired."""
        endpoints = self._state.endpoints
        return [
            *self._series.oldest(),
            *(oldest for parts in self._typed for oldest in parts.oldest()),
            *self._users.oldest(),
            (ENDPOINTS_PART, 0, endpoints.retained.oldest * DAY_SECONDS),
            (LAST_MINUTE_PART, 0, endpoints.last_minute.oldest),
            *(blocks.oldest() for blocks in self._rings.values()),
            *(ids.oldest() for ids in self._ids),
        ]

    def restore(self, parts: Iterable[Part]) -> None:
        """Replace the state with the one in `parts`, which must be complete.

        Raises:
            msgspec.DecodeError, ValueError, LookupError: a part is damaged, or `rest` is missing.
        """
        sums: dict[str, dict[int, dict[Key, Total]]] = {ENDPOINTS_PART: {}, LAST_MINUTE_PART: {}}
        rest: Rest | None = None
        for family, level, start, body in parts:
            if family == SERIES_PART:
                self._series.load(Bucket(level, start), body)
            elif family == USERS_PART:
                self._users.load(Bucket(level, start), body)
            elif family == EXPIRED_PART:
                self._series.load_expired(body)
            elif stored := [each for each in self._typed if each.has(family)]:
                stored[0].load(family, Bucket(level, start), body)
            elif family == IDS:
                self._ids[level].load(start, body)
            elif family in self._rings:
                self._rings[family].load(start, body)
            elif family == CATALOG_PART:
                self._state.catalog.restore(msgspec.json.decode(body, type=StoredCatalog))
            elif family == PUSHED_PART:
                self._state.pushed.restore(msgspec.msgpack.decode(body, type=list[tuple[Labels, PushedGroup]]))
            elif family == ALERTS_PART:
                self._state.alerts.restore(body)
            elif family == INCIDENTS_PART:
                self._state.incidents.restore(body)
            elif family == OUTBOX_PART:
                self._state.outbox.restore(body)
            elif family == ERROR_GROUPS_PART:
                self._state.errors.groups.restore(body)
            elif family == PROGRESS_PART:
                self._state.sink_progress.restore(body)
            elif family == REST_PART:
                rest = msgspec.json.decode(body, type=Rest)
            else:
                sums[family][start // (DAY_SECONDS if family == ENDPOINTS_PART else 1)] = loaded(body)
        if rest is None:
            raise ValueError("the checkpoint is incomplete")
        self._restore_rest(rest, sums)
        self._series.restore(rest.series_open, self._state.time, self._state.oldest)
        self._users.restore(rest.users_open, self._state.time, self._state.oldest)
        for each in self._typed:
            each.restore()
        for blocks in self._rings.values():
            blocks.restore()

    def _rest(self) -> Rest:
        state = self._state
        inherited, evicted = state.endpoints.dump()
        last_event, last_metric, *_ = (ring.last_sequence for ring in state.rings.values())
        return Rest(
            [state.series.open(level) for level in range(len(state.series.levels))],
            [state.users.open(level) for level in range(len(state.users.levels))],
            state.endpoints.retained.newest,
            state.endpoints.last_minute.newest,
            state.active_users.dump(),
            {day: list(map(str, hours)) for day, hours in state.peak_hours.dump().items()},
            inherited,
            evicted,
            state.services.dump(),
            list(state.units.items()),
            state.limits.dump(),
            last_event,
            last_metric,
            self._recorder.own_ids.dump(),
            state.quotas,
            state.time,
            [(*seconds, rows_of(table)) for seconds, table in state.endpoints.pending.items()],
            state.endpoint_series.since,
        )

    def _restore_rest(self, rest: Rest, sums: Mapping[str, Mapping[int, dict[Key, Total]]]) -> None:
        state = self._state
        self._recorder.set_quotas(rest.quotas)
        state.active_users.restore(*rest.active_users)
        state.peak_hours.restore({day: list(map(units_of, hours)) for day, hours in rest.peaks.items()})
        state.endpoints.retained.restore(rest.endpoints_open, sums[ENDPOINTS_PART])
        state.endpoints.last_minute.restore(rest.last_minute_open, sums[LAST_MINUTE_PART])
        state.endpoints.restore(rest.inherited, rest.evicted)
        state.time = rest.time or rest.series_open[Resolution.SECOND]
        for at, shown_at, rows in rest.waiting:
            for (service, endpoint), total in totals_of(rows).items():
                state.endpoints.add(at, shown_at, service, endpoint, total)
        state.endpoint_series.since = rest.endpoint_series_since
        state.services.restore(rest.services)
        state.units = dict(rest.units)
        state.limits.restore(*rest.limits)
        for ring, last in zip(state.rings.values(), (rest.last_event, rest.last_metric), strict=False):
            ring.begin(last)
        self._recorder.own_ids.restore(*rest.own_ids)
