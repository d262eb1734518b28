"""The reader of the journal: in which order it does things, which a flush in another thread sees."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from analytics.kinds import ERASURES
from analytics.log.disk.packing import packed
from analytics.log.disk.stored import StoredEntry
from analytics.records import NewErasure
from analytics.store.files.manifest import PendingErasure
from analytics.store.files.shapes import Shapes
from analytics.store.process.reader import JournalFollower
from analytics.store.process.tail import Tail


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
