"""Seen ids as parts of a checkpoint."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from analytics.log.disk.stored import Part
from analytics.log.seen_ids import SeenIds

IDS = "ids"


class TakenIds(NamedTuple):
    """The ids for a checkpoint: so many of the newest ones, and the last of them.

    Others may run while it is written, so what takes long is left to the process that writes it.
    """

    size: int
    newest: str


class Ids:
    """Converts between the seen ids of one kind and parts of a checkpoint.

    Each checkpoint adds a part with the new ids. A part expires together with its newest id. After an erasure, one part
    with all ids replaces the others, which hold ids of erased records.
    """

    def __init__(self, level: int, ids: SeenIds) -> None:
        self._level, self._ids = level, ids
        self._parts: deque[tuple[int, str]] = deque()
        self._next = 0
        self._is_whole = False
        ids.take_fresh()

    def take(self) -> TakenIds:
        self._is_whole = self._ids.is_rewritten
        count = self._ids.take_all() if self._is_whole else self._ids.take_fresh()
        return TakenIds(count, self._ids.newest)

    def rollback(self, taken: TakenIds) -> None:
        if self._is_whole:
            self._ids.is_rewritten, self._is_whole = True, False
        else:
            self._ids.put_back(taken.size)

    def dump(self, taken: TakenIds) -> Iterator[Part]:
        if taken.size:
            yield Part(IDS, self._level, self._next, msgspec.json.encode(self._ids.newest_ids(taken.size)))

    def commit(self, taken: TakenIds) -> None:
        if self._is_whole:
            self._parts.clear()
            self._is_whole = False
        if taken.size:
            self._parts.append((self._next, taken.newest))
            self._next += 1

    def load(self, start: int, body: bytes) -> None:
        seen = msgspec.json.decode(body, type=dict[str, float])
        self._ids.restore(seen)
        self._next = start
        self.commit(TakenIds(len(seen), next(reversed(seen), "")))

    def oldest(self) -> tuple[str, int, int]:
        while self._parts and self._parts[0][1] not in self._ids:
            self._parts.popleft()
        return IDS, self._level, self._next if self._is_whole or not self._parts else self._parts[0][0]
