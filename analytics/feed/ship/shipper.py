"""Shipper: reads lines, sends them until the service has them, and keeps the places."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from analytics.feed.errors import DeniedError, FeedError, RefusedError
from analytics.feed.receipt import Receipt
from analytics.feed.ship.follower import Follower
from analytics.feed.ship.items import Item, LineItems, encoded
from analytics.feed.ship.joining import EachAlone, Joined, JoinedLine
from analytics.feed.ship.places import StateFile
from analytics.feed.ship.spool import Spool
from analytics.feed.ship.stopping import Stop, Stopped

POLL_SECONDS, SCAN_SECONDS = 0.25, 1.0
LAST_SECONDS = 5.0
"""How long lines are still sent after the request to stop."""
REFUSED_SECONDS = 30.0
"""Pause before the same lines are sent again after the service refused the request."""
OVER_RATE = "logs_rate"
"""Error code of lines that the service takes later."""
IN_FUTURE = "timestamp_in_future"


class LogsClient(Protocol):
    """Sends lines; `patience` is how many seconds it tries."""

    patience: float

    def logs(self, lines: Sequence[bytes]) -> Receipt: ...


class Sent(NamedTuple):
    """Numbers of lines so far."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0


class Shipper:
    """Sends what a follower reads, each line once.

    Args:
        spool: that of standard input, which the follower follows, too.
        only_spool: end when standard input has ended.
        say: tells people one line.
        clock, wall: monotonic seconds, and seconds since the epoch.
    """

    def __init__(
        self,
        follower: Follower,
        joiner: EachAlone | Joined,
        items: LineItems,
        client: LogsClient,
        state: StateFile,
        stop: Stop,
        *,
        batch: int,
        spool: Spool | None,
        only_spool: bool,
        say: Callable[[str], None],
        clock: Callable[[], float],
        wall: Callable[[], float],
        on_sent: Callable[[Sent], None] = lambda sent: None,
    ) -> None:
        self._follower, self._joiner, self._items, self._client = follower, joiner, items, client
        self._state, self._stop, self._batch, self._on_sent = state, stop, batch, on_sent
        self._spool, self._only_spool, self._say, self._clock, self._wall = spool, only_spool, say, clock, wall
        self.sent = Sent()
        self.refusals: Counter[str] = Counter()
        self.has_rest = False
        """Whether lines that were read are not acknowledged at the end."""
        self._scanned: float | None = None
        self._saved: object = None
        self._left: list[JoinedLine] = []

    def run(self) -> None:
        """Send lines until standard input ends, or the request to stop.

        Raises:
            FeedError: the service refuses the first request, as with a wrong key or address.
            StateError: the places cannot be kept.
        """
        try:
            while not self._stop.is_requested:
                if not self.step() and self._is_finished():
                    break
        except Stopped:
            pass
        self._end()

    def step(self) -> bool:
        """Read lines and send them, or wait a moment if there are none; returns whether there were any."""
        now = self._clock()
        if self._scanned is None or now - self._scanned >= SCAN_SECONDS:
            self._scanned = now
            self._follower.scan()
        lines = self._follower.read(self._batch)
        self._send_all(self._joiner.join(lines, now))
        if not lines and not self._stop.is_requested:
            self._stop.wait(POLL_SECONDS)
        return bool(lines)

    def _is_finished(self) -> bool:
        if self._spool is None or not self._only_spool or not self._spool.is_ended:
            return False
        lines = self._follower.read(self._batch)  # it may have ended after the last look
        self._send_all(self._joiner.join(lines, self._clock()))
        if not lines:
            self._send_all(self._joiner.rest())
        return not lines

    def _end(self) -> None:
        """Try once more to send what is there."""
        self._client.patience = LAST_SECONDS if not self._stop.is_requested else 0
        until = self._clock() + LAST_SECONDS
        try:
            self._send_all(self._left)
            while self._clock() < until:
                lines = self._follower.read(self._batch)
                self._send_all(self._joiner.join(lines, self._clock()) if lines else self._joiner.rest())
                if not lines:
                    return
            self._say("more lines were written than could be sent at the end; the next run sends them")
        except (FeedError, Stopped) as error:
            self._say(f"some lines are not sent, the next run sends them: {error or 'the service does not take them'}")
        self.has_rest = True

    def _send_all(self, entries: Sequence[JoinedLine]) -> None:
        self._save()  # before the first line of a file, so that a killed run is continued with the same ids
        for start in range(0, len(entries), self._batch):
            self._left = list(entries[start:])
            batch = self._left[: self._batch]
            self._send([entry for entry in batch if entry.raw.strip()])
            for entry in batch:
                entry.tail.acknowledge(entry.token, entry.end)
            self._save()
        self._left = []
        self._trim()

    def _send(self, entries: Sequence[JoinedLine]) -> None:
        """Send entries until each is accepted, or refused for good."""
        now = self._wall()
        items = [self._items.item(entry, now) for entry in entries]
        replaced: set[int] = set()
        duplicates: int | None = None
        while items:
            receipt = self._posted(items)
            if duplicates is None:  # what is sent again is known from the first time
                duplicates = receipt.duplicates
            codes = {error.code for error in receipt.errors}
            if OVER_RATE in codes:
                self._stop.pause(1.0)
                continue
            more = {error.index for error in receipt.errors if 0 <= error.index < len(items)} - replaced
            for error in receipt.errors:
                if error.index in more:
                    items[error.index] = self._as_text(entries[error.index], items[error.index], error.code)
            replaced |= more
            if not more:
                self._count(receipt, len(items), duplicates)
                return

    def _as_text(self, entry: JoinedLine, item: Item, code: str) -> Item:
        plain = self._items.as_text(entry, item)
        if code == IN_FUTURE:
            plain.pop("timestamp", None)
        return plain

    def _posted(self, items: Sequence[Item]) -> Receipt:
        lines = [encoded(item) for item in items]
        said = ""
        while True:
            try:
                receipt = self._client.logs(lines)
            except (DeniedError, RefusedError) as error:
                if self.sent == Sent() or self._stop.is_requested:
                    raise
                if str(error) != said:
                    said = str(error)
                    self._say(f"{said}; trying again")
                self._stop.pause(REFUSED_SECONDS)
            else:
                if said:
                    self._say("sending again")
                return receipt

    def _count(self, receipt: Receipt, count: int, duplicates: int) -> None:
        """Count a batch by its last receipt."""
        accepted, known, refused = self.sent
        accepted += count - duplicates - receipt.rejected
        self.sent = Sent(accepted, known + duplicates, refused + receipt.rejected)
        for error in receipt.errors:
            if not self.refusals[error.code]:
                self._say(f"a line was refused ({error.code}): {error.message}")
            self.refusals[error.code] += 1
        self._on_sent(self.sent)

    def _save(self) -> None:
        places = self._follower.places()
        if places != self._saved:
            self._state.write(places)
            self._saved = places

    def _trim(self) -> None:
        spool = self._spool
        tail = next((t for t in self._follower.tails.values() if spool and t.path == spool.path), None)
        if spool is not None and tail is not None:
            spool.trim(tail, new_token(), self._save)


def new_token() -> str:
    """A token of a file, unique on all machines."""
    return secrets.token_hex(8)
