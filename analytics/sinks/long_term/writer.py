"""The writer of numbers: it sends all closed minutes, hours and days to the long-term store, and those that change.

What the store has it says itself, by a digest for each bucket: after a start of either process everything kept here is
compared, and what differs is sent. So nothing is missing and nothing counted twice, whichever process was killed.
"""

import base64
from collections.abc import Callable

import msgspec

from analytics.errors import AnalyticsError
from analytics.query.reader import Reader
from analytics.sinks.closed import SIZES, ends
from analytics.sinks.long_term.cells import BlockMaker, digest_of
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from analytics.state.state import State
from analytics.store.client.asking import AsksStore
from analytics.store.numbers.layout import DAYS_KIND, HOURS_KIND, MINUTES_KIND
from analytics.store.numbers.messages import KnownBuckets, SentBlock, SentBlocks

NUMBERS_SECONDS = 3.0
KIND_OF = {Resolution.MINUTE: MINUTES_KIND, Resolution.HOUR: HOURS_KIND, Resolution.DAY: DAYS_KIND}
MOST_SENT = 1024 * 1024
"""Bytes that are sent at once."""
OTHER_LIFE, UNAVAILABLE = "other_life", 503
"""Errors after which it is tried again; the store itself says why."""


class NumbersWriter:
    """Sends buckets; `step` is the work of a periodic job.

    Args:
        pause: lets others run; called every few milliseconds.
    """

    def __init__(self, store: AsksStore, reader: Reader, pause: Callable[[], None]) -> None:
        self._store, self._reader, self._pause = store, reader, pause
        self._maker = BlockMaker(reader, pause)
        self._life: str | None = None
        self._known: dict[Bucket, int] = {}
        self._due: dict[Bucket, None] = {}
        self._upto: dict[Resolution, int] = {}

    def step(self) -> None:
        """Send what is closed, or changed, since the last time.

        Raises:
            AnalyticsError: the store failed.
        """
        try:
            if self._life is None:
                self._begin()
            self._find()
            while self._due:
                self._send()
        except AnalyticsError as error:
            if error.code != OTHER_LIFE and error.status != UNAVAILABLE:
                raise

    def _begin(self) -> None:
        """Compare everything with what the store has."""
        answer = b"".join(self._store.ask("numbers known"))
        known = msgspec.json.decode(answer, type=KnownBuckets)
        levels = {kind: level for level, kind in KIND_OF.items()}
        self._known = {Bucket(levels[kind], start): digest for kind, start, digest in known.digests}
        self._due.clear()
        self._upto = {level: self._reader.ask(_oldest, level) for level in SIZES}
        self._life = known.life

    def _find(self) -> None:
        changed = self._reader.ask(_take_changed)
        for level, end in self._reader.ask(_ends).items():
            size = SIZES[level]
            first = max(self._upto[level], self._reader.ask(_oldest, level))
            self._due.update(dict.fromkeys(Bucket(level, start) for start in range(first, end, size)))
            self._upto[level] = max(first, end)
        self._due.update(
            dict.fromkeys(bucket for bucket in changed if bucket.start < self._upto[Resolution(bucket.level)])
        )

    def _send(self) -> None:
        """Send some of the buckets that are due."""
        blocks: list[SentBlock] = []
        done: dict[Bucket, int] = {}
        size = 0
        for bucket in list(self._due):
            digest = self._reader.ask(digest_of, bucket)
            self._pause()
            is_expired = bucket.start < self._reader.ask(_oldest, Resolution(bucket.level))
            if self._known.get(bucket, 0) != digest and digest and not is_expired:
                for part in self._blocks(bucket, digest):
                    blocks.append(part)
                    size += len(part.cells)
                    if size >= MOST_SENT:
                        self._ask(blocks)
                        blocks, size = [], 0
            done[bucket] = digest
            if size >= MOST_SENT // 2:
                break
        if blocks:
            self._ask(blocks)
        for bucket, digest in done.items():
            del self._due[bucket]
            self._known[bucket] = digest

    def _blocks(self, bucket: Bucket, digest: int) -> list[SentBlock]:
        found = list(self._maker.blocks(bucket))
        kind, last = KIND_OF[Resolution(bucket.level)], len(found) - 1
        return [
            SentBlock(
                kind,
                bucket.start,
                digest if place == last else None,
                base64.b64encode(msgspec.msgpack.encode(block)).decode(),
            )
            for place, block in enumerate(found)
        ]

    def _ask(self, blocks: list[SentBlock]) -> None:
        assert self._life is not None
        try:
            for _ in self._store.ask("numbers take", msgspec.to_builtins(SentBlocks(self._life, blocks))):
                pass
        except AnalyticsError as error:
            if error.code == OTHER_LIFE:
                self._life = None
            raise


def _take_changed(state: State, now: float) -> set[Bucket]:
    return state.take_changed()


def _oldest(state: State, now: float, level: Resolution) -> int:
    return state.series.oldest_at(level, now)


def _ends(state: State, now: float) -> dict[Resolution, int]:
    return ends(now)
