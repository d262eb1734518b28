"""The reader of the journal: in which order it does things, which a flush in another thread sees."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec import Raw

from analytics.kinds import ERASURES, EVENTS
from analytics.log.disk.packing import packed
from analytics.log.disk.stored import StoredEntry
from analytics.records import NewErasure, NewEvent
from analytics.store.files.manifest import PendingErasure
from analytics.store.files.shapes import Shapes
from analytics.store.process.reader import JournalFollower
from analytics.store.process.tail import EVENT_BYTES, Tail


class OneErasure:
    """A journal whose entry 7 is an erasure."""

    def dropped(self, after: int) -> dict[int, frozenset[int]]:
        return {}

    def entries(self, after: int, upto: int) -> tuple[Sequence[StoredEntry], int]:
        body = msgspec.json.encode([NewErasure("00", ["11"])])
        return [StoredEntry(7, ERASURES.name, 0.0, "", 1, packed(body))], 7


def test_an_erasure_is_known_before_the_tail_reaches_it() -> None:
    reached: list[tuple[int, int]] = []

    def erased(erasure: PendingErasure) -> None:
        reached.append((erasure.position, tail.open.last))

    tail = Tail(cast(Any, None), Shapes())
    tail.begin(6, 0)
    follower = JournalFollower(cast(Any, OneErasure()), tail, erased)
    follower.begin(6, 0)
    follower.tell(7, {}, None)
    follower.follow()
    assert reached == [(7, 6)], "a flush up to 6 leaves it to the next one, and a restart reads it again"
    assert tail.open.last == 7


class LargeEvent:
    """A journal whose entry 7 is an event with much data."""

    def dropped(self, after: int) -> dict[int, frozenset[int]]:
        return {}

    def entries(self, after: int, upto: int) -> tuple[Sequence[StoredEntry], int]:
        body = msgspec.json.encode([NewEvent("view", "shop", data=Raw(b'{"a":"%s"}' % (b"a" * 9 * EVENT_BYTES)))])
        return [StoredEntry(7, EVENTS.name, 0.0, "e-", 1, packed(body))], 7


def test_large_events_count_several_times_in_the_tail() -> None:
    tail = Tail(cast(Any, None), Shapes())
    tail.begin(6, 0)
    follower = JournalFollower(cast(Any, LargeEvent()), tail, lambda erasure: None)
    follower.begin(6, 0)
    follower.tell(7, {}, None)
    follower.follow()
    assert (tail.open.rows, tail.rows) == (1, 9)
