"""The image: the whole state in parts that can be written down one by one, and taken up again.

Most of it are tables of cells, one a bucket of time, and blocks of the newest records: only those that changed since
the last image are parts of the next one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from analytics.kinds import EVENTS, KINDS, METRICS
from analytics.log.disk.blocks import Blocks
from analytics.log.disk.database import Part
from analytics.log.disk.totals import Figure, Rows, dumped, loaded, rows_of, totals_of, units_of
from analytics.log.recorder import Recorder
from analytics.log.seen_ids import SeenIds
from analytics.records import NewEvent, NewMetric, Quotas
from analytics.state.cascade import Cascade, Place
from analytics.state.catalog import CatalogDump
from analytics.state.cells import Cell, UserCell
from analytics.state.delta import SeriesKey
from analytics.state.endpoints import DAY
from analytics.state.services import ServiceImage
from analytics.state.state import SECOND, State
from analytics.state.sums import Key, Total

K = TypeVar("K")
C = TypeVar("C", Cell, UserCell)
SERIES, USERS, ENDPOINTS, LAST_MINUTE = "series", "users", "endpoints", "last_minute"
ERRORS, IDS, CATALOG, REST = "errors", "ids", "catalog", "rest"


class Rest(msgspec.Struct):
    """What is written down as a whole each time."""

    series_open: list[int]
    users_open: list[int]
    endpoints_open: int
    last_minute_open: int
    active_users: tuple[int, dict[int, bytes]]
    peaks: dict[int, list[Figure]]
    inherited: dict[str, dict[str, int | float]]
    evicted: dict[str, tuple[int | float, float]]
    services: list[ServiceImage]
    units: list[tuple[tuple[str, str], str]]
    limits: tuple[list[SeriesKey], list[str]]
    last_event: int
    last_metric: int
    own_ids: tuple[str, dict[str, int]]
    quotas: Quotas | None = None
    time: float = 0.0
    waiting: list[tuple[int, int, Rows]] = []


class Changes(NamedTuple):
    """What changed since the last image."""

    series: set[Place]
    users: set[Place]
    endpoints: set[int]
    last_minute: set[int]
    rings: list[set[int]]
    ids: list[dict[str, float]]
    catalog: bool


class Checkpoint:
    """Takes images of a state, and of what the recorder remembers, and brings them back."""

    def __init__(self, state: State, recorder: Recorder) -> None:
        self._state, self._recorder = state, recorder
        self._ids = [
            _Ids(rung, ids)
            for rung, ids in enumerate(recorder.ids[kind.name] for kind in KINDS.values() if kind.has_ids)
        ]
        self._series: _Tables[SeriesKey, Cell] = _Tables(SERIES, state.series, SeriesKey, Cell)
        self._users: _Tables[str, UserCell] = _Tables(USERS, state.users, str, UserCell)
        self._rings: dict[str, Blocks[Any]] = {
            EVENTS.name: Blocks(EVENTS.name, state.events, NewEvent),
            METRICS.name: Blocks(METRICS.name, state.metrics, NewMetric),
            ERRORS: Blocks(ERRORS, state.errors.ring, NewEvent),
        }

    def take_changes(self) -> Changes:
        """What has to go into the next image."""
        state = self._state
        state.settle()
        endpoints = state.endpoints
        return Changes(
            state.series.changes.take(),
            state.users.changes.take(),
            endpoints.retained.changes.take(),
            endpoints.last_minute.changes.take(),
            [blocks.ring.changes.take() for blocks in self._rings.values()],
            [ids.take() for ids in self._ids],
            state.catalog.take_change(),
        )

    def give_back(self, changes: Changes) -> None:
        """Have `changes` go into the next image: this one failed."""
        state = self._state
        state.series.changes.give_back(changes.series)
        state.users.changes.give_back(changes.users)
        state.endpoints.retained.changes.give_back(changes.endpoints)
        state.endpoints.last_minute.changes.give_back(changes.last_minute)
        for blocks, changed in zip(self._rings.values(), changes.rings, strict=True):
            blocks.ring.changes.give_back(changed)
        for ids, fresh in zip(self._ids, changes.ids, strict=True):
            ids.give_back(fresh)
        state.catalog.is_changed |= changes.catalog

    def done(self, changes: Changes) -> None:
        """Note that the image with `changes` is whole."""
        for ids, fresh in zip(self._ids, changes.ids, strict=True):
            ids.done(fresh)

    def parts(self, changes: Changes) -> Iterator[Part]:
        """The parts that changed."""
        endpoints = self._state.endpoints
        yield from self._series.dump(changes.series)
        yield from self._users.dump(changes.users)
        yield from dumped(ENDPOINTS, DAY, endpoints.retained, changes.endpoints)
        yield from dumped(LAST_MINUTE, 1, endpoints.last_minute, changes.last_minute)
        for blocks, changed in zip(self._rings.values(), changes.rings, strict=True):
            yield from blocks.dump(changed)
        for ids, fresh in zip(self._ids, changes.ids, strict=True):
            yield from ids.dump(fresh)
        if changes.catalog:
            yield Part(CATALOG, 0, 0, msgspec.json.encode(self._state.catalog.dump()))
        yield Part(REST, 0, 0, msgspec.json.encode(self._rest()))

    def oldest(self) -> list[tuple[str, int, int]]:
        """Family, rung and start of what is kept at the oldest; parts before that have expired."""
        endpoints = self._state.endpoints
        return [
            *self._series.oldest(),
            *self._users.oldest(),
            (ENDPOINTS, 0, endpoints.retained.oldest * DAY),
            (LAST_MINUTE, 0, endpoints.last_minute.oldest),
            *(blocks.oldest() for blocks in self._rings.values()),
            *(ids.oldest() for ids in self._ids),
        ]

    def restore(self, parts: Iterable[Part]) -> None:
        """Become the state of which these are all parts.

        Raises:
            msgspec.DecodeError, ValueError: they are not.
        """
        sums: dict[str, dict[int, dict[Key, Total]]] = {ENDPOINTS: {}, LAST_MINUTE: {}}
        rest: Rest | None = None
        for family, rung, start, body in parts:
            if family == SERIES:
                self._series.load(Place(rung, start), body)
            elif family == USERS:
                self._users.load(Place(rung, start), body)
            elif family == IDS:
                self._ids[rung].load(start, body)
            elif family in self._rings:
                self._rings[family].load(start, body)
            elif family == CATALOG:
                self._state.catalog.restore(msgspec.json.decode(body, type=CatalogDump))
            elif family == REST:
                rest = msgspec.json.decode(body, type=Rest)
            else:
                sums[family][start // (DAY if family == ENDPOINTS else 1)] = loaded(body)
        if rest is None:
            raise ValueError("the image has no end")
        self._series.restore(rest.series_open)
        self._users.restore(rest.users_open)
        self._restore_rest(rest, sums)
        for blocks in self._rings.values():
            blocks.restore()

    def _rest(self) -> Rest:
        state = self._state
        inherited, evicted = state.endpoints.dump()
        return Rest(
            [state.series.open(rung) for rung in range(len(state.series.rungs))],
            [state.users.open(rung) for rung in range(len(state.users.rungs))],
            state.endpoints.retained.newest,
            state.endpoints.last_minute.newest,
            state.active_users.dump(),
            {day: list(map(str, hours)) for day, hours in state.peaks.dump().items()},
            inherited,
            evicted,
            state.services.images(),
            list(state.units.items()),
            state.limits.dump(),
            state.events.last_sequence,
            state.metrics.last_sequence,
            self._recorder.own_ids.dump(),
            state.quotas,
            state.time,
            [(*seconds, rows_of(table)) for seconds, table in state.endpoints.waiting.items()],
        )

    def _restore_rest(self, rest: Rest, sums: Mapping[str, Mapping[int, dict[Key, Total]]]) -> None:
        state = self._state
        state.active_users.restore(*rest.active_users)
        state.peaks.restore({day: list(map(units_of, hours)) for day, hours in rest.peaks.items()})
        state.endpoints.retained.restore(rest.endpoints_open, sums[ENDPOINTS])
        state.endpoints.last_minute.restore(rest.last_minute_open, sums[LAST_MINUTE])
        state.endpoints.restore(rest.inherited, rest.evicted)
        state.time = rest.time or rest.series_open[SECOND]
        for at, shown_at, rows in rest.waiting:
            for (service, endpoint), total in totals_of(rows).items():
                state.endpoints.add(at, shown_at, service, endpoint, total)
        state.services.restore(rest.services)
        state.units = dict(rest.units)
        state.limits.restore(*rest.limits)
        state.events.last_sequence, state.metrics.last_sequence = rest.last_event, rest.last_metric
        self._recorder.own_ids.restore(*rest.own_ids)
        self._recorder.set_quotas(rest.quotas)


class _Tables(Generic[K, C]):
    """The tables of one cascade."""

    def __init__(self, family: str, cascade: Cascade[K, C], key: Any, cell: type[C]) -> None:
        self._family = family
        self._cascade: Cascade[K, C] = cascade
        self._cell: type[C] = cell
        self._decode = msgspec.msgpack.Decoder(list[tuple[key, bytes]]).decode
        self._loaded: dict[Place, dict[K, C]] = {}
        self._keys: dict[K, K] = {}

    def dump(self, places: Iterable[Place]) -> Iterator[Part]:
        """The tables at `places`, apart from those that have expired."""
        for place in places:
            cells = [(key, cell.pack()) for key, cell in self._cascade.table(place).items()]
            if cells:
                yield Part(self._family, place.rung, place.start, msgspec.msgpack.encode(cells))

    def load(self, place: Place, body: bytes) -> None:
        """Take up one table, to be restored with the others."""
        keys, unpack = self._keys, self._cell.unpack
        self._loaded[place] = {keys.setdefault(key, key): unpack(packed) for key, packed in self._decode(body)}

    def restore(self, opened: list[int]) -> None:
        """Have the cascade become what was loaded."""
        self._cascade.restore(opened, self._loaded)
        self._loaded, self._keys = {}, {}

    def oldest(self) -> list[tuple[str, int, int]]:
        return [(self._family, rung, self._cascade.oldest(rung)) for rung in range(len(self._cascade.rungs))]


class _Ids:
    """The ids of one kind, a part for what each image found new; a part expires with the last of its ids."""

    def __init__(self, rung: int, ids: SeenIds) -> None:
        self._rung, self._ids = rung, ids
        self._parts: deque[tuple[int, str]] = deque()
        self._next = 0
        ids.take_fresh()  # from now on they are noted

    def take(self) -> dict[str, float]:
        return self._ids.take_fresh()

    def give_back(self, fresh: dict[str, float]) -> None:
        self._ids.give_back(fresh)

    def dump(self, fresh: dict[str, float]) -> Iterator[Part]:
        if fresh:
            yield Part(IDS, self._rung, self._next, msgspec.json.encode(fresh))

    def done(self, fresh: dict[str, float]) -> None:
        if fresh:
            self._parts.append((self._next, next(reversed(fresh))))
            self._next += 1

    def load(self, start: int, body: bytes) -> None:
        seen = msgspec.json.decode(body, type=dict[str, float])
        self._ids.restore(seen)
        self._next = start
        self.done(seen)

    def oldest(self) -> tuple[str, int, int]:
        while self._parts and self._parts[0][1] not in self._ids:
            self._parts.popleft()
        return IDS, self._rung, self._parts[0][0] if self._parts else self._next
